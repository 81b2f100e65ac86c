"""What a shopper can have of several products, and where: one statement, whatever the number of places."""

from collections.abc import Iterable
from datetime import datetime

from onebasket.base import bulk
from onebasket.base.instants import instant_parameter
from onebasket.commerce.stock.queries.available import HELD


def available_for(
    product_ids: Iterable[int], *, channel: str, now: datetime, place_ids: Iterable[int] | None = None
) -> dict[int, dict[int, int]]:
    """Return by product what each active place has left to promise on a channel: {product id: {place id: steps}}.

    Only what is above zero is there. `place_ids` narrows the places. Unlocked: good for showing, never for promising.
    """
    narrowed = "" if place_ids is None else f"AND {bulk.in_list('s.place_id')} "
    sql = (
        "SELECT product_id, place_id, free FROM (SELECT s.product_id AS product_id, s.place_id AS place_id, "  # noqa: S608 - constants
        f"s.on_hand - s.reserved - {HELD} - COALESCE("
        "MAX(CASE WHEN b.product_id IS NOT NULL AND b.channel <> '' THEN b.quantity END),"
        "MAX(CASE WHEN b.product_id IS NOT NULL THEN b.quantity END),"
        "MAX(CASE WHEN b.channel <> '' THEN b.quantity END),"
        "MAX(b.quantity), 0) AS free "
        "FROM stock_shelf s JOIN places_place p ON p.id = s.place_id "
        "JOIN catalogue_product c ON c.id = s.product_id "
        "LEFT JOIN stock_buffer b ON b.place_id = s.place_id AND b.channel IN (%s, '') "
        "AND (b.product_id = s.product_id OR b.unit_id = c.unit_id) "
        f"WHERE {bulk.in_list('s.product_id')} AND s.state = 1 AND s.on_hand > 0 AND p.active {narrowed}"
        "GROUP BY s.place_id, s.product_id, s.on_hand, s.reserved, s.held) AS shelves WHERE free > 0"
    )
    given = [instant_parameter(now), channel, bulk.list_parameter(set(product_ids))]
    if place_ids is not None:
        given.append(bulk.list_parameter(set(place_ids)))
    found: dict[int, dict[int, int]] = {}
    for product, place, free in bulk.fetch(sql, given):
        found.setdefault(product, {})[place] = int(free)
    return found
