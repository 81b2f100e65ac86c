"""What a list of the kiosk shows: products and partners' offers, by words, by a code or by department."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from onebasket.channels.kiosk.addresses import offer_page, product_address
from onebasket.channels.kiosk.asking import CHANNEL
from onebasket.channels.kiosk.guest import Guest
from onebasket.commerce.catalogue.queries.browsing import ShownProduct, products_in, shown_by_id
from onebasket.commerce.matching.queries import offered_beside
from onebasket.commerce.partners.actions.showing import note_shown
from onebasket.commerce.partners.queries.offers import PricedOffer
from onebasket.commerce.search.queries import IndexMissingError, find
from onebasket.commerce.search.rules.messages import SearchQuery
from onebasket.front.finding import Meant, lay_out, what_is_meant
from onebasket.front.goods import Good, goods_for
from onebasket.front.offers import OfferCard, offer_cards

MOST_GOODS = 24
MOST_POPULAR = 8
MOST_OFFERS = 12
NOTHING = Meant()


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: what of it is ours, what partners offer, which of them come first, and how the words were read.

    `above` goes before both: goods that the store has, the same things as offers found.
    """

    text: str = ""
    department: str = ""
    above: tuple[Good, ...] = ()
    goods: tuple[Good, ...] = ()
    offers: tuple[OfferCard, ...] = ()
    meant: Meant = NOTHING
    offers_first: bool = False

    @property
    def product(self) -> ShownProduct | None:
        """Return the one product that is meant, where a code names it."""
        return self.meant.product

    @property
    def ours(self) -> int:
        """Return how many of it are ours."""
        return len(self.above) + len(self.goods)


def listed(guest: Guest, text: str, department: str) -> Listing:
    """Return what words or a code mean, or what of a department sells best here."""
    if not text:
        return Listing(department=department, goods=tuple(_of_department(guest, department)))
    meant = what_is_meant(text, place_id=guest.store.place.id, limit=MOST_GOODS, now=guest.now)
    if meant.product is not None:
        return Listing(text, goods=tuple(cards(guest, [meant.product])), meant=meant)
    laid = lay_out(text, meant, place=guest.store.place, channel=CHANNEL, limit=MOST_OFFERS, now=guest.now)
    goods, told = cards(guest, [*laid.above, *laid.products]), tuple(offers(guest, laid.offers))
    first = len(laid.above)
    return Listing(text, "", tuple(goods[:first]), tuple(goods[first:]), told, meant, laid.offers_first)


def popular(guest: Guest) -> list[Good]:
    """Return what sells best of what the store has; nothing without an index."""
    return _found(guest, SearchQuery(sort="popular", available_only=True, limit=MOST_POPULAR))


def beside(guest: Guest, product: ShownProduct) -> list[OfferCard]:
    """Return partners' offers of the same thing as one of our products."""
    found = offered_beside(product.id, currency=guest.store.place.currency, now=guest.now)
    return offers(guest, found)


def cards(guest: Guest, rows: Sequence[ShownProduct]) -> list[Good]:
    """Return the cards of products, in their order."""
    return goods_for(
        list(rows),
        guest.stores,
        guest.wanted,
        address=lambda sku, _name: product_address(guest, sku),
        card=guest.card,
        now=guest.now,
    )


def offers(guest: Guest, found: Sequence[PricedOffer]) -> list[OfferCard]:
    """Return the cards of offers, in their order; they count as shown."""
    shown = [one for one in found if one.is_shown][:MOST_OFFERS]
    place_id = guest.store.place.id
    note_shown((one.offer.id for one in shown), channel=CHANNEL, place_id=place_id)
    return offer_cards(
        shown,
        address=offer_page(guest),
        channel=CHANNEL,
        place_id=place_id,
        associate="",
        now=guest.now,
    )


def _of_department(guest: Guest, department: str) -> list[Good]:
    goods = _found(guest, SearchQuery(department=department, sort="popular", limit=MOST_GOODS))
    return goods or cards(guest, products_in(department, None, offset=0, limit=MOST_GOODS))


def _found(guest: Guest, query: SearchQuery) -> list[Good]:
    try:
        page = find(msgspec.structs.replace(query, place_id=guest.store.place.id), now=guest.now)
    except IndexMissingError:
        return []
    shown = shown_by_id(hit.product_id for hit in page.hits)
    return cards(guest, [shown[hit.product_id] for hit in page.hits if hit.product_id in shown])
