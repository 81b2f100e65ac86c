"""What an offer is to us: its price in the shopper's currency, how old that is, and whether it can be sold."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from onebasket.commerce.partners.rules.partners import AgreementFacts, PartnerFacts, RateFacts, exchange
from onebasket.kernel.money import PPM, divide_half_up


class OfferFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as kept: the partner's own statement in its own currency, `stated_at` when it was last stated so."""

    id: int
    partner_id: int
    reference: str
    title: str
    price: int
    currency: str
    stock: int | None
    available: bool
    stated_at: datetime
    seller: str = ""
    brand: str = ""
    gtin: str = ""
    model: str = ""
    category: str = ""
    description: str = ""
    url: str = ""
    list_price: int | None = None
    shipping_amount: int | None = None
    days_from: int | None = None
    days_to: int | None = None
    gone: bool = False

    @property
    def is_sold_out(self) -> bool:
        """Whether the partner has none of it now."""
        return not self.available or self.stock == 0


class Unsellable(StrEnum):
    """Why an offer cannot be put in a basket or bought now."""

    NO_AGREEMENT = "no_agreement"
    NOT_SHIPPED = "not_shipped"
    GONE = "gone"
    OUT_OF_STOCK = "out_of_stock"
    TOO_FEW = "too_few"
    NO_RATE = "no_rate"
    STALE = "stale"
    NO_PRICE = "no_price"


class OfferPrice(msgspec.Struct, frozen=True):
    """What one costs a shopper: `amount` in `currency`; the partner's `cost` in its own, by which rate, stated when.

    `shipping` is for the line, None where it is not known (then it is asked before payment).
    """

    amount: int
    currency: str
    cost: int
    cost_currency: str
    rate: RateFacts
    stated_at: datetime
    shipping: int = 0


def price_offer(offer: OfferFacts, agreement: AgreementFacts, rate: RateFacts | None) -> OfferPrice | Unsellable:
    """Return what an offer costs a shopper: the partner's price, exchanged, with a principal's markup on it."""
    if offer.price <= 0:
        return Unsellable.NO_PRICE
    if rate is None:
        return Unsellable.NO_RATE
    amount = shopper_amount(offer.price, rate, markup=agreement.markup)
    shipping = exchange(offer.shipping_amount or 0, rate)
    return OfferPrice(amount, rate.quote, offer.price, offer.currency, rate, offer.stated_at, shipping)


def shopper_amount(price: int, rate: RateFacts, *, markup: int) -> int:
    """Return what a partner's price comes to: exchanged, with a markup in parts per million on it."""
    amount = exchange(price, rate)
    return amount + divide_half_up(amount * markup, PPM)


def is_fresh(offer: OfferFacts, agreement: AgreementFacts, now: datetime) -> bool:
    """Whether what is stated is young enough to be sold: else it is asked for again, and told openly."""
    return now - offer.stated_at < timedelta(minutes=agreement.fresh_minutes)


def refuse_offer(offer: OfferFacts, partner: PartnerFacts, *, quantity: int, to_ship: bool = True) -> Unsellable | None:
    """Say why an offer cannot be bought in this quantity, or None; its age is another matter (`is_fresh`)."""
    agreement = partner.agreement
    if not partner.active or agreement is None:
        return Unsellable.NO_AGREEMENT
    if offer.gone:
        return Unsellable.GONE
    if to_ship and not agreement.ships:
        return Unsellable.NOT_SHIPPED
    if offer.is_sold_out:
        return Unsellable.OUT_OF_STOCK
    if offer.stock is not None and offer.stock < quantity:
        return Unsellable.TOO_FEW
    return None
