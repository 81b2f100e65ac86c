"""The book of locked shelves: figures in memory that a batch decides against, request after request.

It knows no database. `stock.actions` fills it from locked rows and writes what has changed.
"""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.stock.rules.ends import End, Kind, is_shelf
from onebasket.commerce.stock.rules.promises import HeldLine


class ShelfKey(NamedTuple):
    """Names a shelf. Keys sort in the one order in which shelves are locked: place, state, product."""

    place_id: int
    state: int
    product_id: int


@dataclass(slots=True)
class Figures:
    """A shelf's figures as the batch has left them so far; quantities in steps of the product's unit."""

    id: int
    version: int
    on_hand: int = 0
    reserved: int = 0
    held: int = 0
    counted_at: datetime | None = None
    breach_id: int | None = None
    discrepancy_id: int | None = None
    changed: bool = False

    def available(self, buffer: int = 0) -> int:
        """Return what may still be promised on a channel from which `buffer` is kept back; may be negative."""
        return self.on_hand - self.reserved - self.held - buffer


def breaks_promises(shelf: Figures) -> bool:
    """Whether goods on hand do not cover what is reserved. Without any promise a shelf below zero is a discrepancy."""
    return shelf.reserved > 0 and shelf.on_hand < shelf.reserved


class Cause(NamedTuple):
    """What moved something: the inbox entry, its line, and the times of the fact and of the booking."""

    entry_id: int
    line: int
    occurred_at: datetime
    booked_at: datetime
    reference: str = ""


class MovementRow(NamedTuple):
    """A row of the ledger, in the order in which it is written."""

    place_id: int
    product_id: int
    kind: int
    origin: int
    target: int
    quantity: int
    occurred_at: datetime
    booked_at: datetime
    entry_id: int
    line: int
    step: int
    reference: str


class CountRow(NamedTuple):
    """A row of the counts, in the order in which it is written."""

    place_id: int
    product_id: int
    state: int
    quantity: int
    difference: int
    occurred_at: datetime
    booked_at: datetime
    entry_id: int
    line: int


class ShelfLockedError(KeyError):
    """A shelf was to be moved that the batch has not locked: a fault of the program."""


@dataclass(slots=True)
class ShelfBook:
    """Locked shelves by key, what moved on them in this batch, the counts that late facts meet, expired holds."""

    figures: dict[ShelfKey, Figures]
    counts: dict[ShelfKey, list[datetime]] = field(default_factory=dict)
    movements: list[MovementRow] = field(default_factory=list)
    counted: list[CountRow] = field(default_factory=list)
    expired: list[HeldLine] = field(default_factory=list)

    def find(self, place_id: int, product_id: int, state: int = End.SELLABLE) -> Figures | None:
        """Return a shelf's figures, or None where there is no such shelf."""
        return self.figures.get(ShelfKey(place_id, state, product_id))

    def move(
        self, place_id: int, product_id: int, *, kind: Kind, ends: tuple[End, End], quantity: int, cause: Cause
    ) -> None:
        """Move a positive quantity between two ends at one place, with the count corrections that a late fact needs."""
        origin, target = ends
        self.movements.append(
            MovementRow(
                place_id, product_id, kind, origin, target, quantity,
                cause.occurred_at, cause.booked_at, cause.entry_id, cause.line, 0, cause.reference,
            )
        )  # fmt: skip
        step = 1
        for end, change in ((origin, -quantity), (target, quantity)):
            if is_shelf(end):
                step += self._change(ShelfKey(place_id, end, product_id), change, cause, step)

    def _change(self, key: ShelfKey, change: int, cause: Cause, step: int) -> int:
        """Change one shelf; return how many corrections (0 or 1) came with it."""
        figures = self._figures(key)
        figures.changed = True
        figures.on_hand += change
        if figures.counted_at is None or cause.occurred_at > figures.counted_at:
            return 0
        self._correct(key, figures, -change, cause, self._next_count(key, cause.occurred_at), step)
        return 1

    def _correct(self, key: ShelfKey, figures: Figures, change: int, cause: Cause, at: datetime, step: int) -> None:
        figures.on_hand += change
        ends = (End.COUNT, key.state) if change > 0 else (key.state, End.COUNT)
        self.movements.append(
            MovementRow(
                key.place_id, key.product_id, Kind.COUNT_CORRECTION, ends[0], ends[1], abs(change),
                at, cause.booked_at, cause.entry_id, cause.line, step, cause.reference,
            )
        )  # fmt: skip

    def _figures(self, key: ShelfKey) -> Figures:
        try:
            return self.figures[key]
        except KeyError as error:
            raise ShelfLockedError(key) from error

    def _next_count(self, key: ShelfKey, occurred_at: datetime) -> datetime:
        """Return the first count at or after the instant, which the fact must not disturb.

        A fact at the very instant of a count is taken as before it: the count saw it.
        """
        counts = self.counts[key]
        return counts[bisect_left(counts, occurred_at)]

    def count(self, key: ShelfKey, *, quantity: int, moved_since: int, cause: Cause) -> int:
        """Book a count as of `cause.occurred_at`; return the difference it made at that instant.

        `moved_since`: the net change of the shelf by movements that occurred after the count, this batch's included.
        A count older than the shelf's last one corrects its own instant and leaves every later count as it was.
        """
        figures = self._figures(key)
        figures.changed = True
        difference = quantity - (figures.on_hand - moved_since)
        late = figures.counted_at is not None and cause.occurred_at < figures.counted_at
        if difference:
            ends = (End.COUNT, key.state) if difference > 0 else (key.state, End.COUNT)
            figures.on_hand += difference
            self.movements.append(
                MovementRow(
                    key.place_id, key.product_id, Kind.COUNT, ends[0], ends[1], abs(difference),
                    cause.occurred_at, cause.booked_at, cause.entry_id, cause.line, 0, cause.reference,
                )
            )  # fmt: skip
            if late:
                counts = self.counts[key]
                later = counts[bisect_right(counts, cause.occurred_at)]
                self._correct(key, figures, -difference, cause, later, 1)
        if not late:
            figures.counted_at = cause.occurred_at
        self.counted.append(
            CountRow(
                key.place_id, key.product_id, key.state, quantity, difference,
                cause.occurred_at, cause.booked_at, cause.entry_id, cause.line,
            )
        )  # fmt: skip
        insort(self.counts.setdefault(key, []), cause.occurred_at)
        return difference

    def reserve(self, place_id: int, product_id: int, quantity: int) -> None:
        """Take a promise for an order; the caller has checked that it is available."""
        figures = self._figures(ShelfKey(place_id, End.SELLABLE, product_id))
        figures.reserved += quantity
        figures.changed = True

    def hold(self, place_id: int, product_id: int, quantity: int) -> None:
        """Take (or with a negative quantity give back) a basket's promise."""
        figures = self._figures(ShelfKey(place_id, End.SELLABLE, product_id))
        figures.held += quantity
        figures.changed = True
