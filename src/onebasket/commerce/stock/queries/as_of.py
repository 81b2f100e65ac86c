"""Shelves as they were: rebuilt from movements as of any instant, by when they happened or by when they were booked."""

from datetime import datetime
from typing import Literal, NamedTuple

from onebasket.base import bulk
from onebasket.base.instants import instant_parameter
from onebasket.commerce.stock.rules.ends import End

Axis = Literal["occurred", "booked"]
_COLUMNS: dict[Axis, str] = {"occurred": "occurred_at", "booked": "booked_at"}


class ShelfThen(NamedTuple):
    """A shelf as of an instant; `on_hand` in steps of the product's unit."""

    place: str
    sku: str
    state: str
    on_hand: int


def shelves_as_of(instant: datetime, *, axis: Axis, place: str = "", sku: str = "") -> list[ShelfThen]:
    """Return the shelves that had moved by the instant (itself included), by place, SKU and state.

    On the occurred axis this is what lay there as far as is known now, late facts and counts included; on the booked
    axis it is what the ledger said at that time. `place` and `sku` narrow it down.
    """
    column = _COLUMNS[axis]
    given: list[object] = [instant_parameter(instant)]
    condition = f"{column} <= %s"
    if place:
        condition += " AND place_id = (SELECT id FROM places_place WHERE code = %s)"
        given.append(place)
    if sku:
        condition += " AND product_id = (SELECT id FROM catalogue_product WHERE sku = %s)"
        given.append(sku)
    sql = (
        "SELECT p.code, c.sku, moved.state, SUM(moved.quantity) FROM ("  # noqa: S608 - constants
        "SELECT place_id, product_id, target AS state, quantity FROM stock_movement "
        f"WHERE target <= 4 AND {condition} UNION ALL "
        "SELECT place_id, product_id, origin, -quantity FROM stock_movement "
        f"WHERE origin <= 4 AND {condition}) AS moved "
        "JOIN places_place p ON p.id = moved.place_id JOIN catalogue_product c ON c.id = moved.product_id "
        "GROUP BY p.code, c.sku, moved.state ORDER BY p.code, c.sku, moved.state"
    )
    rows = bulk.fetch(sql, [*given, *given])
    return [ShelfThen(code, name, End(state).name.lower(), int(on_hand)) for code, name, state, on_hand in rows]
