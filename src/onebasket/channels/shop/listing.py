"""A list of products as it was asked for: words, store, filters, order and page; found by the index of search.

Where there is no index yet, in the first seconds of a hub, the catalogue's own order serves.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onebasket.channels.shop.addresses import address_of
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.offers import offered_here, popular_here
from onebasket.channels.shop.paging import Pages, asked_page
from onebasket.channels.shop.reading import text_of
from onebasket.channels.shop.words import Word
from onebasket.commerce.catalogue.queries import search_products
from onebasket.commerce.catalogue.queries.browsing import ShownProduct, products_in, shown_by_id
from onebasket.commerce.search.queries import IndexMissingError, find
from onebasket.commerce.search.rules.messages import FacetValue, Hit, SearchPage, SearchQuery
from onebasket.front import formats
from onebasket.front.goods import Good, goods_for

PAGE_GOODS = 24
FARTHEST_PAGE = 400
MOST_VALUES = 12
MOST_DIGITS = 9
SORTS: dict[str, Word] = {
    "relevance": _("What sells best here"),
    "price": _("Price, low first"),
    "price_desc": _("Price, high first"),
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; each is a parameter of the address, left out where it is empty. `price` is such as 0-500.

    `all` shows also what the chosen store does not have now.
    """

    q: str = ""
    department: str = ""
    category: str = ""
    brand: str = ""
    price: str = ""
    all: str = ""
    sort: str = ""

    def address(self, fixed: frozenset[str], **changed: str) -> str:
        """Return the address of the first page of this list, with something changed; `fixed` stands in its path."""
        stated = {name: changed.get(name, getattr(self, name)) for name in self.__slots__ if name not in fixed}
        return "?" + urlencode({name: value for name, value in stated.items() if value})

    @property
    def prices(self) -> tuple[int | None, int | None]:
        """Return the prices from and to, in minor units; 500- has no end, and what is no span is none."""
        low, dash, high = self.price.partition("-")
        if not dash or not all(_is_sum(part) for part in (low, high or "0")):
            return None, None
        return int(low), int(high) if high else None


