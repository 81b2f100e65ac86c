"""What a basket comes to: at the prices of when it began to hold its units, or of now where that time is over."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.clock import ask_now
from onebasket.commerce.catalogue.queries import ask_products
from onebasket.commerce.orders.queries.baskets import BasketFacts, ask_basket
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.places.queries import ask_places
from onebasket.commerce.pricing.queries.quoting import Asked, Quote, QuoteAsk, Quoted, Unpriced, quote_all
from onebasket.commerce.pricing.queries.remembered import ask_recall


def priced_at(basket: BasketStands, *, now: datetime) -> datetime:
    """Return the instant whose prices a basket has: locked for as long as it holds its units, half-open at the end."""
    if basket.held_since is None or basket.held_until is None or now >= basket.held_until:
        return now
    return basket.held_since


class PricedBasket(NamedTuple):
    """A basket as it stands, and what it comes to: None where it is not open any more."""

    basket: BasketStands
    quoted: Quoted | Unpriced | None


def read_and_quote(
    source_id: int, identity: UUID, *, places: frozenset[str] | None = None, closed: bool = True
) -> PricedBasket | None:
    """Return how a source's basket stands now and what it comes to; None where there is none that it may see.

    Two waits for the database, however large it is; `closed` asks for the price of baskets, too, that are not open.
    """
    with bulk.together():
        clock, asked, recalled = ask_now(), ask_basket(source_id, identity), ask_recall()
        now = clock()
        found = asked(now)
        if found is None or (places is not None and found.place.code not in places):
            return None
        if not closed and found.stands.state != "open":
            return PricedBasket(found.stands, None)
        (quoted,) = quote_all([_quote(found, now)], recalled())
    return PricedBasket(found.stands, quoted)


def quote_basket(basket: BasketStands, *, now: datetime) -> Quoted | Unpriced:
    """Price a basket; a fixed number of statements."""
    with bulk.together():
        products, places = ask_products(), ask_places([basket.place])
        recalled = ask_recall()
        by_sku, _ = products({line.sku for line in basket.lines}, ())
        found = BasketFacts(basket, places()[basket.place], by_sku)
        (quoted,) = quote_all([_quote(found, now)], recalled())
    return quoted


def _quote(found: BasketFacts, now: datetime) -> Quote:
    basket, place, products = found
    lines = [Asked(number, products[line.sku], line.quantity) for number, line in enumerate(basket.lines, 1)]
    ask = QuoteAsk(basket.channel, priced_at(basket, now=now), basket.loyalty_number, basket.coupons)
    return Quote(place, lines, ask)
