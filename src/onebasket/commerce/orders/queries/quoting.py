"""What a basket comes to: at the prices of when it began to hold its units, or of now where that time is over."""

from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.queries import price_book
from onebasket.commerce.pricing.rules.basket import PricedBasket, PricedLine
from onebasket.kernel.money import price_for


class Quote(NamedTuple):
    """What a basket comes to, or the SKUs that have no price at its place; and the instant of the prices."""

    at: datetime
    priced: PricedBasket | None
    unpriced: tuple[str, ...] = ()


def quote_basket(basket: BasketStands, *, now: datetime) -> Quote:
    """Price a basket. Prices are locked for as long as it holds its units: `held_since`, half-open at `held_until`."""
    locked = basket.held_since is not None and basket.held_until is not None and now < basket.held_until
    at = basket.held_since if locked and basket.held_since else now
    place = places_by_code([basket.place])[basket.place]
    products = products_by_sku(line.sku for line in basket.lines)
    book = price_book({place.id: place.currency}, [product.id for product in products.values()], at=at)
    lines: list[PricedLine] = []
    unpriced: list[str] = []
    for number, line in enumerate(basket.lines, 1):
        price = book.find((place.id, products[line.sku].id))
        if price is None:
            unpriced.append(line.sku)
            continue
        amount = price_for(price.amount, per_quantity=price.per_quantity, quantity=line.quantity)
        lines.append(PricedLine(number, line.sku, line.quantity, amount, amount, price.amount, price.per_quantity))
    if unpriced:
        return Quote(at, None, tuple(unpriced))
    total = sum(line.amount for line in lines)
    return Quote(at, PricedBasket(tuple(lines), place.currency, total, 0, 0, total, tax_included=True))
