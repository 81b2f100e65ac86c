"""What the person behind a request may do, and where: asked of access' rules and of nothing else."""

from collections.abc import Iterable

from django.http import HttpRequest

from onebasket.commerce.access.queries import facts_of
from onebasket.commerce.access.rules import UserFacts, may, reach

Places = frozenset[str] | None
"""Place codes; None is everywhere, empty is nowhere."""


def person(request: HttpRequest) -> UserFacts:
    """Return the facts of who asks; a stranger has no rights."""
    return facts_of(request.user)


def places_for(request: HttpRequest, right: str) -> Places:
    """Return the place codes at which the person has a right."""
    return reach(person(request), right)


def has_anywhere(user: UserFacts, right: str) -> bool:
    """Whether the person has a right at any place at all."""
    places = reach(user, right)
    return places is None or bool(places)


def has_at(user: UserFacts, right: str, places: Iterable[str]) -> bool:
    """Whether the person has a right at each of these places; without any, everywhere."""
    codes = list(places)
    return all(may(user, right, code) for code in codes) if codes else may(user, right)
