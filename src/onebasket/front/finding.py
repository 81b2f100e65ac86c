"""What a scanned code or typed words mean: one product, or several to choose from."""

import logging
from dataclasses import dataclass
from datetime import datetime

from onebasket.commerce.catalogue.queries import products_by_scan, products_by_sku, search_products
from onebasket.commerce.catalogue.queries.browsing import ShownProduct, shown_by_id, shown_by_sku
from onebasket.commerce.catalogue.queries.templates import barcode_templates
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.partners.queries.offers import PricedOffer
from onebasket.commerce.search.queries import IndexMissingError, find
from onebasket.commerce.search.queries.finding_offers import find_offers
from onebasket.commerce.search.rules.messages import SearchQuery
from onebasket.commerce.search.rules.offer_messages import Narrowing
from onebasket.kernel.barcodes import BadCode, parse

LONGEST_SKU = 64
LONGEST_SCAN = 120
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Meant:
    """What somebody means: `product` where it is one, by its code or SKU; else `products` by words, best first.

    `counter_only`: a product of ours that keeps no stock, such as a deposit. `misread`: digits that are no code,
    because their check digit does not fit. `mended` is how the words were read, where one had to be mended.
    """

    product: ShownProduct | None = None
    products: tuple[ShownProduct, ...] = ()
    counter_only: ProductFacts | None = None
    misread: bool = False
    mended: str = ""


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


def offers_found(text: str, *, currency: str, limit: int, now: datetime) -> list[PricedOffer]:
    """Return what partners offer by words, each thing once, best first; nothing while there is no index."""
    if not text.strip():
        return []
    try:
        page = find_offers(text, currency=currency, narrowing=Narrowing(limit=limit), now=now)
    except IndexMissingError:
        return []
    return [] if page.relaxed else [group.first for group in page.groups]


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
    return Meant(products=products, misread=misread, mended=page.suggestion)
