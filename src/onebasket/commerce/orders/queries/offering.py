"""Partners' offers as baskets and checkouts see them: what each costs now, and what they come to as parts of an order.

Read only where a batch, or a page's basket, has any.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.basket_changes import Known, OfferKey, currency_after
from onebasket.commerce.orders.rules.baskets import BasketStands, ChangeBasket
from onebasket.commerce.orders.rules.offering import BasketOffer, OfferChange, OfferNow, what_changed
from onebasket.commerce.orders.rules.offertax import offer_tax
from onebasket.commerce.partners.queries.offers import PricedOffer, priced_offers
from onebasket.commerce.partners.rules.offers import Unsellable
from onebasket.commerce.partners.rules.selling import Bought, NewPart, PartHead, sell
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.queries.remembered import ask_recall
from onebasket.commerce.pricing.rules.taxes import TaxBook
from onebasket.kernel.identity import new_id

PricedOffers = Mapping[OfferKey, PricedOffer]
NO_TAXES = TaxBook()


class Offering(NamedTuple):
    """Partners' offers as they are now, by currency and id, and the taxes of the chain."""

    offers: PricedOffers
    taxes: TaxBook
    now: datetime

    def present(self, currency: str) -> dict[int, OfferNow]:
        """Return the offers in a currency as baskets see them."""
        return {offer: offer_now(priced) for (priced_in, offer), priced in self.offers.items() if priced_in == currency}


def open_offering(keys: Iterable[OfferKey], *, now: datetime) -> Offering:
    """Read offers by currency and id, and the chain's taxes; no statement where there are none."""
    wanted = set(keys)
    return Offering(price_keys(wanted, now=now), ask_recall()().taxes, now) if wanted else Offering({}, NO_TAXES, now)


class OfferedLine(msgspec.Struct, frozen=True, gc=False):
    """An offer of a basket as it would be sold now; `amount` is for the line, with shipping and tax."""

    offer: int
    title: str
    quantity: int
    unit_amount: int
    shipping_amount: int
    tax_amount: int
    amount: int
    stated_at: datetime


class OfferedPart(msgspec.Struct, frozen=True):
    """What one partner would send of a basket; amounts in minor units of `currency`."""

    partner: str
    merchant: str
    currency: str
    total: int
    shipping_amount: int
    tax_amount: int
    lines: tuple[OfferedLine, ...]


class Offered(msgspec.Struct, frozen=True):
    """What partners would send of a basket, what it comes to, and what is not as it was agreed to."""

    parts: tuple[OfferedPart, ...] = ()
    total: int = 0
    changes: tuple[OfferChange, ...] = ()


def offered(basket: BasketStands, *, now: datetime) -> Offered:
    """Return what partners would send of a basket now; no statement where it has none of their offers."""
    if not basket.offers:
        return Offered()
    place = places_by_code([basket.place])[basket.place]
    offering = open_offering(((basket.currency, one.offer) for one in basket.offers), now=now)
    parts = sell_offers(basket.id, place, basket.offers, offering, channel=basket.channel)
    changes = what_changed(basket.offers, offering.present(basket.currency), to_pay=True)
    return Offered(tuple(map(_offered, parts)), sum(part.total for part in parts), changes)


def _offered(part: NewPart) -> OfferedPart:
    lines = tuple(
        OfferedLine(
            line.offer_id, line.title, line.quantity, line.unit_amount, line.shipping_amount, line.tax_amount,
            line.amount, line.stated_at,
        )
        for line in part.lines
    )  # fmt: skip
    return OfferedPart(
        part.partner, part.merchant.value, part.currency, part.total, part.shipping_amount, part.tax_amount, lines
    )


def offers_for(
    changes: Iterable[ChangeBasket],
    baskets: Mapping[UUID, Basket],
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


def sell_offers(
    order: UUID, place: PlaceFacts, offers: Iterable[BasketOffer], offering: Offering, *, channel: str
) -> tuple[NewPart, ...]:
    """Return what offers come to as parts of an order: by partner, with the chain's tax where it is principal.

    Those that cannot be priced are left out.
    """
    bought: list[Bought] = []
    for one in offers:
        priced = offering.offers.get((place.currency, one.offer))
        if priced is not None and priced.price is not None:
            tax = offer_tax(priced.offer.category, offering.taxes, place_id=place.id, at=offering.now)
            bought.append(Bought(priced.offer, priced.partner, priced.price, one.quantity, tax))
    head = PartHead(order, channel, place.currency)
    return sell(bought, head, [new_id() for _ in bought])
