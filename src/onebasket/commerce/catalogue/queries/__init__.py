"""Reads of products, units and barcodes, in a fixed number of statements."""

from collections.abc import Callable, Collection, Iterable, Sequence
from sys import intern
from typing import Any

from onebasket.base import bulk
from onebasket.commerce.catalogue.queries.remembered import Memory, ask_recall, look_up, recall
from onebasket.commerce.catalogue.queries.templates import barcode_templates
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.kernel.barcodes import lookup_keys
from onebasket.kernel.quantity import Unit

_COLUMNS = "p.id, p.sku, p.name, u.code, u.decimals, p.tracked, p.weighed, p.active, p.department, p.category, p.brand"
_FROM = "FROM catalogue_product p JOIN catalogue_unit u ON u.id = p.unit_id"
_MOST_WORDS = 8
Products = tuple[dict[str, ProductFacts], dict[int, ProductFacts]]


def known_products(*, skus: Collection[str] = (), ids: Collection[int] = ()) -> Products:
    """Return the products of SKUs and those of ids, retired ones too, as of one state. Three statements."""
    return ask_products()(skus, ids) if skus or ids else ({}, {})


def ask_products() -> Callable[[Collection[str], Collection[int]], Products]:
    """Ask for the catalogue's revision; the call returned finds products of SKUs and of ids as of it, or later ones.

    None of them waits for anything, where this process knows the products.
    """
    recalled = ask_recall()
    return lambda skus, ids: _look_up(recalled(), skus, ids)


def _look_up(memory: Memory, skus: Collection[str], ids: Collection[int]) -> Products:
    return look_up(memory.by_sku, skus, _fetch_by_sku), look_up(memory.by_id, ids, _fetch_by_id)


def products_by_sku(skus: Iterable[str]) -> dict[str, ProductFacts]:
    """Return the products that these SKUs name, retired ones too; unknown ones are left out. Two statements."""
    return look_up(recall().by_sku, skus, _fetch_by_sku)


def products_by_id(ids: Iterable[int]) -> dict[int, ProductFacts]:
    """Return the products of these ids. Two statements."""
    return look_up(recall().by_id, ids, _fetch_by_id)


def _fetch_by_sku(missing: set[str]) -> dict[str, ProductFacts]:
    found = _fetch(f"SELECT {_COLUMNS} {_FROM} WHERE {bulk.in_list('p.sku')}", [bulk.list_parameter(missing)])
    return {product.sku: product for product in found}


def _fetch_by_id(missing: set[int]) -> dict[int, ProductFacts]:
    found = _fetch(f"SELECT {_COLUMNS} {_FROM} WHERE {bulk.in_list('p.id')}", [bulk.list_parameter(missing)])
    return {product.id: product for product in found}


def products_by_code(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ProductFacts]:
    """Return the product of each (kind, normalised code), retired ones too; unknown keys are left out.

    Two statements.
    """
    return look_up(recall().by_code, keys, _fetch_by_code)


def products_by_scan(codes: Iterable[str]) -> dict[str, ProductFacts]:
    """Return the product of each code as scanned: by its best key that names one; unknown ones are left out.

    Three statements.
    """
    templates = barcode_templates()

    def fetch(missing: set[str]) -> dict[str, ProductFacts]:
        keys = {code: lookup_keys(code, templates) for code in missing}
        found = products_by_code({key for each in keys.values() for key in each})
        best = {code: next((key for key in each if key in found), None) for code, each in keys.items()}
        return {code: found[key] for code, key in best.items() if key}

    return look_up(recall().scanned(templates), codes, fetch)


def units() -> dict[str, Unit]:
    """Return every unit by its code."""
    found = bulk.fetch("SELECT code, decimals, name FROM catalogue_unit ORDER BY code")
    return {code: Unit(code, decimals, name) for code, decimals, name in found}


def search_products(text: str, limit: int) -> list[ProductFacts]:
    """Return at most `limit` products whose SKU or barcode is the text or whose name holds each of its words.

    An exact SKU or barcode comes first, then names in order. Letters outside ASCII compare exactly on SQLite.
    """
    words = text.replace("\x00", "").lower().split()[:_MOST_WORDS]
    if not words:
        return []
    exact = text.strip().replace("\x00", "")
    codes = [exact, exact.zfill(14)]
    named = " AND ".join(["LOWER(p.name) LIKE %s ESCAPE '!'"] * len(words))
    sql = (
        f"SELECT {_COLUMNS} {_FROM} WHERE p.sku = %s "  # noqa: S608 - constants
        f"OR p.id IN (SELECT product_id FROM catalogue_barcode WHERE {bulk.in_list('code')}) OR ({named}) "
        f"ORDER BY CASE WHEN {named} AND p.sku <> %s THEN 1 ELSE 0 END, p.name, p.id LIMIT %s"
    )
    patterns = [f"%{_escaped(word)}%" for word in words]
    return _fetch(sql, [exact, bulk.list_parameter(codes), *patterns, *patterns, exact, limit])


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _fetch_by_code(keys: set[tuple[str, str]]) -> dict[tuple[str, str], ProductFacts]:
    sql = (
        f"SELECT b.kind, b.code, {_COLUMNS} FROM catalogue_barcode b "  # noqa: S608 - constants
        "JOIN catalogue_product p ON p.id = b.product_id JOIN catalogue_unit u ON u.id = p.unit_id "
        f"WHERE {bulk.in_list('b.code')}"
    )
    found = bulk.fetch(sql, [bulk.list_parameter({code for _, code in keys})])
    return {(kind, code): _product(row) for kind, code, *row in found if (kind, code) in keys}


def _fetch(sql: str, parameters: Sequence[Any]) -> list[ProductFacts]:
    return [_product(row) for row in bulk.fetch(sql, parameters)]


def _product(row: Sequence[Any]) -> ProductFacts:
    identity, sku, name, unit, decimals, tracked, weighed, active, department, category, brand = row
    return ProductFacts(
        identity, sku, name, intern(unit), decimals, bool(tracked), bool(weighed), bool(active), intern(department),
        intern(category), intern(brand),
    )  # fmt: skip
