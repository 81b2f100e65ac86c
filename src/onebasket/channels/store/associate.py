"""Who works, and at which place."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from onebasket.commerce.access.queries import facts_of
from onebasket.commerce.access.rules import UserFacts, is_staff, may, reach
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.places.rules import PlaceFacts

PLACE = "store_place"
RIGHT = "orders.pick"
OVERRIDE = "returns.override"


@dataclass(frozen=True, slots=True)
class Associate:
    """A person at work: who it is, and the place chosen (None before)."""

    user: UserFacts
    place: PlaceFacts | None

    @property
    def name(self) -> str:
        """Return the name that things are noted under."""
        return self.user.username

    @property
    def at(self) -> PlaceFacts:
        """Return the place chosen, where a page needs one."""
        assert self.place is not None  # noqa: S101 - `at_work` asks for it
        return self.place

    @property
    def may_override(self) -> bool:
        """Whether another amount than was worked out may be paid back here."""
        return may(self.user, OVERRIDE, self.at.code)


def places_of(user: UserFacts) -> list[PlaceFacts]:
    """Return the places at which somebody may pick, by code."""
    allowed = reach(user, RIGHT)
    return [place for place in all_places() if place.active and (allowed is None or place.code in allowed)]


def associate_of(request: HttpRequest) -> Associate:
    """Return who asks and where they work; their only place is chosen for them."""
    user = facts_of(request.user)
    places = places_of(user)
    if not places:
        raise PermissionDenied
    code = places[0].code if len(places) == 1 else str(request.session.get(PLACE, ""))
    return Associate(user, next((place for place in places if place.code == code), None))


def at_work(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let people who pick in, at a place that they have chosen; send strangers to log in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        who = associate_of(request)
        if who.place is None:
            return redirect("store:places")
        try:
            return view(request, who, *args, **kwargs)
        except Http404 as missing:
            return render(request, "store/missing.html", {"who": who, "said": str(missing)}, status=404)

    return user_passes_test(lambda user: is_staff(facts_of(user)), login_url="pulse:login")(guarded)
