"""Products and offers as the engine takes them in; one that cannot be read never keeps the others out."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

import tantivy

from onebasket.commerce.search.queries.index import own_field, price_field
from onebasket.commerce.search.queries.source import Indexed
from onebasket.commerce.search.rules.documents import group_words, name_words
from onebasket.commerce.search.rules.weights import chain_weight, sales_class

logger = logging.getLogger(__name__)
Item = TypeVar("Item")

MOST_TOLD: Final = 100
"""So many that cannot be read are told one by one, each once: a fault of ours may be in every one of them."""
_told: set[tuple[str, int]] = set()


def documents_of(
    items: Iterable[Item], make: Callable[[Item], tantivy.Document], *, kind: str, id_of: Callable[[Item], int]
) -> Iterator[tantivy.Document]:
    """Yield what is indexed of each of some things; one that cannot be read is left out, and told once by its id."""
    for item in items:
        try:
            document = make(item)
        except Exception:  # whatever fails is this one's own, and would stop the keeper for good
            if _is_to_be_told(kind, id_of(item)):
                logger.exception("%s %d cannot be read, and is left out of the index", kind, id_of(item))
        else:
            yield document


def product_documents(items: Iterable[Indexed]) -> Iterator[tantivy.Document]:
    """Yield what is indexed of each product."""
    return documents_of(items, document_of, kind="product", id_of=lambda item: item.product.id)


def _is_to_be_told(kind: str, identity: int) -> bool:
    if (kind, identity) in _told or len(_told) >= MOST_TOLD:
        return False
    _told.add((kind, identity))
    return True


def document_of(item: Indexed) -> tantivy.Document:
    """Return what is indexed of a product."""
    product = item.product
    name = name_words(product.name)
    department, category, brand = map(group_words, (product.department, product.category, product.brand))
    document = tantivy.Document()
    document.add_text("kind", "product")
    document.add_unsigned("product", product.id)
    document.add_text("sku", product.sku)
    document.add_text("name", name.name)
    document.add_text("head", name.head)
    document.add_text("core", name.whole.rpartition(" ")[2])
    document.add_text("whole", name.whole)
    document.add_text("whole_category", category.stems)
    document.add_text("label", name.label)
    document.add_text("sizes", name.sizes)
    document.add_text("category_words", category.stems)
    document.add_text("brand_words", brand.stems)
    document.add_text("anywhere", f"{name.name} {category.stems} {brand.stems} {department.stems}")
    document.add_text("surface", f"{name.surface} {category.surface} {brand.surface} {department.surface}")
    document.add_text("department", product.department)
    document.add_text("category", product.category)
    document.add_text("brand", product.brand)
    _add_figures(document, item)
    return document


def _add_figures(document: tantivy.Document, item: Indexed) -> None:
    document.add_text("here", item.here)
    for currency, amount in item.prices.items():
        document.add_unsigned(price_field(currency), amount)
    for place_id, amount in item.own.items():
        document.add_unsigned(own_field(place_id), amount)
    if item.sold:
        document.add_text("sold", " ".join(f"{place}:{sales_class(lines)}" for place, lines in item.sold.items()))
    document.add_float("weight", chain_weight(sum(item.sold.values())))
