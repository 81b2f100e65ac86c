"""What is offered of the same things as our own products, priced, in few statements."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from onebasket.commerce.catalogue.queries.gtins import gtins_of, products_of
from onebasket.commerce.matching.rules import Listed, SameThing, cheapest_first, group_offers
from onebasket.commerce.partners.queries.offers import PricedOffer, offers_by_gtin, price_all

MOST_TOLD = 24
"""So many offers of one thing are told; a marketplace may have the same from hundreds of sellers."""


def listed(offers: Iterable[PricedOffer]) -> list[Listed]:
    """Return offers as they are grouped."""
    return [_listed(one) for one in offers]


def things_of(offers: Sequence[PricedOffer], *, sold: bool = True) -> list[SameThing]:
    """Return the things that are offered, in the order of the offers; with `sold` with our own products.

    At most two statements.
    """
    products = products_of(one.offer.gtin for one in offers) if sold else {}
    return group_offers(listed(offers), products)


def also_offered(gtins: Collection[str], *, currency: str, now: datetime) -> list[PricedOffer]:
    """Return what partners offer of the things of these GTINs, in the order in which it is told; five statements.

    Only what a shopper may see; at most 24 of them.
    """
    if not gtins or not currency:
        return []
    found = offers_by_gtin(gtins)
    shown = {
        one.offer.id: one
        for one in price_all((offer for each in found.values() for offer in each), currency=currency, now=now)
        if one.is_shown
    }
    return [shown[one.id] for one in cheapest_first(listed(shown.values()))][:MOST_TOLD]


def offered_beside(product_id: int, *, currency: str, now: datetime) -> list[PricedOffer]:
    """Return what partners offer of the same thing as one of our products; at most six statements."""
    return also_offered(gtins_of([product_id]).get(product_id, ()), currency=currency, now=now)


def _listed(one: PricedOffer) -> Listed:
    offer = one.offer
    shipping = None if offer.shipping_amount is None or one.price is None else one.price.shipping
    amount = None if one.price is None else one.price.amount
    return Listed(offer.id, offer.gtin, amount, shipping, offer.available and offer.stock != 0)
