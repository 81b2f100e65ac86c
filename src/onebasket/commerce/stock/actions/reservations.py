"""Reservations of orders, written inside the order's own transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.stock.models import Reservation
from onebasket.commerce.stock.rules.book import ShelfBook

_NAMES = ("place", "product", "quantity", "state", "reference", "line", "placed_at")


class NewReservation(NamedTuple):
    """A promise to take: steps of the product for an order's line."""

    place_id: int
    product_id: int
    quantity: int
    reference: UUID
    line: int


def reserve_lines(lines: Sequence[NewReservation], *, now: datetime) -> None:
    """Write the reservations that the caller has checked and already taken in the book."""
    require_transaction()
    open_ = Reservation.State.OPEN.value
    rows = [(r.place_id, r.product_id, r.quantity, open_, r.reference, r.line, now) for r in lines]
    bulk.insert(Reservation, _NAMES, rows)


def close_reservations(book: ShelfBook, lines: Sequence[NewReservation], *, picked: bool) -> None:
    """End open reservations as taken (picked) or released, and give their quantity back in the book."""
    require_transaction()
    state = (Reservation.State.TAKEN if picked else Reservation.State.RELEASED).value
    for line in lines:
        book.reserve(line.place_id, line.product_id, -line.quantity)
    rows = [(r.place_id, r.reference, r.line, state) for r in lines]
    bulk.update_guarded(Reservation, ("place", "reference", "line"), ("state",), rows)
