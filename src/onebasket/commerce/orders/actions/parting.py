"""The partners' parts of orders that baskets become: what they come to, decided on what partners state at that moment.

Offers are read in the transaction that places the order, so that none is sold at a price that nobody saw. Nobody is
asked anything here: what is too old is refused, and was to be asked for before (`requoting`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from onebasket.base import bulk
from onebasket.commerce.orders.actions.offering import PricedOffers, offer_now, price_keys
from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.baskets import Checkout, CheckoutRefused
from onebasket.commerce.orders.rules.offering import BasketOffer, what_changed
from onebasket.commerce.orders.rules.offertax import offer_tax
from onebasket.commerce.partners.rules.port import Address
from onebasket.commerce.partners.rules.selling import Bought, NewPart, PartHead, sell
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.queries.remembered import ask_recall
from onebasket.commerce.pricing.rules.taxes import TaxBook
from onebasket.kernel.identity import new_id
from onebasket.kernel.money import MAX_AMOUNT

NO_TAXES = TaxBook()


class Offering(NamedTuple):
    """Partners' offers as they are now, by currency and id, and the taxes of the chain."""

    offers: PricedOffers
    taxes: TaxBook
    now: datetime


def open_offering(baskets: Iterable[Basket], *, now: datetime) -> Offering:
    """Read the offers of baskets and the chain's taxes; no statement where no basket has any."""
    keys = {(basket.place.currency, offer) for basket in baskets for offer in basket.offers}
    return Offering(price_keys(keys, now=now), ask_recall()().taxes, now) if keys else Offering({}, NO_TAXES, now)


def plan_parts(request: Checkout, basket: Basket, offering: Offering) -> tuple[NewPart, ...] | CheckoutRefused:
    """Return the parts that partners serve of a basket, or why they cannot be sold as they were seen."""
    if not basket.offers and not request.offers_total:
        return ()
    currency = basket.place.currency
    present = {
        offer: offer_now(priced)
        for offer in basket.offers
        if (priced := offering.offers.get((currency, offer))) is not None
    }
    if changed := what_changed(basket.offers.values(), present, to_pay=True):
        message = "Some of what partners sell is not as it was seen any more. Agree to it as it is, or take it out."
        return CheckoutRefused("offers_changed", message, version=basket.version, offers=changed)
    parts = sell_offers(basket.id, basket.channel, basket.place, basket.offers.values(), offering)
    total = sum(part.total for part in parts)
    if total != request.offers_total:
        message = "What partners send comes to something else. Look at it, then place it."
        return CheckoutRefused("price_changed", message, version=basket.version, offers_total=total)
    if total > MAX_AMOUNT:
        return CheckoutRefused("too_much_money", "It comes to more than an order may. Order less of it.")
    if request.ship_to is None:
        return CheckoutRefused("address_needed", "Say where partners are to send what they sell.")
    address = _address(request)
    return tuple(part.at(address) for part in parts)


def sell_offers(
    order: UUID,
    channel: str,
    place: PlaceFacts,
    offers: Iterable[BasketOffer],
    offering: Offering,
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


def recall_taxes() -> TaxBook:
    """Return the chain's taxes as they stand; one statement."""
    with bulk.together():
        return ask_recall()().taxes


def open_offers(offers: Iterable[BasketOffer], *, currency: str, now: datetime) -> Offering:
    """Read offers and taxes for a page, as `open_offering` does for checkouts."""
    keys = {(currency, one.offer) for one in offers}
    return Offering(price_keys(keys, now=now), recall_taxes(), now) if keys else Offering({}, NO_TAXES, now)


def part_of_line(parts: Iterable[NewPart]) -> Mapping[int, NewPart]:
    """Return by offer the part that it is in."""
    return {line.offer_id: part for part in parts for line in part.lines}


def _address(request: Checkout) -> Address:
    to, contact = request.ship_to, request.contact
    assert to is not None  # noqa: S101 - asked by the caller
    return Address(
        name=contact.name,
        street=to.street,
        city=to.city,
        postcode=to.postcode,
        country=to.country,
        region=to.region,
        phone=contact.phone,
        email=contact.email,
    )
