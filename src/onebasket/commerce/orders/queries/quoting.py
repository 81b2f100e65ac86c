"""What a basket comes to: at the prices of when it began to hold its units, or of now where that time is over."""

from datetime import datetime

from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.queries.quoting import Asked, Quote, QuoteAsk, Quoted, Unpriced, quote_all


def priced_at(basket: BasketStands, *, now: datetime) -> datetime:
    """Return the instant whose prices a basket has: locked for as long as it holds its units, half-open at the end."""
    if basket.held_since is None or basket.held_until is None or now >= basket.held_until:
        return now
    return basket.held_since


def quote_basket(basket: BasketStands, *, now: datetime) -> Quoted | Unpriced:
    """Price a basket; a fixed number of statements."""
    products = products_by_sku(line.sku for line in basket.lines)
    lines = [Asked(number, products[line.sku], line.quantity) for number, line in enumerate(basket.lines, 1)]
    ask = QuoteAsk(basket.channel, priced_at(basket, now=now), basket.loyalty_number, basket.coupons)
    (quoted,) = quote_all([Quote(places_by_code([basket.place])[basket.place], lines, ask)])
    return quoted
