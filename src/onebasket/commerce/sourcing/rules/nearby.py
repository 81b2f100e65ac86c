"""Which nearby place has everything that a basket wants, and whether a product is here, nearby or not at all."""

import enum
from collections.abc import Sequence

import msgspec

from onebasket.commerce.sourcing.rules.choosing import Need


class NearbyCandidate(msgspec.Struct, frozen=True, gc=False):
    """A place that might serve instead: how far it is, and what is available there for each need, in their order."""

    place: str
    distance_metres: int
    available: tuple[int, ...]


class Nearby(msgspec.Struct, frozen=True, gc=False):
    """A place that has everything, and why it is named."""

    place: str
    distance_metres: int
    reason: str


class Lacking(msgspec.Struct, frozen=True):
    """No place looked at has everything: the one that came closest (empty: none was looked at), its lacks, and why."""

    place: str
    lines: tuple[int, ...]
    reason: str


class Standing(enum.StrEnum):
    """Where a product is, as seen from a place."""

    HERE = "here"
    NEARBY = "nearby"
    NOWHERE = "nowhere"
    ALWAYS = "always"


class Whereabouts(msgspec.Struct, frozen=True):
    """Where a product is: what is available here (never below zero), and the nearest places that have enough of it.

    `nowhere`: neither here nor at any place looked at. `always`: it keeps no stock.
    """

    standing: Standing
    available: int
    nearby: tuple[Nearby, ...]
    reason: str


def places_with_all(needs: Sequence[Need], candidates: Sequence[NearbyCandidate]) -> list[Nearby]:
    """Return the places that have every need whole, nearest first; ties by code."""
    ordered = sorted(candidates, key=lambda one: (one.distance_metres, one.place))
    whole = [one for one in ordered if not _lacks(needs, one)]
    return [
        Nearby(one.place, one.distance_metres, _why(one, number, nearer=ordered.index(one)))
        for number, one in enumerate(whole)
    ]


def nearest_with_all(needs: Sequence[Need], candidates: Sequence[NearbyCandidate]) -> Nearby | Lacking:
    """Return the nearest place that has every need whole; else the one with the fewest lacks, then the nearest."""
    if found := places_with_all(needs, candidates):
        return found[0]
    if not candidates:
        return Lacking("", tuple(need.line for need in needs), "no other place is near")
    closest = min(candidates, key=lambda one: (len(_lacks(needs, one)), one.distance_metres, one.place))
    lines = _lacks(needs, closest)
    looked = _counted(len(candidates), "place")
    return Lacking(
        closest.place, lines, f"none of {looked} has all; {closest.place} lacks {_counted(len(lines), 'line')}"
    )


def tell_whereabouts(
    need: Need, here: int, candidates: Sequence[NearbyCandidate], *, tracked: bool = True, most: int = 3
) -> Whereabouts:
    """Tell where one product is: here, nearby at these places (at most `most`), or nowhere among those looked at."""
    if not tracked:
        return Whereabouts(Standing.ALWAYS, 0, (), "it keeps no stock")
    free = max(0, here)
    nearby = tuple(places_with_all([need], candidates)[:most])
    if free >= need.quantity:
        return Whereabouts(Standing.HERE, free, nearby, "enough is available here")
    if nearby:
        return Whereabouts(Standing.NEARBY, free, nearby, f"not enough here; {nearby[0].reason}")
    return Whereabouts(
        Standing.NOWHERE, free, (), f"not enough here, nor at {_counted(len(candidates), 'place')} looked at"
    )


def _lacks(needs: Sequence[Need], one: NearbyCandidate) -> tuple[int, ...]:
    return tuple(need.line for need, free in zip(needs, one.available, strict=True) if free < need.quantity)


def _why(one: NearbyCandidate, number: int, *, nearer: int) -> str:
    if nearer == 0:
        return f"{one.place} is the nearest and has all"
    if number == 0:
        return f"{one.place} is the nearest that has all; {_nearer(nearer)}"
    return f"{one.place} has all"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _nearer(number: int) -> str:
    return "1 nearer place lacks something" if number == 1 else f"{number} nearer places lack something"
