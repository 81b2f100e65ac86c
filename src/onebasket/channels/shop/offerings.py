"""Partners' offers beside the chain's own goods: on the search page, at a product, and as a list of their own."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.http import HttpRequest

from onebasket.channels.shop.addresses import offer_address
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.listing import FARTHEST_PAGE, PAGE_GOODS, SORTS, Choice, Listing, Wanted, lots
from onebasket.channels.shop.paging import Pages, asked_page
from onebasket.channels.shop.reading import text_of
from onebasket.channels.shop.words import Word
from onebasket.commerce.matching.queries import offered_beside
from onebasket.commerce.partners.actions.showing import note_shown
from onebasket.commerce.partners.queries.offers import PricedOffer
from onebasket.commerce.search.queries import IndexMissingError
from onebasket.commerce.search.queries.finding_offers import OfferGroup, OfferPage, find_offers
from onebasket.commerce.search.queries.suggesting_offers import suggest_offers
from onebasket.commerce.search.rules.display import Display, Match, Section, plan_display
from onebasket.commerce.search.rules.offer_messages import FARTHEST_OFFER, Narrowing, OfferSort
from onebasket.commerce.search.rules.weights import price_bands
from onebasket.front import formats
from onebasket.front.goods import Good
from onebasket.front.offers import OfferCard, offer_cards
from onebasket.front.pricetags import CHANNEL
from onebasket.kernel.money import exponent

FROM, PARTNERS = "from", "partners"
FEW, MORE = 6, 12
"""So many offers stand behind the chain's own goods, and before them."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that partners offer: the card of the first offer of it, and how many others there are.

    `product` is the own product that is the same thing, where the store has none of it now.
    """

    card: OfferCard
    others: int = 0
    product: Good | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What partners offer of what was searched for, and how it stands beside the chain's own goods."""

    display: Display
    things: list[Thing]
    above: list[Good]
    notes: dict[int, Thing]
    total: int
    all_address: str
    suggestion: str = ""
    relaxed: bool = False

    @property
    def comes_first(self) -> bool:
        """Whether the offers stand before the chain's own goods."""
        return self.display.order[0] is Section.OFFERS

    @property
    def reason(self) -> str:
        """Return why the page stands as it does."""
        return self.display.reason.value


@dataclass(frozen=True, slots=True)
class OfferList:
    """A page of what partners offer, and how it can be narrowed."""

    wanted: "OffersWanted"
    things: list[Thing]
    above: list[Good]
    pages: Pages
    found: OfferPage
    currency: str
    reason: str = ""

    @property
    def own_address(self) -> str:
        """Return the address of the same search among the chain's own goods."""
        return "?" + urlencode({"q": self.wanted.q})

    @property
    def sorts(self) -> list[tuple[Word, str, bool]]:
        """Return the orders to choose from: what each is called, its address, whether it is the present one."""
        now = self.wanted.sort or "relevance"
        return [
            (word, self.wanted.address(sort="" if sort == "relevance" else sort), sort == now)
            for sort, word in SORTS.items()
            if sort != "relevance"
        ]

    @property
    def partners(self) -> list[Choice]:
        """Return the partners to narrow to, where there are several, or the one chosen."""
        found = [
            Choice(one.name, one.count, self.wanted.address(partner="" if one.chosen else one.code), one.chosen)
            for one in self.found.partners
        ]
        return found if len(found) > 1 or any(choice.chosen for choice in found) else []

    @property
    def prices(self) -> list[Choice]:
        """Return the spans of prices to narrow to; how many there are of each is not counted."""
        listed = []
        for band in price_bands(exponent(self.currency)) if self.currency else ():
            code = f"{band.lower}-{'' if band.upper is None else band.upper}"
            upto = "" if band.upper is None else f" {formats.money(band.upper, self.currency)}"
            text = f"{formats.money(band.lower, self.currency)} \N{EN DASH}{upto}"
            chosen = self.wanted.price == code
            listed.append(Choice(text, 0, self.wanted.address(price="" if chosen else code), chosen))
        return listed


@dataclass(frozen=True, slots=True)
class OffersWanted:
    """What is asked for of offers; each is a parameter of the address, left out where it is empty."""

    q: str = ""
    partner: str = ""
    brand: str = ""
    price: str = ""
    sort: str = ""

    def address(self, **changed: str) -> str:
        """Return the address of the first page of this list, with something changed."""
        stated = {name: changed.get(name, getattr(self, name)) for name in self.__slots__}
        return "?" + urlencode({FROM: PARTNERS} | {name: value for name, value in stated.items() if value})

    def narrowing(self, *, offset: int, limit: int) -> Narrowing:
        """Return it as the search takes it."""
        low, high = Wanted(price=self.price).prices
        sort: OfferSort = "relevance"
        if self.sort in {"price", "price_desc"}:
            sort = self.sort  # type: ignore[assignment] # one of the two
        return Narrowing(
            partner=self.partner, brand=self.brand, price_from=low, price_to=high, sort=sort, offset=offset, limit=limit
        )


@dataclass(slots=True)
class _Own:
    """Own products that are the same things as offers: those of the page, and others as they are needed."""

    listed: dict[int, Good]
    others: dict[int, Good] = field(default_factory=dict)

    def find(self, product_id: int | None) -> Good | None:
        return self.listed.get(product_id or 0) or self.others.get(product_id or 0)


def currency_for(guest: Guest) -> str:
    """Return the money in which a guest reads prices: of the store, else of the chain's first; nothing without any."""
    store = guest.store or next(iter(guest.stores.open.values()), None)
    return store.place.currency if store else ""


