"""What may still be promised: one statement, whatever the number of places."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import NamedTuple

from onebasket.base import bulk
from onebasket.base.instants import instant_parameter
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.promises import Buffers

_EXPIRED = (
    "COALESCE((SELECT SUM(h.quantity) FROM stock_holdline h WHERE h.place_id = s.place_id "
    "AND h.product_id = s.product_id AND h.state = 'active' AND h.expires_at <= %s), 0)"
)
_HELD = f"CASE WHEN s.held = 0 THEN 0 ELSE s.held - CAST({_EXPIRED} AS BIGINT) END"


class Availability(NamedTuple):
    """A product's sellable shelf at a place; `held` without expired holds; steps of the product's unit."""

    place_id: int
    place: str
    on_hand: int
    reserved: int
    held: int
    buffer: int

    @property
    def available(self) -> int:
        """Return what may still be promised on the channel asked for."""
        return self.on_hand - self.reserved - self.held - self.buffer


def available_everywhere(product_id: int, *, channel: str, now: datetime) -> list[Availability]:
    """Return a product's availability at every active place that has a shelf for it, by place code; one statement."""
    sql = (
        f"SELECT s.place_id, p.code, s.on_hand, s.reserved, {_HELD}, COALESCE("  # noqa: S608 - constants
        "MAX(CASE WHEN b.product_id IS NOT NULL AND b.channel <> '' THEN b.quantity END),"
        "MAX(CASE WHEN b.product_id IS NOT NULL THEN b.quantity END),"
        "MAX(CASE WHEN b.channel <> '' THEN b.quantity END),"
        "MAX(b.quantity), 0) "
        "FROM stock_shelf s JOIN places_place p ON p.id = s.place_id "
        "JOIN catalogue_product c ON c.id = s.product_id "
        "LEFT JOIN stock_buffer b ON b.place_id = s.place_id AND b.channel IN (%s, '') "
        "AND (b.product_id = s.product_id OR b.unit_id = c.unit_id) "
        "WHERE s.product_id = %s AND s.state = 1 AND p.active "
        "GROUP BY s.place_id, p.code, s.product_id, s.on_hand, s.reserved, s.held ORDER BY p.code"
    )
    return [Availability(*row) for row in bulk.fetch(sql, [instant_parameter(now), channel, product_id])]


class Stand(NamedTuple):
    """What a place has of a product, by state, in steps; of the sellable what is promised, and what is kept back.

    `held` counts without expired holds. The states say what may be sold, not where in the building it lies.
    """

    on_hand: int = 0
    reserved: int = 0
    held: int = 0
    buffer: int = 0
    staged: int = 0
    unsellable: int = 0
    in_transit: int = 0

    @property
    def available(self) -> int:
        """Return what may still be promised."""
        return self.on_hand - self.reserved - self.held - self.buffer


def stand_at(place_id: int, product_id: int, *, unit: str, channel: str, now: datetime) -> Stand:
    """Return what a place has of a product, in every state; two statements."""
    sql = (
        f"SELECT s.state, s.on_hand, s.reserved, {_HELD} FROM stock_shelf s "  # noqa: S608 - constants
        "WHERE s.place_id = %s AND s.product_id = %s"
    )
    rows = bulk.fetch(sql, [instant_parameter(now), place_id, product_id])
    states = {End(state): (int(on_hand), int(reserved), int(held)) for state, on_hand, reserved, held in rows}
    on_hand, reserved, held = states.get(End.SELLABLE, (0, 0, 0))
    buffers = buffers_of([place_id], product_ids=[product_id])
    kept = buffers.kept_back(place_id=place_id, channel=channel, product_id=product_id, unit=unit)
    staged, unsellable, in_transit = (
        states.get(state, (0, 0, 0))[0] for state in (End.STAGED, End.UNSELLABLE, End.IN_TRANSIT)
    )
    return Stand(on_hand, reserved, held, kept, staged, unsellable, in_transit)


def available_at(keys: Iterable[ShelfKey], *, now: datetime) -> dict[ShelfKey, int]:
    """Return on hand less reserved less held, unlocked: good for choosing candidates, never for promising.

    Holds that have expired by `now` (the database's clock) are free, as they are under the lock.
    """
    found: dict[ShelfKey, int] = {}
    sql = (
        f"SELECT s.product_id, s.on_hand - s.reserved - {_HELD} FROM stock_shelf s "  # noqa: S608 - constants
        f"WHERE s.place_id = %s AND s.state = %s AND {bulk.in_list('s.product_id')}"
    )
    for (place, state), group in groupby(sorted(set(keys)), key=lambda key: key[:2]):
        products = bulk.list_parameter([key.product_id for key in group])
        for product, free in bulk.fetch(sql, [instant_parameter(now), place, state, products]):
            found[ShelfKey(place, End(state), product)] = free
    return found


def available_among(
    place_ids: Iterable[int], product_ids: Iterable[int], *, now: datetime
) -> dict[tuple[int, int], int]:
    """Return on hand less reserved less held by (place id, product id), unlocked, in one statement for many places.

    Where there is no sellable shelf there is no entry. Expired holds are free; buffers are not taken off.
    """
    places, products = sorted(set(place_ids)), sorted(set(product_ids))
    if not places or not products:
        return {}
    sql = (
        f"SELECT s.place_id, s.product_id, s.on_hand - s.reserved - {_HELD} FROM stock_shelf s "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('s.place_id')} AND {bulk.in_list('s.product_id')} AND s.state = 1"
    )
    parameters = [instant_parameter(now), bulk.list_parameter(places), bulk.list_parameter(products)]
    return {(place, product): int(free) for place, product, free in bulk.fetch(sql, parameters)}


def buffers_of(place_ids: Iterable[int], *, product_ids: Iterable[int]) -> Buffers:
    """Return what these places keep back of these products, in one statement."""
    return ask_buffers(place_ids, product_ids=product_ids)()


def ask_buffers(place_ids: Iterable[int], *, product_ids: Iterable[int]) -> bulk.Later[Buffers]:
    """Ask what these places keep back of these products; read once, when it is first wanted."""
    sql = (
        "SELECT b.place_id, b.channel, b.product_id, u.code, b.quantity FROM stock_buffer b "  # noqa: S608 - constants
        f"LEFT JOIN catalogue_unit u ON u.id = b.unit_id WHERE {bulk.in_list('b.place_id')}"
    )
    asked = bulk.ask(sql, [bulk.list_parameter(set(place_ids))])

    @cache
    def buffers() -> Buffers:
        products = set(product_ids)
        by_product: dict[tuple[int, str, int], int] = {}
        by_unit: dict[tuple[int, str, str], int] = {}
        for place, channel, product, unit, quantity in asked.rows():
            if product is None:
                by_unit[place, channel, unit or ""] = quantity
            elif product in products:
                by_product[place, channel, product] = quantity
        return Buffers(by_product, by_unit)

    return buffers
