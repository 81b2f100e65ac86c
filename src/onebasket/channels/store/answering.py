"""One answer about a product: what is here, what lies behind, which store near has it, which partner sells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from onebasket.channels.store.associate import Associate
from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.catalogue.queries.browsing import ShownProduct
from onebasket.commerce.matching.queries import offered_beside
from onebasket.commerce.partners.actions.showing import note_shown
from onebasket.commerce.partners.queries.offers import PricedOffer
from onebasket.commerce.pricing.queries import prices_at
from onebasket.commerce.sourcing.queries import NearbyStock, stock_near
from onebasket.commerce.sourcing.rules.answering import Answered, Known, Way, answer
from onebasket.commerce.stock.queries import Stand, stand_at
from onebasket.front import formats
from onebasket.front.drawing.choosing import Picture, picture_for
from onebasket.front.finding import offers_found
from onebasket.front.goods import Good, goods_for
from onebasket.front.offers import OfferCard, offer_cards
from onebasket.front.pricetags import PriceTag, price_tags
from onebasket.front.sizes import Named, take_apart
from onebasket.front.soon import soon_at
from onebasket.front.stores import Stores, stores_for

CHANNEL = "till"
"""Whoever asks stands in the store: prices and buffers are those of its tills."""
REFERRED_FROM = "store"
MOST_NEARBY = 3
MOST_OFFERS = 4


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A near store that has it: how far, how much, for what, and from when."""

    name: str
    line: str
    distance: str
    free: str
    price: str
    soon: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page shows of a product: one verdict on top, then where it is, each with time and price."""

    product: ShownProduct
    named: Named
    picture: Picture
    price: PriceTag | None
    stand: Stand
    answered: Answered
    nearby: tuple[Elsewhere, ...]
    offers: tuple[OfferCard, ...]
    alike: tuple[OfferCard, ...] = ()
    """What partners have by the words of its name, where nothing of it is to be had anywhere."""

    def amount(self, steps: int) -> str:
        """Write a quantity of it."""
        return formats.quantity(steps, self.product.unit, self.product.decimals)

    @property
    def way(self) -> str:
        """Return how it is had soonest: here, nearby, partner, nowhere."""
        return str(self.answered.way)

    @property
    def verdict(self) -> str:
        """Say it in one line."""
        if self.answered.way is Way.HERE:
            return _("Here: %(free)s") % {"free": self.amount(self.stand.available)}
        if self.answered.way is Way.NEARBY:
            near = self.nearby[0]
            return _("Not here. %(store)s has %(free)s") % {"store": near.name, "free": near.free}
        if self.answered.way is Way.PARTNER:
            return _("Not in our stores near. %(partner)s sells it") % {"partner": self.offers[0].partner}
        return _("Nowhere near, and no partner has it")

    @property
    def when(self) -> str:
        """Say how soon that is, and for how much."""
        if self.answered.way is Way.HERE:
            return _("now, from the shelf")
        if self.answered.way is Way.NEARBY:
            return " · ".join(part for part in (self.nearby[0].distance, self.nearby[0].soon) if part)
        if self.answered.way is Way.PARTNER:
            return self.offers[0].delivery_text
        return _("Ask when the next delivery comes.") if not self.stand.in_transit else _("More is on its way.")

    @property
    def cost(self) -> str:
        """Write what it costs that way."""
        if self.answered.way is Way.NEARBY:
            return self.nearby[0].price
        if self.answered.way is Way.PARTNER:
            return self.offers[0].price_text
        return f"{self.price.text} {self.price.per}".strip() if self.price and self.answered.way is Way.HERE else ""

    @property
    def behind(self) -> list[tuple[str, str]]:
        """Return what is in the house and not for sale from the shelf: how much, and why."""
        stand = self.stand
        told = (
            (stand.reserved, _("promised to orders, still on the shelf")),
            (stand.held, _("in shoppers' baskets just now")),
            (stand.staged, _("picked, waits to be collected")),
            (stand.unsellable, _("not to be sold")),
            (stand.in_transit, _("on its way here")),
        )
        return [(self.amount(steps), text) for steps, text in told if steps > 0]


def answer_for(product: ShownProduct, who: Associate, *, now: datetime) -> Answer:
    """Work out the answer, for whoever stands at a place."""
    facts = products_by_id([product.id])[product.id]
    named = take_apart(product.name)
    stores = stores_for(who.at.code, CHANNEL)
    stand = stand_at(who.at.id, product.id, unit=product.unit, channel=CHANNEL, now=now)
    near = stock_near(who.at, facts, channel=CHANNEL, now=now, most=MOST_NEARBY)
    beside = offered_beside(product.id, currency=who.at.currency, now=now)
    offers = cards_of(beside, who, now=now)
    to_be_had = sum(not card.offer.is_sold_out for card in offers)  # they stand first
    said = answer(Known(stand.available, stand.on_hand, near[0].available if near else 0, to_be_had))
    alike = offers_like(named.title, beside, who, now=now) if said.way is Way.NOWHERE else []
    return Answer(
        product=product,
        named=named,
        picture=picture_for(product.sku, product.name, product.category, product.department),
        price=price_tags([(product, named)], stores, card="", now=now).get(product.id),
        stand=stand,
        answered=said,
        nearby=_elsewhere(product, near, stores, now),
        offers=tuple(offers),
        alike=tuple(alike),
    )


def goods_at(products: Sequence[ShownProduct], who: Associate, *, now: datetime) -> list[Good]:
    """Return what several products cost here, and where each is."""
    return goods_for(products, stores_for(who.at.code, CHANNEL), {}, address=lambda *_: "", card="", now=now)


def offers_like(text: str, told: Sequence[PricedOffer], who: Associate, *, now: datetime) -> list[OfferCard]:
    """Return what partners have by words, beside what was told before."""
    found = offers_found(text, currency=who.at.currency, limit=MOST_OFFERS + len(told), now=now)
    before = {one.offer.id for one in told}
    return cards_of([one for one in found if not one.offer.is_sold_out and one.offer.id not in before], who, now=now)


def cards_of(found: Sequence[PricedOffer], who: Associate, *, now: datetime) -> list[OfferCard]:
    """Return the cards of offers that can be bought or followed, in their order; they count as shown."""
    shown = [one for one in found if one.is_shown and (one.refused is None or one.is_referred)][:MOST_OFFERS]
    note_shown((one.offer.id for one in shown), channel=REFERRED_FROM, place_id=who.at.id)
    return offer_cards(
        shown, address=lambda *_: "", channel=REFERRED_FROM, place_id=who.at.id, associate=who.name, now=now
    )


def _elsewhere(
    product: ShownProduct, near: Sequence[NearbyStock], stores: Stores, now: datetime
) -> tuple[Elsewhere, ...]:
    prices = prices_at([one.place.place.id for one in near], [product.id], at=now)
    listed = []
    for one in near:
        place = one.place.place
        store = stores.open.get(place.id)
        price = prices.get((place.id, product.id))
        per = formats.price_per(price.per_quantity, product.unit, product.decimals) if price else ""
        listed.append(
            Elsewhere(
                name=place.name,
                line=store.line if store else "",
                distance=formats.distance(one.place.distance_metres),
                free=formats.quantity(one.available, product.unit, product.decimals),
                price=f"{formats.money(price.amount, price.currency)} {per}".strip() if price else "",
                soon=soon_at(store, now) if store else "",
            )
        )
    return tuple(listed)
