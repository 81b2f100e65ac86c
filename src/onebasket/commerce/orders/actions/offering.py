"""Partners' offers as baskets and checkouts see them: read only where a batch has any."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.basket_changes import Known, OfferKey, currency_after
from onebasket.commerce.orders.rules.baskets import ChangeBasket
from onebasket.commerce.orders.rules.offering import OfferNow
from onebasket.commerce.partners.queries.offers import PricedOffer, priced_offers
from onebasket.commerce.partners.rules.offers import Unsellable

PricedOffers = Mapping[OfferKey, PricedOffer]


def offers_for(
    changes: Iterable[ChangeBasket],
    baskets: Mapping[object, Basket],
    known: Known,
    *,
    now: datetime,
) -> dict[OfferKey, OfferNow]:
    """Return the offers that changes of baskets concern, as they are now; no statement where they concern none."""
    wanted: set[OfferKey] = set()
    for change in changes:
        basket = baskets[change.basket]
        currency = currency_after(change, basket, known)
        wanted |= {(currency, one.offer) for one in change.offers if one.quantity}
        if currency != basket.place.currency:
            wanted |= {(currency, one) for one in basket.offers}
    return {key: offer_now(priced) for key, priced in price_keys(wanted, now=now).items()}


def price_keys(keys: Iterable[OfferKey], *, now: datetime) -> dict[OfferKey, PricedOffer]:
    """Return offers priced, by currency and id; five statements for each currency."""
    by_currency: dict[str, set[int]] = {}
    for currency, offer in keys:
        by_currency.setdefault(currency, set()).add(offer)
    return {
        (currency, offer): priced
        for currency, ids in by_currency.items()
        for offer, priced in priced_offers(ids, currency=currency, now=now).items()
    }


def offer_now(priced: PricedOffer) -> OfferNow:
    """Return an offer as baskets see it."""
    offer, price = priced.offer, priced.price
    refused = priced.refused
    if priced.partner.agreement is not None and not priced.partner.agreement.ships:
        refused = Unsellable.NOT_SHIPPED
    return OfferNow(
        id=offer.id,
        title=offer.title,
        partner=priced.partner.name,
        amount=price.amount if price else None,
        shipping=price.shipping if price else 0,
        stock=offer.stock,
        refused=refused.value if refused else "",
        is_fresh=priced.is_fresh,
        stated_at=offer.stated_at,
    )
