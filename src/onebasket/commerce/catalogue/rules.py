"""What can be sold, by which codes it is found, and which statements about it are refused."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.kernel import barcodes
from onebasket.kernel.quantity import MAX_DECIMALS, Unit

Sku = Annotated[str, Meta(min_length=1, max_length=64)]
BarcodeKey = tuple[str, str]
_LONGEST_CODE = 48


class ProductFacts(msgspec.Struct, frozen=True, gc=False):
    """A product as every batch reads it; quantities of it count steps of `unit`, which has `decimals`."""

    id: int
    sku: str
    name: str
    unit: str
    decimals: int
    tracked: bool
    weighed: bool
    active: bool
    department: str
    category: str
    brand: str = ""


class UnitItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A unit of measure as a source states it, such as kg with 3 decimals."""

    code: Annotated[str, Meta(min_length=1, max_length=16)]
    decimals: Annotated[int, Meta(ge=0, le=MAX_DECIMALS)]
    name: Annotated[str, Meta(max_length=64)] = ""


class BarcodeItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A code as printed. Without `kind` the digits say what they are; instore means a template's prefix and item."""

    code: Annotated[str, Meta(min_length=1, max_length=_LONGEST_CODE)]
    kind: Literal["gtin", "plu", "instore", ""] = ""


class ProductItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A product as a source states it, whole; a retired one comes back by being stated again.

    `barcodes` is every code it is found by; None leaves the codes as they are. `unit` cannot change.
    """

    sku: Sku
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    unit: Annotated[str, Meta(min_length=1, max_length=16)] = "each"
    department: Annotated[str, Meta(max_length=80)] = ""
    category: Annotated[str, Meta(max_length=120)] = ""
    brand: Annotated[str, Meta(max_length=80)] = ""
    tracked: bool = True
    weighed: bool = False
    minimum_age: Annotated[int, Meta(ge=0, le=120)] | None = None
    deposit_sku: Annotated[str, Meta(max_length=64)] = ""
    tender_restriction: Annotated[str, Meta(max_length=32)] = ""
    barcodes: Annotated[tuple[BarcodeItem, ...], Meta(max_length=200)] | None = None


class ProductRetirement(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A product to retire: its codes are still read at tills, and nobody can order it."""

    sku: Sku


class UnitChanged(msgspec.Struct, frozen=True):
    """A unit of measure was made or renamed."""

    code: str
    decimals: int
    name: str


class ProductChanged(msgspec.Struct, frozen=True, gc=False):
    """A product was made, changed, or came back; `barcodes` are all its (kind, normal form), sorted."""

    sku: str
    name: str
    unit: str
    department: str
    category: str
    brand: str
    tracked: bool
    weighed: bool
    minimum_age: int | None
    deposit_sku: str
    tender_restriction: str
    barcodes: tuple[BarcodeKey, ...]


class ProductRetired(msgspec.Struct, frozen=True):
    """A product can be ordered no more; a tombstone."""

    sku: str


EVENTS: dict[str, type[msgspec.Struct]] = {
    "unit.changed": UnitChanged,
    "product.changed": ProductChanged,
    "product.retired": ProductRetired,
}
"""The data of each event type that the catalogue emits."""


def normal_barcode(item: BarcodeItem) -> BarcodeKey | str:
    """Return the (kind, normal form) that look-ups use, or a sentence that says why the code cannot be right."""
    if item.kind == "instore" and item.code.isascii() and item.code.isdigit():
        return "instore", item.code
    scan = barcodes.parse(item.code)
    if isinstance(scan, barcodes.BadCode):
        return f"barcodes: {item.code!r} cannot be right. {scan.explanation}"
    if item.kind not in {"", scan.kind}:
        return f"barcodes: {item.code!r} is {scan.kind}, not {item.kind}. Leave the kind out, or correct it."
    return scan.kind, scan.code


def normal_barcodes(item: ProductItem) -> tuple[BarcodeKey, ...] | str | None:
    """Return the codes that a product is stated to be found by, sorted; a sentence when one cannot be right."""
    if item.barcodes is None:
        return None
    codes = set()
    for stated in item.barcodes:
        code = normal_barcode(stated)
        if isinstance(code, str):
            return code
        codes.add(code)
    return tuple(sorted(codes))


def stated_product(
    item: ProductItem,
    known: ProductChanged | None,
    *,
    codes: tuple[BarcodeKey, ...] | str | None,
    units: Mapping[str, Unit],
    owners: Mapping[BarcodeKey, str],
) -> ProductChanged | str:
    """Return the product as it will stand, or a sentence that says why the statement is refused.

    `codes` are the item's `normal_barcodes`; `owners` says to which SKU each code belongs now.
    """
    if item.unit not in units:
        return f"unit: there is no unit {item.unit!r}. Load it first; known are {', '.join(sorted(units)) or 'none'}."
    if known is not None and known.unit != item.unit:
        return (
            f"unit: {item.sku} is counted in {known.unit}, and its stock with it. "
            "Retire it and load it under another SKU."
        )
    if isinstance(codes, str):
        return codes
    for kind, code in codes or ():
        owner = owners.get((kind, code), item.sku)
        if owner != item.sku:
            return f"barcodes: {kind} {code} belongs to {owner}. Send {owner} without it first."
    return ProductChanged(
        sku=item.sku,
        name=item.name,
        unit=item.unit,
        department=item.department,
        category=item.category,
        brand=item.brand,
        tracked=item.tracked,
        weighed=item.weighed,
        minimum_age=item.minimum_age,
        deposit_sku=item.deposit_sku,
        tender_restriction=item.tender_restriction,
        barcodes=_codes_to_stand(codes, known),
    )


def _codes_to_stand(codes: tuple[BarcodeKey, ...] | None, known: ProductChanged | None) -> tuple[BarcodeKey, ...]:
    if codes is not None:
        return codes
    return known.barcodes if known else ()
