"""Customers who are likely one person: the same e-mail address, phone number, or name at one postcode."""

from collections.abc import Iterable, Mapping
from itertools import combinations

from msgspec import Struct

WEIGHTS: Mapping[str, int] = {"email": 3, "phone": 2, "home": 1}
"""How much each sign says: mail boxes are shared least, a household shares its phone, and a father his son's name."""
MOST_OF_ONE = 10
"""A value that more customers share says nothing: it is a placeholder."""


class Sign(Struct, frozen=True, order=True):
    """A value that several customers share: of what kind, and who they are."""

    kind: str
    value: str
    customers: tuple[int, ...]


class Double(Struct, frozen=True):
    """Two customers, the older first, the signs that they share, and how much these say together."""

    one: int
    other: int
    signs: tuple[str, ...]
    weight: int


def likely_doubles(signs: Iterable[Sign]) -> list[Double]:
    """Return pairs of customers that share a sign, the likeliest first, then the oldest."""
    shared: dict[tuple[int, int], set[str]] = {}
    for sign in signs:
        people = sorted(set(sign.customers))
        if len(people) > MOST_OF_ONE:
            continue
        for pair in combinations(people, 2):
            shared.setdefault(pair, set()).add(sign.kind)
    found = [
        Double(one, other, tuple(kind for kind in WEIGHTS if kind in kinds), sum(WEIGHTS[kind] for kind in kinds))
        for (one, other), kinds in shared.items()
    ]
    return sorted(found, key=lambda double: (-double.weight, double.one, double.other))
