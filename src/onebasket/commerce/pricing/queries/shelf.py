"""Shelf prices of products wherever they hold, for search; one statement each."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from onebasket.base import bulk
from onebasket.base.instants import instant_parameter
from onebasket.commerce.pricing.rules.book import KIND_NUMBERS

_SHELF = KIND_NUMBERS["shelf"]


class ShelfPrice(NamedTuple):
    """A shelf price of the chain, or of one place: minor units per so many steps of the product's unit."""

    product_id: int
    place_id: int | None
    currency: str
    amount: int
    per_quantity: int


def shelf_prices(product_ids: Iterable[int], *, at: datetime) -> list[ShelfPrice]:
    """Return every shelf price of these products that holds at an instant: the chain's, and places' own."""
    moment = instant_parameter(at)
    sql = (
        "SELECT product_id, place_id, currency, amount, per_quantity FROM pricing_price "  # noqa: S608 - constants
        f"WHERE superseded_at IS NULL AND kind = {_SHELF} AND valid_from <= %s "
        f"AND (valid_to IS NULL OR valid_to > %s) AND {bulk.in_list('product_id')} ORDER BY product_id, place_id, id"
    )
    rows = bulk.fetch(sql, [moment, moment, bulk.list_parameter(set(product_ids))])
    return [ShelfPrice(*row) for row in rows]


def repriced_between(since: datetime, until: datetime) -> list[int]:
    """Return the products of which a shelf price begins or ends by itself after `since` and up to `until`."""
    rows = bulk.fetch(
        f"SELECT DISTINCT product_id FROM pricing_price WHERE superseded_at IS NULL AND kind = {_SHELF} "  # noqa: S608
        "AND ((valid_from > %s AND valid_from <= %s) OR (valid_to > %s AND valid_to <= %s)) ORDER BY product_id",
        [instant_parameter(since), instant_parameter(until)] * 2,
    )
    return [product_id for (product_id,) in rows]


def priced_where() -> tuple[set[str], set[int]]:
    """Return the currencies in which the chain has shelf prices, and the ids of the places with prices of their own."""
    rows = bulk.fetch(
        f"SELECT DISTINCT currency, place_id FROM pricing_price WHERE superseded_at IS NULL AND kind = {_SHELF}"  # noqa: S608
    )
    return {currency for currency, place in rows if place is None}, {place for _, place in rows if place is not None}
