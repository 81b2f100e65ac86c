"""Up to three side by side: our own product and partners' offers, each with price, shipping, time and who sells it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from onebasket.channels.kiosk.guest import Guest
from onebasket.channels.kiosk.listing import cards, offers
from onebasket.commerce.catalogue.queries.browsing import shown_by_sku
from onebasket.commerce.partners.queries.offers import PricedOffer, priced_offers
from onebasket.front import formats
from onebasket.front.drawing.choosing import Picture
from onebasket.front.goods import Good
from onebasket.front.offers import OfferCard
from onebasket.front.soon import soon_at

PRODUCT, OFFER = "p:", "o:"
LONGEST_NAME = 70


@dataclass(frozen=True, slots=True)
class Side:
    """One of those that are compared; every text is written out, so that nothing is left to be guessed."""

    name: str
    title: str
    size: str
    picture: Picture
    address: str
    price: str
    per: str
    shipping: str
    when: str
    seller: str
    amount: int | None
    good: Good | None = None
    offer: OfferCard | None = None
    cheapest: bool = False


def is_name(text: str) -> bool:
    """Whether a text may name something to compare."""
    if text.startswith(OFFER):
        number = text.removeprefix(OFFER)
        return number.isascii() and number.isdigit() and len(number) <= 18  # noqa: PLR2004 - as a column keeps it
    return text.startswith(PRODUCT) and len(PRODUCT) < len(text) <= LONGEST_NAME


def sides(guest: Guest, names: Sequence[str]) -> list[Side]:
    """Return those that are compared, in the order in which they were chosen; what is gone is left out."""
    skus = [name.removeprefix(PRODUCT) for name in names if name.startswith(PRODUCT)]
    ids = [int(name.removeprefix(OFFER)) for name in names if name.startswith(OFFER)]
    rows = shown_by_sku(skus)
    goods = {f"{PRODUCT}{good.product.sku}": good for good in cards(guest, [rows[sku] for sku in skus if sku in rows])}
    found = priced_offers(ids, currency=guest.store.place.currency, now=guest.now)
    told = {f"{OFFER}{card.id}": card for card in offers(guest, [found[one] for one in ids if one in found])}
    made = [_ours(guest, name, goods[name]) for name in names if name in goods]
    made += [_theirs(name, told[name], found[told[name].id]) for name in names if name in told]
    made.sort(key=lambda side: names.index(side.name))
    amounts = [side.amount for side in made if side.amount is not None]
    least = min(amounts) if len(amounts) > 1 else None
    return [replace(side, cheapest=side.amount is not None and side.amount == least) for side in made]


def _ours(guest: Guest, name: str, good: Good) -> Side:
    price = good.price
    return Side(
        name=name,
        title=good.named.title,
        size=" · ".join(part for part in (good.named.size, good.product.brand) if part),
        picture=good.picture,
        address=good.address,
        price=price.text if price else _("No price yet"),
        per=price.per or price.unit_text if price else "",
        shipping=_("none, you collect it"),
        when=_when(guest, good),
        seller=guest.store.name,
        amount=price.amount if price and not price.per else None,
        good=good,
    )


def _when(guest: Guest, good: Good) -> str:
    if good.where.state == "here":
        return _("now, here")
    if good.where.state == "elsewhere":
        near = good.where.elsewhere[0]
        parts = (near.store.name, formats.distance(near.metres), soon_at(near.store, guest.now))
        return ", ".join(part for part in parts if part)
    return _("sold out everywhere")


def _theirs(name: str, card: OfferCard, priced: PricedOffer) -> Side:
    return Side(
        name=name,
        title=card.title,
        size=card.offer.brand,
        picture=card.picture,
        address=card.address,
        price=card.price_text,
        per="",
        shipping=card.shipping_text,
        when=card.delivery_text,
        seller=card.seller_text,
        amount=_with_shipping(priced),
        offer=card,
    )


def _with_shipping(priced: PricedOffer) -> int | None:
    """Return what an offer costs with its shipping, where that is known."""
    if priced.price is None or priced.offer.shipping_amount is None:
        return None
    return priced.price.amount + priced.price.shipping
