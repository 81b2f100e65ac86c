"""Hits as they are told: the products as they are now, with today's shelf price and what the place may promise now."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from onebasket.commerce.catalogue.queries.listing import ListedProduct, listed_by_id
from onebasket.commerce.pricing.queries import price_book
from onebasket.commerce.search.queries.asking import Asked
from onebasket.commerce.search.rules.messages import Hit, HitPrice
from onebasket.commerce.stock.queries import available_at, buffers_of
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End

CHANNEL = "web"
"""Whose buffers are taken off what is available."""
_WHOLE_CHAIN = 0
"""No place has this id, so that only the chain's prices are found for it."""


def tell_hits(asked: Asked, ids: Sequence[int], *, now: datetime) -> tuple[Hit, ...]:
    """Return the products of these ids as hits, in their order; four statements, whatever their number.

    A product that was retired since it was indexed is left out.
    """
    if not ids:
        return ()
    products = listed_by_id(ids)
    shown = [products[identity] for identity in ids if identity in products and products[identity].active]
    prices = _prices(asked, shown, now)
    available = _available(asked, shown, now)
    said = asked.query.text.strip()
    return tuple(
        Hit(
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            brand=product.brand,
            department=product.department,
            category=product.category,
            unit=product.unit,
            decimals=product.decimals,
            weighed=product.weighed,
            price=prices.get(product.id),
            available=None if available is None else available.get(product.id, 0),
            exact=product.sku == said or product.id in asked.exact,
        )
        for product in shown
    )


def _prices(asked: Asked, products: Sequence[ListedProduct], now: datetime) -> dict[int, HitPrice]:
    if not asked.currency:
        return {}
    place_id = _WHOLE_CHAIN if asked.place is None else asked.place.id
    ids = [product.id for product in products]
    book = price_book({place_id: asked.currency}, ids, at=now)
    found = {identity: book.find((place_id, identity)) for identity in ids}
    return {
        identity: HitPrice(price.amount, price.per_quantity, price.currency)
        for identity, price in found.items()
        if price is not None
    }


def _available(asked: Asked, products: Sequence[ListedProduct], now: datetime) -> Mapping[int, int] | None:
    """Return what the place may still promise of each product on the web, in steps; None without a place."""
    if asked.place is None:
        return None
    place_id = asked.place.id
    free = available_at((ShelfKey(place_id, End.SELLABLE, product.id) for product in products), now=now)
    buffers = buffers_of([place_id], product_ids=[product.id for product in products])
    found = {}
    for product in products:
        kept = buffers.kept_back(place_id=place_id, channel=CHANNEL, product_id=product.id, unit=product.unit)
        found[product.id] = max(free.get(ShelfKey(place_id, End.SELLABLE, product.id), 0) - kept, 0)
    return found
