"""What a shop shows of the assortment: sections with their counts, products by section, and every product in turn.

Shown is what can be ordered: products that are active and whose stock is tracked.
"""

from collections.abc import Iterable, Sequence
from sys import intern
from typing import Any

import msgspec

from onebasket.base import bulk
from onebasket.commerce.catalogue.queries.remembered import recall

_COLUMNS = (
    "p.id, p.sku, p.name, u.code, u.decimals, p.weighed, p.brand, p.department, p.category, p.minimum_age, "
    "p.active AND p.tracked"
)
_FROM = "FROM catalogue_product p JOIN catalogue_unit u ON u.id = p.unit_id"
_SHOWN = "p.active AND p.tracked"


class ShownProduct(msgspec.Struct, frozen=True, gc=False):
    """A product as a shop shows it; quantities of it count steps of `unit`, which has `decimals`."""

    id: int
    sku: str
    name: str
    unit: str
    decimals: int
    weighed: bool
    brand: str
    department: str
    category: str
    minimum_age: int | None
    sold: bool = True


class Section(msgspec.Struct, frozen=True, gc=False):
    """A category of a department, and how many products it shows; either may be nameless."""

    department: str
    category: str
    products: int


class Assortment(msgspec.Struct, frozen=True):
    """Every section by department and category, as of one revision of the catalogue."""

    revision: int
    sections: tuple[Section, ...]


_kept: dict[str, Assortment] = {}


def assortment() -> Assortment:
    """Return every section that shows anything; counted once a revision of the catalogue, then one statement."""
    revision = recall().token
    kept = _kept.get("assortment")
    if kept is None or kept.revision != revision or not revision:
        rows = bulk.fetch(
            f"SELECT p.department, p.category, COUNT(*) FROM catalogue_product p WHERE {_SHOWN} "  # noqa: S608 - constants
            "GROUP BY p.department, p.category ORDER BY p.department, p.category"
        )
        kept = _kept["assortment"] = Assortment(revision, tuple(Section(*row) for row in rows))
    return kept


def products_in(department: str, category: str | None, *, offset: int, limit: int) -> list[ShownProduct]:
    """Return a part of the products of a department, or of one category of it, by name; one statement."""
    narrowed = "" if category is None else "AND p.category = %s "
    given = [department] if category is None else [department, category]
    return _fetch(
        f"SELECT {_COLUMNS} {_FROM} WHERE p.department = %s {narrowed}AND {_SHOWN} "
        "ORDER BY p.name, p.id LIMIT %s OFFSET %s",
        [*given, limit, offset],
    )


def shown_by_id(ids: Iterable[int]) -> dict[int, ShownProduct]:
    """Return the products of these ids that are shown; one statement."""
    found = _fetch(
        f"SELECT {_COLUMNS} {_FROM} WHERE {bulk.in_list('p.id')} AND {_SHOWN}",
        [bulk.list_parameter(set(ids))],
    )
    return {product.id: product for product in found}


def shown_by_sku(skus: Iterable[str], *, retired: bool = False) -> dict[str, ShownProduct]:
    """Return the products of these SKUs that are shown; with `retired` also those that are `sold` no more.

    One statement.
    """
    found = _fetch(
        f"SELECT {_COLUMNS} {_FROM} WHERE {bulk.in_list('p.sku')}{'' if retired else f' AND {_SHOWN}'}",
        [bulk.list_parameter(set(skus))],
    )
    return {product.sku: product for product in found}


def parts_of(size: int) -> list[int]:
    """Return the parts that show anything where part n holds the ids from (n - 1) * size + 1; one statement."""
    rows = bulk.fetch(f"SELECT DISTINCT (p.id - 1) / %s + 1 FROM catalogue_product p WHERE {_SHOWN} ORDER BY 1", [size])  # noqa: S608 - constants
    return [int(part) for (part,) in rows]


def names_between(first: int, last: int) -> list[tuple[int, str, str]]:
    """Return id, SKU and name of every shown product whose id is in [first, last], by id; one statement."""
    rows = bulk.fetch(
        f"SELECT p.id, p.sku, p.name FROM catalogue_product p WHERE p.id BETWEEN %s AND %s AND {_SHOWN} ORDER BY p.id",  # noqa: S608 - constants
        [first, last],
    )
    return [(identity, sku, name) for identity, sku, name in rows]


def _fetch(sql: str, parameters: Sequence[Any]) -> list[ShownProduct]:
    return [_shown(row) for row in bulk.fetch(sql, parameters)]


def _shown(row: Sequence[Any]) -> ShownProduct:
    identity, sku, name, unit, decimals, weighed, brand, department, category, minimum_age, sold = row
    return ShownProduct(
        identity, sku, name, intern(unit), decimals, bool(weighed), brand, intern(department), intern(category),
        minimum_age, bool(sold),
    )  # fmt: skip
