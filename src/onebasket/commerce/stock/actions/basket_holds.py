"""What baskets hold, written in the transaction that decides about baskets; the book has taken it already.

A basket's hold bears the basket's id and belongs to no source, so that only its basket gives it back or turns it over.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.columns import Row, as_uuid
from onebasket.base.instants import instant_parameter
from onebasket.base.locking import require_transaction
from onebasket.commerce.stock.models import Hold, HoldLine

NO_SOURCE = 0
_HOLD = ("id", "place", "channel", "source_id", "expires_at", "created_at")
_LINE = ("place", "hold", "number", "product", "quantity", "state", "expires_at")


class HeldPart(NamedTuple):
    """An active line of a basket's hold: steps of a product on a place's shelf."""

    hold_id: UUID
    id: int
    number: int
    place_id: int
    product_id: int
    quantity: int


class NewHold(NamedTuple):
    """A basket's hold that has no row yet."""

    id: UUID
    place_id: int
    channel: str
    expires_at: datetime


class NewPart(NamedTuple):
    """A line of a hold that has no row yet."""

    place_id: int
    hold_id: UUID
    number: int
    product_id: int
    quantity: int
    expires_at: datetime


class ChangedPart(NamedTuple):
    """A line of a hold that holds another quantity, or longer."""

    place_id: int
    id: int
    quantity: int
    expires_at: datetime


def ask_held_parts(hold_ids: Collection[UUID], *, now: datetime) -> bulk.Later[list[HeldPart]]:
    """Ask for the active lines of these holds that have not expired, after their shelves' locks were asked for."""
    require_transaction()
    if not hold_ids:
        return list
    sql = (
        "SELECT hold_id, id, number, place_id, product_id, quantity FROM stock_holdline "  # noqa: S608 - constants
        f"WHERE state = 'active' AND expires_at > %s AND {bulk.in_list('hold_id')}"
    )
    asked = bulk.ask(sql, [instant_parameter(now), bulk.list_parameter(hold_ids)])
    return lambda: [HeldPart(as_uuid(hold), *rest) for hold, *rest in asked.rows()]


def write_parts(
    holds: Sequence[NewHold], new: Sequence[NewPart], changed: Sequence[ChangedPart], *, now: datetime
) -> None:
    """Write holds that have no row, their new lines, and lines that changed; guarded."""
    require_transaction()
    made = [(hold.id, hold.place_id, hold.channel, NO_SOURCE, hold.expires_at, now) for hold in holds]
    bulk.insert(Hold, _HOLD, made)
    active = HoldLine.State.ACTIVE.value
    rows: list[Row] = [
        (part.place_id, part.hold_id, part.number, part.product_id, part.quantity, active, part.expires_at)
        for part in new
    ]
    bulk.insert(HoldLine, _LINE, rows)
    bulk.update_guarded(HoldLine, ("place", "id"), ("quantity", "expires_at"), list(changed))


def end_parts(lines: Sequence[int], *, confirmed: bool = False) -> None:
    """Mark lines, by id, as given back, or as turned over to the order that takes their place."""
    require_transaction()
    state = HoldLine.State.CONFIRMED if confirmed else HoldLine.State.RELEASED
    if lines:
        bulk.update_guarded(HoldLine, ("id",), ("state",), [(line, state.value) for line in sorted(lines)])
