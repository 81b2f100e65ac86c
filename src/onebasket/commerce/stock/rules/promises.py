"""Values of promises: buffers, holds and what is at risk when a fact has taken promised goods."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class HeldLine(NamedTuple):
    """An active hold line as locked: quantity in steps on the sellable shelf of product and place."""

    hold_id: UUID
    id: int
    place_id: int
    product_id: int
    quantity: int
    expires_at: datetime


class OpenReservation(NamedTuple):
    """An order line's open promise."""

    reference: UUID
    line: int
    quantity: int
    placed_at: datetime


class AtRisk(NamedTuple):
    """An open promise that the goods on hand do not cover, and by how much."""

    reference: UUID
    line: int
    quantity: int
    short: int
    placed_at: datetime


def at_risk(reservations: Sequence[OpenReservation], shortfall: int) -> list[AtRisk]:
    """Return whose promise a shortfall falls on: the latest placed first (ties by reference, then line)."""
    found: list[AtRisk] = []
    ordered = sorted(reservations, key=lambda item: (item.placed_at, item.reference.bytes, item.line), reverse=True)
    for item in ordered:
        if shortfall <= 0:
            break
        short = min(item.quantity, shortfall)
        found.append(AtRisk(item.reference, item.line, item.quantity, short, item.placed_at))
        shortfall -= short
    return found


class Buffers:
    """What places keep back. The narrowest row holds: product before unit, channel before every channel."""

    def __init__(
        self, by_product: Mapping[tuple[int, str, int], int], by_unit: Mapping[tuple[int, str, str], int]
    ) -> None:
        """Keep rows by (place id, channel, product id) and by (place id, channel, unit code); '' is every channel."""
        self._by_product = by_product
        self._by_unit = by_unit
        self._any = bool(by_product or by_unit)

    def kept_back(self, *, place_id: int, channel: str, product_id: int, unit: str) -> int:
        """Return the steps of the product's unit that are kept back."""
        if not self._any:
            return 0
        for name in (channel, ""):
            if (found := self._by_product.get((place_id, name, product_id))) is not None:
                return found
        for name in (channel, ""):
            if (found := self._by_unit.get((place_id, name, unit))) is not None:
                return found
        return 0