def offers_beside(guest: Guest, listing: Listing) -> Beside | None:
    """Return what partners offer of what a list was asked for; None where that is none of theirs, or nothing."""
    wanted = listing.wanted
    if listing.pages.number > 1 or wanted.department or wanted.category:
        return None
    asked = OffersWanted(wanted.q, brand=wanted.brand, price=wanted.price, sort=wanted.sort)
    found = _find(asked, guest, offset=0, limit=MORE)
    if found is None or not found.total:
        return None
    own = _own_of(guest, found.groups, listing.goods)
    display = plan_display(
        Match(listing.total, bool(listing.suggestion), listing.relaxed),
        Match(found.total, bool(found.suggestion), found.relaxed),
        here=listing.here if guest.store and listing.found else None,
        things=[group.product_id for group in found.groups],
        listed=own.listed.keys(),
        in_stock=_in_stock(guest, own),
    )
    things = _things(guest, found.groups, own)
    shown = display.offers[: MORE if display.order[0] is Section.OFFERS else FEW]
    told = [things[position] for position in shown]
    notes = {product_id: things[position] for product_id, position in display.beside.items()}
    _note(guest, [thing.card.id for thing in (*told, *notes.values())])
    above = [good for identity in display.above if (good := own.find(identity))]
    return Beside(display, told, above, notes, found.total, asked.address(), found.suggestion, found.relaxed)


def list_offers(request: HttpRequest, guest: Guest, *, reason: str = "") -> OfferList:
    """Return the page of a list of offers that the address asks for; `reason` is why it stands for the chain's own."""
    stated = {name: text_of(request.GET, name) for name in OffersWanted.__slots__}
    if stated["sort"] not in {"price", "price_desc"}:
        stated["sort"] = ""
    wanted = OffersWanted(**stated)
    number = min(asked_page(request), FARTHEST_PAGE, FARTHEST_OFFER // PAGE_GOODS)
    found = _find(wanted, guest, offset=(number - 1) * PAGE_GOODS, limit=PAGE_GOODS) or OfferPage()
    pages = Pages(number, min(found.total, FARTHEST_OFFER), PAGE_GOODS, address=wanted.address())
    own = _own_of(guest, found.groups, [])
    in_stock = _in_stock(guest, own)
    things = _things(guest, found.groups, own)
    told = [thing for thing, group in zip(things, found.groups, strict=True) if group.product_id not in in_stock]
    _note(guest, [thing.card.id for thing in told])
    above = [
        own.others[identity] for identity in dict.fromkeys(g.product_id for g in found.groups) if identity in in_stock
    ]
    return OfferList(wanted, told, above, pages, found, currency_for(guest), reason)


def offers_typed(guest: Guest, text: str, *, most: int) -> list[OfferCard]:
    """Return what partners offer by words that are being typed; nothing while there is no index of offers."""
    currency = currency_for(guest)
    try:
        found = suggest_offers(text, currency=currency, limit=most, now=guest.now) if currency else ()
    except IndexMissingError:
        found = ()
    return cards_of(found, guest)


def beside_product(guest: Guest, good: Good) -> list[OfferCard]:
    """Return what partners offer of the same thing as one of the chain's products."""
    found = offered_beside(good.product.id, currency=currency_for(guest), now=guest.now)
    cards = cards_of(found, guest)
    _note(guest, [card.id for card in cards])
    return cards


def cards_of(found: Sequence[PricedOffer], guest: Guest) -> list[OfferCard]:
    """Return the cards of offers for this guest."""
    place_id = guest.store.place.id if guest.store else 0
    return offer_cards(
        found, address=offer_address, channel=CHANNEL, place_id=place_id, associate="", now=guest.now
    )  # fmt: skip


def has_it(guest: Guest, good: Good) -> bool:
    """Whether the guest's store has a product now; where none is chosen, any store."""
    return good.where.state == ("here" if guest.store else "elsewhere")


def _find(wanted: OffersWanted, guest: Guest, *, offset: int, limit: int) -> OfferPage | None:
    currency = currency_for(guest)
    if not currency:
        return None
    try:
        narrowing = wanted.narrowing(offset=offset, limit=limit)
        return find_offers(wanted.q, currency=currency, narrowing=narrowing, now=guest.now)
    except IndexMissingError:
        logger.warning("There is no index of offers yet; none are shown")
        return None


def _own_of(guest: Guest, groups: Iterable[OfferGroup], listed: Iterable[Good]) -> _Own:
    """Return the own products of things; those that are not on the page are read, where there are any."""
    own = _Own({good.product.id: good for good in listed})
    missing = {group.product_id for group in groups if group.product_id} - own.listed.keys()
    if missing:
        (others,) = lots(guest, sorted(missing))
        own.others = {good.product.id: good for good in others}
    return own


def _in_stock(guest: Guest, own: _Own) -> set[int]:
    return {identity for identity, good in (own.listed | own.others).items() if has_it(guest, good)}


def _things(guest: Guest, groups: Sequence[OfferGroup], own: _Own) -> list[Thing]:
    cards = cards_of([group.first for group in groups], guest)
    return [
        Thing(card, group.count - 1, own.find(group.product_id))
        for card, group in zip(cards, groups, strict=True)
    ]  # fmt: skip


def _note(guest: Guest, ids: Sequence[int]) -> None:
    note_shown(ids, channel=CHANNEL, place_id=guest.store.place.id if guest.store else None)