@dataclass(frozen=True, slots=True)
class Choice:
    """A value to narrow a list to, or to let go again."""

    text: str
    count: int
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list, and how it can be narrowed."""

    wanted: Wanted
    fixed: frozenset[str]
    goods: list[Good]
    pages: Pages
    found: SearchPage | None

    @property
    def total(self) -> int:
        """Return how many products there are."""
        return self.pages.items

    @property
    def here(self) -> int:
        """Return how many of them the chosen store has."""
        return (self.found.facets.available or 0) if self.found else 0

    @property
    def here_address(self) -> str:
        """Return the address of what the chosen store has."""
        return self.wanted.address(self.fixed, all="")

    @property
    def all_address(self) -> str:
        """Return the address of all of it."""
        return self.wanted.address(self.fixed, all="1")

    @property
    def suggestion(self) -> str:
        """Return the words as they were read, where one had to be mended."""
        return self.found.suggestion if self.found else ""

    @property
    def relaxed(self) -> bool:
        """Whether nothing has all that was asked for."""
        return bool(self.found and self.found.relaxed)

    @property
    def sorts(self) -> list[tuple[Word, str, bool]]:
        """Return the orders to choose from: what each is called, its address, whether it is the present one."""
        now = self.wanted.sort or "relevance"
        return [
            (word, self.wanted.address(self.fixed, sort="" if sort == "relevance" else sort), sort == now)
            for sort, word in SORTS.items()
        ]

    @property
    def departments(self) -> list[Choice]:
        """Return the departments to narrow to."""
        return self._choices("department")

    @property
    def categories(self) -> list[Choice]:
        """Return the categories to narrow to."""
        return self._choices("category")

    @property
    def brands(self) -> list[Choice]:
        """Return the brands to narrow to."""
        return self._choices("brand")

    @property
    def prices(self) -> list[Choice]:
        """Return the spans of prices to narrow to."""
        if self.found is None or not self.goods or not self.goods[0].price:
            return []
        currency, listed = self.goods[0].price.currency, []
        for band in self.found.facets.prices:
            code = f"{band.price_from}-{'' if band.price_to is None else band.price_to}"
            upto = "" if band.price_to is None else f" {formats.money(band.price_to, currency)}"
            text = f"{formats.money(band.price_from, currency)} \N{EN DASH}{upto}"
            chosen = self.wanted.price == code
            address = self.wanted.address(self.fixed, price="" if chosen else code)
            listed.append(Choice(text, band.count, address, chosen))
        return listed

    @property
    def narrowed(self) -> list[Choice]:
        """Return what the list is narrowed to, each with the address that lets it go."""
        names = ("department", "category", "brand")
        given = [(name, getattr(self.wanted, name)) for name in names if name not in self.fixed]
        chosen = [
            Choice(value, 0, self.wanted.address(self.fixed, **{name: ""}), chosen=True)
            for name, value in given
            if value
        ]
        return chosen + [choice for choice in self.prices if choice.chosen]

    def _choices(self, name: str) -> list[Choice]:
        if self.found is None or name in self.fixed:
            return []
        values: tuple[FacetValue, ...] = getattr(self.found.facets, {"category": "categories"}.get(name, f"{name}s"))
        listed = []
        for one in values:
            address = self.wanted.address(self.fixed, **{name: "" if one.chosen else one.value})
            listed.append(Choice(one.value, one.count, address, one.chosen))
        return listed[:MOST_VALUES] if len(listed) > 1 or any(choice.chosen for choice in listed) else []


def list_goods(request: HttpRequest, guest: Guest, **fixed: str) -> Listing:
    """Return the page of a list that the address asks for; `fixed` is what its path says of it."""
    stated = {name: text_of(request.GET, name) for name in Wanted.__slots__} | fixed
    if stated["sort"] not in SORTS or stated["sort"] == "relevance":
        stated["sort"] = ""
    wanted = Wanted(**stated)
    number = min(asked_page(request), FARTHEST_PAGE)
    query = _query(wanted, guest, offset=(number - 1) * PAGE_GOODS)
    if fixed.get("category") == "":  # the index narrows to names alone
        return _without_index(wanted, guest, number, frozenset(fixed))
    try:
        found = find(query, now=guest.now)
        if not found.total and query.available_only:
            # Nothing of it is here: show where it is instead of nothing.
            wanted = replace(wanted, all="1")
            found = find(msgspec.structs.replace(query, available_only=False), now=guest.now)
    except IndexMissingError:
        logger.warning("There is no index of search yet; the catalogue's own order serves")
        return _without_index(wanted, guest, number, frozenset(fixed))
    pages = Pages(number, found.total, PAGE_GOODS, address=wanted.address(frozenset(fixed)))
    return Listing(wanted, frozenset(fixed), cards([_shown(hit) for hit in found.hits], guest), pages, found)


def _is_sum(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def cards(rows: list[ShownProduct], guest: Guest) -> list[Good]:
    """Return the cards of products for this guest."""
    return goods_for(rows, guest.stores, guest.wanted, address=address_of, card=guest.card, now=guest.now)


def popular(guest: Guest, department: str = "") -> tuple[int, ...]:
    """Return the ids of what sells best of what the chosen store has; nothing without a store or an index."""
    if guest.store is None:
        return ()
    try:
        return popular_here(guest.store, department, now=guest.now)
    except IndexMissingError:
        return ()


def offers(request: HttpRequest, guest: Guest) -> Listing:
    """Return a page of what is on offer at the chosen store; nothing where none is chosen."""
    ids = offered_here(guest.store, now=guest.now) if guest.store else ()
    pages = Pages(asked_page(request), len(ids), PAGE_GOODS)
    (goods,) = lots(guest, ids[pages.offset : pages.offset + PAGE_GOODS])
    return Listing(Wanted(), frozenset(), goods, pages, None)


def lots(guest: Guest, *ids: Sequence[int]) -> list[list[Good]]:
    """Return the cards of several lots of products, each in its order; all are read together."""
    shown = shown_by_id({identity for lot in ids for identity in lot})
    made = {good.product.id: good for good in cards(list(shown.values()), guest)} if shown else {}
    return [[made[identity] for identity in lot if identity in made] for lot in ids]


def _query(wanted: Wanted, guest: Guest, *, offset: int) -> SearchQuery:
    low, high = wanted.prices
    store = guest.store
    return SearchQuery(
        text=wanted.q,
        department=wanted.department,
        category=wanted.category,
        brand=wanted.brand,
        price_from=low,
        price_to=high,
        place_id=store.place.id if store else 0,
        available_only=store is not None and not wanted.all,
        sort=wanted.sort or "relevance",  # type: ignore[arg-type] # one of SORTS
        offset=offset,
        limit=PAGE_GOODS,
    )


def _shown(hit: Hit) -> ShownProduct:
    return ShownProduct(
        hit.product_id, hit.sku, hit.name, hit.unit, hit.decimals, hit.weighed, hit.brand, hit.department,
        hit.category, None,
    )  # fmt: skip


def _without_index(wanted: Wanted, guest: Guest, number: int, fixed: frozenset[str]) -> Listing:
    offset = (number - 1) * PAGE_GOODS
    if wanted.q:
        found = search_products(wanted.q, PAGE_GOODS)
        shown: Mapping[int, ShownProduct] = shown_by_id(product.id for product in found)
        rows = [shown[product.id] for product in found if product.id in shown]
        total = len(rows)
    else:
        department = guest.departments.by_code.get(wanted.department)
        category = department.by_code.get(wanted.category) if department else None
        rows = products_in(wanted.department, wanted.category, offset=offset, limit=PAGE_GOODS)
        total = category.products if category else 0
    pages = Pages(number, total, PAGE_GOODS, address=wanted.address(fixed))
    return Listing(wanted, fixed, cards(rows, guest), pages, None)
