"""Which place serves an order, and why: the first that serves it whole or, with partial, has any of it."""

from collections.abc import Sequence

import msgspec


class Need(msgspec.Struct, frozen=True, gc=False):
    """A line to serve: steps of a product."""

    line: int
    sku: str
    quantity: int


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A place that may serve, with what is available there for each need, in the order of the needs."""

    place: str
    available: tuple[int, ...]


class Choice(msgspec.Struct, frozen=True):
    """The place chosen (its index among the candidates), what it promises for each need, and why."""

    index: int
    promised: tuple[int, ...]
    reason: str


class Shortage(msgspec.Struct, frozen=True):
    """No place can serve: the candidate that came closest, and why."""

    index: int
    reason: str


def choose_place(needs: Sequence[Need], candidates: Sequence[Candidate], *, partial: bool) -> Choice | Shortage:
    """Choose the first candidate, in the order given, that serves every need whole.

    With `partial`, when none serves all, the first that has anything of it serves what it has. Otherwise the candidate
    with the fewest missing lines, then the earliest, is named as the closest.
    """
    for index, candidate in enumerate(candidates):
        if all(free >= need.quantity for need, free in zip(needs, candidate.available, strict=True)):
            return Choice(index, tuple(need.quantity for need in needs), _why_whole(index, candidate, candidates))
    if partial:
        for index, candidate in enumerate(candidates):
            promised = tuple(
                min(need.quantity, max(0, free)) for need, free in zip(needs, candidate.available, strict=True)
            )
            if any(promised):
                return Choice(index, promised, f"no place asked has all of it; {candidate.place} is the first with any")
    closest = min(range(len(candidates)), key=lambda index: (_missing(needs, candidates[index]), index))
    return Shortage(closest, f"{candidates[closest].place} came closest")


def _missing(needs: Sequence[Need], candidate: Candidate) -> int:
    return sum(free < need.quantity for need, free in zip(needs, candidate.available, strict=True))


def _why_whole(index: int, candidate: Candidate, candidates: Sequence[Candidate]) -> str:
    if len(candidates) == 1:
        return f"{candidate.place} was the only place considered and serves it whole"
    if index == 0:
        return f"{candidate.place} comes first and serves it whole"
    before = ", ".join(other.place for other in candidates[:index])
    return f"{candidate.place} is the first that serves it whole; short before it: {before}"
