"""Products and their barcodes between the tables and the rules, for one batch."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from onebasket.base import bulk
from onebasket.base.columns import Row
from onebasket.commerce.catalogue.models import Barcode, Product, Revision
from onebasket.commerce.catalogue.rules import BarcodeKey, ProductChanged, ProductItem

StatedCodes = tuple[BarcodeKey, ...] | str | None
_NAMES = (
    "sku", "name", "unit", "department", "category", "brand", "tracked", "weighed", "minimum_age", "deposit_sku",
    "tender_restriction", "active",
)  # fmt: skip
_PRODUCTS = (
    "SELECT p.id, p.active, p.sku, p.name, u.code, p.department, p.category, p.brand, p.tracked, p.weighed, "
    "p.minimum_age, p.deposit_sku, p.tender_restriction "
    "FROM catalogue_product p JOIN catalogue_unit u ON u.id = p.unit_id"
)


@dataclass(slots=True)
class ProductBook:
    """The products and codes that a batch names: as the tables hold them, and as the batch leaves them."""

    ids: dict[str, int] = field(default_factory=dict)
    held: dict[str, ProductChanged] = field(default_factory=dict)
    held_codes: dict[BarcodeKey, tuple[int, str]] = field(default_factory=dict)
    products: dict[str, ProductChanged] = field(default_factory=dict)
    active: dict[str, bool] = field(default_factory=dict)
    owners: dict[BarcodeKey, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)

    def put(self, stated: ProductChanged) -> None:
        """Let the product stand as stated, active, with its codes and no others."""
        known = self.products.get(stated.sku)
        for code in known.barcodes if known else ():
            del self.owners[code]
        self.owners.update(dict.fromkeys(stated.barcodes, stated.sku))
        self.products[stated.sku] = stated
        self.active[stated.sku] = True
        self.touched.add(stated.sku)


def load_products(items: Sequence[ProductItem], codes_stated: Sequence[StatedCodes]) -> ProductBook:
    """Read the products that a batch names, their codes, and whose the codes are that it states: three statements."""
    book = ProductBook()
    rows = bulk.fetch(f"{_PRODUCTS} WHERE {bulk.in_list('p.sku')}", [bulk.list_parameter({item.sku for item in items})])
    skus = {row[0]: row[2] for row in rows}
    codes: dict[str, list[BarcodeKey]] = {sku: [] for sku in skus.values()}
    for identity, kind, code, product_id in _barcodes("product_id", set(skus)):
        book.held_codes[kind, code] = (identity, skus[product_id])
        codes[skus[product_id]].append((kind, code))
    _add_owners(book, {code for codes in codes_stated if isinstance(codes, tuple) for code in codes})
    for identity, active, sku, *stated in rows:
        book.ids[sku] = identity
        book.active[sku] = bool(active)
        book.held[sku] = _product(sku, stated, codes[sku])
    book.products = dict(book.held)
    book.owners = {code: sku for code, (_, sku) in book.held_codes.items()}
    return book


def renew_revision() -> None:
    """Give the catalogue a new revision, so that no process goes on with what it remembers of the old one."""
    token = secrets.randbits(62) + 1
    if not bulk.execute("UPDATE catalogue_revision SET token = %s", [token]):
        bulk.insert(Revision, ("id", "token"), [(1, token)])


def write_products(book: ProductBook) -> None:
    """Write what the batch made of the products: new and changed rows, codes given up before codes taken."""
    if not book.touched:
        return
    renew_revision()
    units: dict[str, int] = dict(bulk.fetch("SELECT code, id FROM catalogue_unit"))
    fresh = sorted(book.touched - book.held.keys())
    changed = sorted(book.touched & book.held.keys())
    book.ids.update(zip(fresh, bulk.next_ids(Product, len(fresh)), strict=True))
    bulk.insert(Product, ("id", *_NAMES), [(book.ids[sku], *_row(book.products[sku], units)) for sku in fresh])
    bulk.update_guarded(Product, _NAMES[:1], _NAMES[1:], [_row(book.products[sku], units) for sku in changed])
    given_up = [identity for code, (identity, sku) in book.held_codes.items() if book.owners.get(code) != sku]
    if given_up:
        sql = f"DELETE FROM catalogue_barcode WHERE {bulk.in_list('id')}"  # noqa: S608 - constants
        bulk.execute(sql, [bulk.list_parameter(given_up)])
    taken = [(code, sku) for code, sku in book.owners.items() if book.held_codes.get(code, (0, ""))[1] != sku]
    bulk.insert(Barcode, ("kind", "code", "product"), [(*code, book.ids[sku]) for code, sku in sorted(taken)])


def _add_owners(book: ProductBook, stated: set[BarcodeKey]) -> None:
    sql = (
        "SELECT b.id, b.kind, b.code, p.sku FROM catalogue_barcode b "  # noqa: S608 - constants
        f"JOIN catalogue_product p ON p.id = b.product_id WHERE {bulk.in_list('b.code')}"
    )
    for identity, kind, code, sku in bulk.fetch(sql, [bulk.list_parameter({code for _, code in stated})]):
        book.held_codes[kind, code] = (identity, sku)


def _barcodes(column: str, values: set[int]) -> list[Row]:
    sql = f"SELECT id, kind, code, product_id FROM catalogue_barcode WHERE {bulk.in_list(column)}"  # noqa: S608
    return bulk.fetch(sql, [bulk.list_parameter(values)])


def _product(sku: str, stated: Sequence[Any], codes: list[BarcodeKey]) -> ProductChanged:
    name, unit, department, category, brand, tracked, weighed, minimum_age, deposit_sku, restriction = stated
    return ProductChanged(
        sku=sku,
        name=name,
        unit=unit,
        department=department,
        category=category,
        brand=brand,
        tracked=bool(tracked),
        weighed=bool(weighed),
        minimum_age=minimum_age,
        deposit_sku=deposit_sku,
        tender_restriction=restriction,
        barcodes=tuple(sorted(codes)),
    )


def _row(product: ProductChanged, units: dict[str, int]) -> Row:
    return (
        product.sku, product.name, units[product.unit], product.department, product.category, product.brand,
        product.tracked, product.weighed, product.minimum_age, product.deposit_sku, product.tender_restriction, True,
    )  # fmt: skip
