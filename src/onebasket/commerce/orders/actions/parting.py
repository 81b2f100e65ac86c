"""The partners' parts of orders that baskets become: what they come to, decided on what partners state at that moment.

Offers are read in the transaction that places the order, so that none is sold at a price that nobody saw. Nobody is
asked anything here: what is too old is refused, and was to be asked for before (`requoting`).
"""

from onebasket.commerce.orders.queries.offering import Offering, sell_offers
from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.baskets import Checkout, CheckoutRefused
from onebasket.commerce.orders.rules.offering import what_changed
from onebasket.commerce.partners.rules.port import Address
from onebasket.commerce.partners.rules.selling import NewPart
from onebasket.kernel.money import MAX_AMOUNT


def plan_parts(request: Checkout, basket: Basket, offering: Offering) -> tuple[NewPart, ...] | CheckoutRefused:
    """Return the parts that partners serve of a basket, or why they cannot be sold as they were seen."""
    if not basket.offers and not request.offers_total:
        return ()
    present = offering.present(basket.place.currency)
    if changed := what_changed(basket.offers.values(), present, to_pay=True):
        message = "Some of what partners sell is not as it was seen any more. Agree to it as it is, or take it out."
        return CheckoutRefused("offers_changed", message, version=basket.version, offers=changed)
    parts = sell_offers(basket.id, basket.place, basket.offers.values(), offering, channel=basket.channel)
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
