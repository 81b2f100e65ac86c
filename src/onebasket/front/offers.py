"""Partners' offers as cards show them: whose they are, what they cost, how old that is, and whether they can be bought.

What a partner states is told as its statement. Its list prices are left out: nobody here can say that they were asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onebasket.commerce.partners.queries.offers import PricedOffer
from onebasket.commerce.partners.rules.offers import OfferFacts, Unsellable
from onebasket.commerce.partners.rules.partners import AgreementFacts, Merchant, exchange
from onebasket.front import formats
from onebasket.front.drawing.choosing import Picture, picture_for
from onebasket.front.going import go_address
from onebasket.front.stores import open_stores
from onebasket.kernel.clock import zone

Address = Callable[[int, str], str]
"""Gives the page of an offer's id and title, in the channel that shows the cards."""

WHY_NOT: dict[Unsellable, str | Promise] = {
    Unsellable.NO_AGREEMENT: gettext_lazy("We do not sell for this partner now."),
    Unsellable.NOT_SHIPPED: gettext_lazy("The partner sells it on its own pages alone."),
    Unsellable.GONE: gettext_lazy("The partner does not sell it any more."),
    Unsellable.OUT_OF_STOCK: gettext_lazy("The partner says that it is sold out."),
    Unsellable.TOO_FEW: gettext_lazy("The partner does not have so many."),
    Unsellable.NO_RATE: gettext_lazy("Its price cannot be told in your currency now."),
    Unsellable.STALE: gettext_lazy("Its price is too old; we have to ask the partner first."),
    Unsellable.NO_PRICE: gettext_lazy("The partner states no price."),
}
"""Why an offer cannot be bought here."""


@dataclass(frozen=True, slots=True)
class OfferCard:
    """An offer on a card; every text is in the language of the page, and empty where there is nothing to tell.

    `go` is the address that leads to the partner's own page. `is_old` says that the partner has to be asked again
    before it is paid: then its price may change, openly. `cost_text` is the partner's own price where that is in
    another currency.
    """

    id: int
    title: str
    partner: str
    partner_code: str
    picture: Picture
    address: str
    go: str
    amount: int | None
    currency: str
    price_text: str
    cost_text: str
    shipping_text: str
    delivery_text: str
    age_text: str
    stock_text: str
    seller_text: str
    return_text: str
    is_old: bool
    can_buy: bool
    why_not: str
    offer: OfferFacts


def offer_cards(
    found: Sequence[PricedOffer], *, address: Address, channel: str, place_id: int, associate: str, now: datetime
) -> list[OfferCard]:
    """Return the cards of offers, in their order; reads nothing beyond the stores that a process keeps.

    `channel`, `place_id` (0: none) and `associate` (a reference, empty for none) are what a referral is credited to.
    """
    stores = open_stores()
    store = stores.get(place_id) or next(iter(stores.values()), None)
    time_zone = store.place.time_zone if store else "UTC"

    def card(one: PricedOffer) -> OfferCard:
        go = ""
        if one.is_referred:
            go = go_address(one.offer.id, channel=channel, place_id=place_id, associate=associate, now=now)
        return _card(one, address(one.offer.id, one.offer.title), go, age_text(one.offer.stated_at, now, time_zone))

    return [card(one) for one in found]


def why_not(reason: Unsellable) -> str:
    """Say why an offer cannot be bought here."""
    return str(WHY_NOT[reason])


def age_text(stated_at: datetime, now: datetime, time_zone: str) -> str:
    """Say of when a price is, by the clock of a place: of a time today, of yesterday, of a day."""
    stated, today = stated_at.astimezone(zone(time_zone)), now.astimezone(zone(time_zone)).date()
    days = (today - stated.date()).days
    if days <= 0:
        return _("price as of %(time)s") % {"time": formats.clock(stated_at, time_zone)}
    if days == 1:
        return _("price as of yesterday")
    day = format_date(stated.date(), format="medium", locale=formats.locale())
    return _("price as of %(day)s") % {"day": day}


def _card(one: PricedOffer, address: str, go: str, age: str) -> OfferCard:
    offer, agreement, name = one.offer, one.partner.agreement, one.partner.name
    return OfferCard(
        id=offer.id,
        title=offer.title,
        partner=name,
        partner_code=one.partner.code,
        picture=picture_for(offer.reference, offer.title, offer.category, ""),
        address=address,
        go=go,
        amount=one.price.amount if one.price else None,
        currency=one.price.currency if one.price else "",
        price_text=formats.money(one.price.amount, one.price.currency) if one.price else "",
        cost_text=_cost_text(one),
        shipping_text=_shipping_text(one),
        delivery_text=_delivery_text(offer) if one.is_shown else "",
        age_text=age if one.price else "",
        stock_text=_stock_text(offer, name) if one.is_shown else "",
        seller_text=_seller_text(offer, name, agreement) if agreement else "",
        return_text=_return_text(agreement) if agreement else "",
        is_old=not one.is_fresh,
        can_buy=one.price is not None and one.refused is None,
        why_not=why_not(one.refused) if one.refused else "",
        offer=offer,
    )


def _cost_text(one: PricedOffer) -> str:
    if one.price is None or one.price.currency == one.price.cost_currency:
        return ""
    return formats.money(one.price.cost, one.price.cost_currency)


def _shipping_text(one: PricedOffer) -> str:
    if one.price is None:
        return ""
    if one.offer.shipping_amount is None:
        return _("shipping is told before you pay")
    if one.offer.shipping_amount == 0:
        return _("free shipping")
    amount = exchange(one.offer.shipping_amount, one.price.rate)
    return _("plus %(amount)s shipping") % {"amount": formats.money(amount, one.price.currency)}


def _delivery_text(offer: OfferFacts) -> str:
    first, last = offer.days_from, offer.days_to
    if first is not None and last is not None and first < last:
        return _("delivered in %(first)d to %(last)d days") % {"first": first, "last": last}
    if last is not None:
        return ngettext("delivered within %(days)d day", "delivered within %(days)d days", last) % {"days": last}
    if first is not None:
        return ngettext(
            "delivered in %(days)d day at the earliest", "delivered in %(days)d days at the earliest", first
        ) % {"days": first}
    return _("when it is delivered is not stated")


def _stock_text(offer: OfferFacts, name: str) -> str:
    if offer.is_sold_out:
        return _("sold out at %(partner)s") % {"partner": name}
    if offer.stock is None:
        return _("in stock at %(partner)s") % {"partner": name}
    return _("%(number)s in stock at %(partner)s") % {"number": formats.count(offer.stock), "partner": name}


def _seller_text(offer: OfferFacts, name: str, agreement: AgreementFacts) -> str:
    """Say who sells it, who is party to the contract; and who ships it."""
    if not agreement.ships:
        return _("sold by %(partner)s on its own pages") % {"partner": name}
    if agreement.merchant is Merchant.PRINCIPAL:
        return _("sold by us, shipped by %(partner)s") % {"partner": name}
    if offer.seller and offer.seller != name:
        return _("sold by %(seller)s, through %(partner)s") % {"seller": offer.seller, "partner": name}
    return _("sold and shipped by %(partner)s") % {"partner": name}


def _return_text(agreement: AgreementFacts) -> str:
    days = agreement.return_days
    if not days:
        return _("cannot be returned without a fault")
    return ngettext(
        "can be returned for %(days)d day after delivery", "can be returned for %(days)d days after delivery", days
    ) % {"days": days}
