"""How often a customer may use a promotion, and that a single-use code is good once."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

import msgspec

_RECEIPTS = UUID("6f6e6562-6173-5b65-8074-726563656970")
RefusedWhy = Literal["limit", "used", "unknown"]


class Use(msgspec.Struct, frozen=True, gc=False):
    """An order's use of a promotion by its code, `times` over; or a till's receipt's (`user_of_receipt`).

    `serial` is the single-use code that was presented for it, or nothing; without a loyalty number nobody is counted.
    `receipt` is the till's receipt whose use it is, 0 for an order's.
    """

    order: UUID
    code: str
    times: int = 1
    loyalty_number: str = ""
    serial: str = ""
    receipt: int = 0


class RefusedUse(msgspec.Struct, frozen=True, gc=False):
    """A use that may not be: `limit` when the customer has used it as often as anybody may, else about its serial.

    `used`: the single-use code was used before. `unknown`: there is no such code.
    """

    use: Use
    reason: RefusedWhy


def user_of_receipt(receipt: int) -> UUID:
    """Return the id under which a till's receipt uses promotions, as an order does under its own."""
    return uuid5(_RECEIPTS, str(receipt))


Counter = tuple[str, str]
"""Whose uses of what: loyalty number, promotion code."""


class Counted(NamedTuple):
    """A use that may be: how often the customer has used it with this one, and the limit, None for none."""

    use: Use
    counted: int
    most: int | None


class SerialState(NamedTuple):
    """A single-use code: whether it is used, and by which order."""

    order: UUID | None


class Fact(NamedTuple):
    """A till's use, which counts whatever is wrong with it: `reason` says what, None where nothing is.

    `counted` of `most`; `serial` is the digest of the single-use code that it took, empty where it took none.
    """

    use: Use
    counted: int
    most: int | None
    serial: str
    reason: RefusedWhy | None


class UseBook:
    """What stands while a batch of orders claims its uses, one after the other: figures in memory."""

    def __init__(
        self,
        counts: Mapping[Counter, int],
        limits: Mapping[str, int],
        serials: Mapping[str, SerialState],
        *,
        held: Iterable[tuple[UUID, str, str]] = (),
    ) -> None:
        """Keep counts as locked, limits by promotion code (none where there is none), and codes by digest.

        `held` are the (order, code, digest) that were claimed before: claimed again they change nothing.
        """
        self.counts = dict(counts)
        self.taken: dict[str, UUID] = {}
        self.freed: set[str] = set()
        self._limits = limits
        self._serials = dict(serials)
        self._held = set(held)

    def know(
        self,
        counts: Mapping[Counter, int],
        serials: Mapping[str, SerialState],
    ) -> None:
        """Take in what more was locked; what is known stays as the batch has left it."""
        self.counts = {**counts, **self.counts}
        self._serials = {**serials, **self._serials}

    def limit(self, limits: Mapping[str, int], held: Iterable[tuple[UUID, str, str]]) -> None:
        """Take in how often promotions may be used, and what was claimed before."""
        self._limits = limits
        self._held.update(held)

    def knows(self, digest: str) -> bool:
        """Whether a single-use code was locked."""
        return digest in self._serials

    def claim(self, uses: Iterable[tuple[Use, str]]) -> tuple[list[Counted], list[RefusedUse]]:
        """Claim the uses of one order, each with its code's digest or nothing: all, or none with the reasons."""
        fresh = [(use, digest) for use, digest in uses if (use.order, use.code, digest) not in self._held]
        refused = [RefusedUse(use, reason) for use, digest in fresh if (reason := self._refused(use, digest))]
        if refused:
            return [], refused
        claimed: list[Counted] = []
        before = dict(self.counts)
        for use, _ in fresh:
            most = self._limits.get(use.code) or None
            counted = self._count(use)
            if most is not None and use.loyalty_number and counted > most:
                self.counts = before
                return [], [RefusedUse(use, "limit")]
            claimed.append(Counted(use, counted, most if use.loyalty_number else None))
        for use, digest in fresh:
            self._held.add((use.order, use.code, digest))
            if digest:
                self.taken[digest] = use.order
        return claimed, []

    def count(self, use: Use, digest: str) -> Fact:
        """Count a till's use, which was before anybody could refuse it."""
        reason = self._refused(use, digest)
        most = self._limits.get(use.code) if use.loyalty_number else None
        counted = self._count(use)
        if digest and reason is None:
            self.taken[digest] = use.order
        if reason is None and most is not None and counted > most:
            reason = "limit"
        return Fact(use, counted, most, digest if self.taken.get(digest) == use.order else "", reason)

    def give_back(self, key: Counter, times: int, digest: str) -> None:
        """Give back what was used, and the single-use code that was good for it."""
        if key[0]:
            self.counts[key] = self.counts.get(key, 0) - times
        if digest:
            self.freed.add(digest)
            self._serials[digest] = SerialState(None)

    def _count(self, use: Use) -> int:
        if not use.loyalty_number:
            return use.times
        key = (use.loyalty_number, use.code)
        self.counts[key] = self.counts.get(key, 0) + use.times
        return self.counts[key]

    def _refused(self, use: Use, digest: str) -> RefusedWhy | None:
        if not digest:
            return None
        state = self._serials.get(digest)
        if state is None:
            return "unknown"
        taker = self.taken.get(digest) or state.order
        return None if taker in {None, use.order} else "used"
