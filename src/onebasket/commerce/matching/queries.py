"""What is offered of the same things as our own products, priced, in few statements."""

from collections.abc import Collection, Iterable
from datetime import datetime

from onebasket.commerce.catalogue.queries.gtins import gtins_of
from onebasket.commerce.matching.rules import Listed, cheapest_first
from onebasket.commerce.partners.queries.offers import PricedOffer, offers_by_gtin, price_all

MOST_TOLD = 24
"""So many offers of one thing are told; a marketplace may have the same from hundreds of sellers."""


def listed(offers: Iterable[PricedOffer]) -> list[Listed]:
    """Return offers as they are grouped."""
    return [_listed(one) for one in offers]


def also_offered(gtins: Collection[str], *, currency: str, now: datetime) -> list[PricedOffer]:
    """Return what partners offer of the things of these GTINs, in the order in which it is told; five statements.

    Only what a shopper may see; at most 24 of them.
    """
    if not gtins or not currency:
        return []
    found = offers_by_gtin(gtins)
    every = price_all((offer for each in found.values() for offer in each), currency=currency, now=now)
    return in_order(one for one in every if one.is_shown)[:MOST_TOLD]


def in_order(offers: Iterable[PricedOffer]) -> list[PricedOffer]:
    """Return offers of one thing in the order in which they are told."""
    by_id = {one.offer.id: one for one in offers}
    return [by_id[one.id] for one in cheapest_first(listed(by_id.values()))]


def offered_beside(product_id: int, *, currency: str, now: datetime) -> list[PricedOffer]:
    """Return what partners offer of the same thing as one of our products; at most six statements."""
    return also_offered(gtins_of([product_id]).get(product_id, ()), currency=currency, now=now)


def _listed(one: PricedOffer) -> Listed:
    offer = one.offer
    shipping = None if offer.shipping_amount is None or one.price is None else one.price.shipping
    amount = None if one.price is None else one.price.amount
    return Listed(offer.id, offer.gtin, amount, shipping, not offer.is_sold_out)
