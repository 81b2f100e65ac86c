"""Everything that is indexed of products, read for many at once: five statements, whatever their number."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from onebasket.base import bulk
from onebasket.commerce.catalogue.queries.listing import ListedProduct
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.pricing.queries.shelf import ShelfPrice, shelf_prices
from onebasket.commerce.stock.queries.sellable import stocked_places
from onebasket.kernel.money import divide_half_up


class Indexed(NamedTuple):
    """A product with what is indexed of it besides its words.

    `here` are the ids of the places where it is on the shelf, as one text; prices are minor units per unit of the
    product, the chain's by currency and places' own by place; `sold` are receipt lines by place.
    """

    product: ListedProduct
    here: str
    prices: Mapping[str, int]
    own: Mapping[int, int]
    sold: Mapping[int, int]


class _Prices(NamedTuple):
    chain: dict[int, dict[str, int]]
    own: dict[int, dict[int, int]]


def indexed(products: Sequence[ListedProduct], *, at: datetime) -> list[Indexed]:
    """Return what is indexed of these products, with the prices of an instant."""
    active = [product for product in products if product.active]
    ids = [product.id for product in active]
    if not ids:
        return []
    here, sold = stocked_places(ids), _sold(ids)
    prices = _read_prices(active, at=at)
    nothing: dict[int, int] = {}
    return [
        Indexed(
            product,
            here.get(product.id, ""),
            prices.chain.get(product.id, {}),
            prices.own.get(product.id, nothing),
            # What keeps no stock cannot be ordered: however often it sells, it goes behind what can.
            sold.get(product.id, nothing) if product.tracked else nothing,
        )
        for product in active
    ]


def _read_prices(products: Sequence[ListedProduct], *, at: datetime) -> _Prices:
    decimals = {product.id: product.decimals for product in products}
    currencies = {place.id: place.currency for place in all_places()}
    found = _Prices({}, {})
    for price in shelf_prices(decimals, at=at):
        amount = _per_unit(price, decimals[price.product_id])
        if price.place_id is None:
            found.chain.setdefault(price.product_id, {})[price.currency] = amount
        elif currencies.get(price.place_id) == price.currency:
            found.own.setdefault(price.product_id, {})[price.place_id] = amount
    return found


def _per_unit(price: ShelfPrice, decimals: int) -> int:
    return divide_half_up(price.amount * 10**decimals, price.per_quantity)


def _sold(ids: Sequence[int]) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = {}
    sql = f"SELECT product_id, place_id, lines FROM search_soldlines WHERE {bulk.in_list('product_id')}"  # noqa: S608
    for product_id, place_id, lines in bulk.fetch(sql, [bulk.list_parameter(ids)]):
        found.setdefault(product_id, {})[place_id] = lines
    return found
