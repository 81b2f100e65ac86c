"""What a scanned code or typed words mean: one product, or several to choose from."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from onebasket.commerce.catalogue.queries import products_by_scan, products_by_sku, search_products
from onebasket.commerce.catalogue.queries.browsing import ShownProduct, shown_by_id, shown_by_sku
from onebasket.commerce.catalogue.queries.templates import barcode_templates
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.partners.queries.offers import PricedOffer
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.search.queries import IndexMissingError, find
from onebasket.commerce.search.queries.finding_offers import OfferPage, find_offers
from onebasket.commerce.search.rules.display import Match, Section, plan_display
from onebasket.commerce.search.rules.messages import SearchQuery
from onebasket.commerce.search.rules.offer_messages import Narrowing
from onebasket.commerce.stock.queries import available_among, buffers_of
from onebasket.kernel.barcodes import BadCode, parse

LONGEST_SKU = 64
LONGEST_SCAN = 120
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Meant:
    """What somebody means: `product` where it is one, by its code or SKU; else `products` by words, best first.

    `counter_only`: a product of ours that keeps no stock, such as a deposit. `misread`: digits that are no code,
    because their check digit does not fit. `mended` is how the words were read, where one had to be mended; `relaxed`:
    nothing has all of them, and these have most.
    """

    product: ShownProduct | None = None
    products: tuple[ShownProduct, ...] = ()
    counter_only: ProductFacts | None = None
    misread: bool = False
    mended: str = ""
    relaxed: bool = False


def what_is_meant(text: str, *, place_id: int, limit: int, now: datetime) -> Meant:
    """Say what a scanned code, a PLU, a SKU or words mean, at a place."""
    stated = text.strip()[:LONGEST_SCAN]
    if not stated:
        return Meant()
    facts = _by_code(stated)
    if facts is not None:
        shown = shown_by_sku([facts.sku]).get(facts.sku)
        return Meant(product=shown) if shown else Meant(counter_only=facts)
    if stated.isdigit() and isinstance(code := parse(stated, barcode_templates()), BadCode):
        misread = code.reason in {"check_digit", "inner_check"}
    else:
        misread = False
    return _by_words(stated, place_id, limit, now, misread=misread)


@dataclass(frozen=True, slots=True)
class Laid:
    """What words found, as it is laid out: own products, partners' offers, and which of the two come first.

    `above` goes before both: own products that the place has, the same things as offers that the words found.
    """

    above: tuple[ShownProduct, ...]
    products: tuple[ShownProduct, ...]
    offers: tuple[PricedOffer, ...]
    offers_first: bool


def lay_out(text: str, meant: Meant, *, place: PlaceFacts, channel: str, limit: int, now: datetime) -> Laid:
    """Lay own products out beside what partners offer by the same words, by the rules of `search/rules/display.py`.

    An offer of what the place has in stock is left to the product's own page.
    """
    page = _offers(text, place.currency, limit, now)
    listed = {product.id for product in meant.products}
    things = [group.product_id for group in page.groups]
    same = shown_by_id({identity for identity in things if identity is not None} - listed)
    here = _in_stock([*meant.products, *same.values()], place, channel, now)
    display = plan_display(
        Match(len(meant.products), bool(meant.mended), meant.relaxed),
        Match(page.total, bool(page.suggestion), page.relaxed),
        here=len(here & listed),
        things=things,
        listed=listed,
        in_stock=here,
    )
    above = tuple(same[identity] for identity in display.above if identity in same)
    offers = tuple(page.groups[position].first for position in display.offers)
    return Laid(above, meant.products, offers, display.order[0] is Section.OFFERS)


def offers_found(text: str, *, currency: str, limit: int, now: datetime) -> list[PricedOffer]:
    """Return what partners offer by words, each thing once, best first."""
    return [group.first for group in _offers(text, currency, limit, now).groups]


def _offers(text: str, currency: str, limit: int, now: datetime) -> OfferPage:
    """Return what partners offer by all of the words; nothing while there is no index."""
    if not text.strip():
        return OfferPage()
    try:
        page = find_offers(text, currency=currency, narrowing=Narrowing(limit=limit), now=now)
    except IndexMissingError:
        return OfferPage()
    return OfferPage() if page.relaxed else page


def _in_stock(products: Sequence[ShownProduct], place: PlaceFacts, channel: str, now: datetime) -> frozenset[int]:
    """Return the ids of those products of which the place has something left for a channel; two statements."""
    units = {product.id: product.unit for product in products}
    free = available_among([place.id], units, now=now)
    buffers = buffers_of([place.id], product_ids=units)
    return frozenset(
        product
        for (_, product), left in free.items()
        if left > buffers.kept_back(place_id=place.id, channel=channel, product_id=product, unit=units[product])
    )


def _by_code(text: str) -> ProductFacts | None:
    found = products_by_scan([text]).get(text)
    if found is None and len(text) <= LONGEST_SKU:
        found = products_by_sku([text]).get(text)
    return found if found is not None and found.active else None


def _by_words(text: str, place_id: int, limit: int, now: datetime, *, misread: bool) -> Meant:
    try:
        page = find(SearchQuery(text=text, place_id=place_id, limit=limit), now=now)
    except IndexMissingError:
        logger.warning("There is no index of search yet; the catalogue's own order serves")
        found = search_products(text, limit)
        shown = shown_by_id(product.id for product in found)
        return Meant(products=tuple(shown[one.id] for one in found if one.id in shown), misread=misread)
    shown = shown_by_id(hit.product_id for hit in page.hits)
    products = tuple(shown[hit.product_id] for hit in page.hits if hit.product_id in shown)
    return Meant(products=products, misread=misread, mended=page.suggestion, relaxed=page.relaxed)
