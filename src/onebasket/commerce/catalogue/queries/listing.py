"""Products as lists show them and as search takes them in, with their brand; one statement each."""

from collections.abc import Iterable, Sequence
from sys import intern
from typing import Any

import msgspec

from onebasket.base import bulk

_SELECT = (
    "SELECT p.id, p.sku, p.name, u.code, u.decimals, p.department, p.category, p.brand, p.tracked, p.weighed, p.active "
    "FROM catalogue_product p JOIN catalogue_unit u ON u.id = p.unit_id"
)


class ListedProduct(msgspec.Struct, frozen=True, gc=False):
    """A product as people choose it; quantities of it count steps of `unit`, which has `decimals`."""

    id: int
    sku: str
    name: str
    unit: str
    decimals: int
    department: str
    category: str
    brand: str
    tracked: bool
    weighed: bool
    active: bool


def listed_after(product_id: int, *, limit: int) -> list[ListedProduct]:
    """Return the next products after an id, in the order of their ids, retired ones too."""
    return _fetch(f"{_SELECT} WHERE p.id > %s ORDER BY p.id LIMIT %s", [product_id, limit])


def listed_by_id(ids: Iterable[int]) -> dict[int, ListedProduct]:
    """Return the products of these ids, retired ones too."""
    found = _fetch(f"{_SELECT} WHERE {bulk.in_list('p.id')}", [bulk.list_parameter(set(ids))])
    return {product.id: product for product in found}


def listed_by_sku(skus: Iterable[str]) -> dict[str, ListedProduct]:
    """Return the products of these SKUs, retired ones too."""
    found = _fetch(f"{_SELECT} WHERE {bulk.in_list('p.sku')}", [bulk.list_parameter(set(skus))])
    return {product.sku: product for product in found}


def _fetch(sql: str, parameters: Sequence[Any]) -> list[ListedProduct]:
    return [
        ListedProduct(
            identity, sku, name, intern(unit), decimals, intern(department), intern(category), intern(brand),
            bool(tracked), bool(weighed), bool(active),
        )
        for identity, sku, name, unit, decimals, department, category, brand, tracked, weighed, active in bulk.fetch(
            sql, parameters
        )
    ]  # fmt: skip
