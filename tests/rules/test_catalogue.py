"""Which codes a product may be stated with, and which statements are refused."""

import pytest

from onebasket.commerce.catalogue.rules import (
    BarcodeItem,
    ProductChanged,
    ProductItem,
    normal_barcode,
    normal_barcodes,
    stated_product,
)
from onebasket.kernel.quantity import Unit

UNITS = {"each": Unit("each", 0), "kg": Unit("kg", 3)}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (BarcodeItem("4006381333931"), ("gtin", "04006381333931")),
        (BarcodeItem("036000291452"), ("gtin", "00036000291452")),
        (BarcodeItem("96385074"), ("gtin", "00000096385074")),
        (BarcodeItem("4011"), ("plu", "4011")),
        (BarcodeItem("94011", "plu"), ("plu", "94011")),
        (BarcodeItem("2100012", "instore"), ("instore", "2100012")),
    ],
)
def test_codes_take_the_form_of_look_ups(item: BarcodeItem, expected: tuple[str, str]) -> None:
    assert normal_barcode(item) == expected


@pytest.mark.parametrize(
    ("item", "part"),
    [
        (BarcodeItem("4006381333932"), "'4006381333932' cannot be right"),
        (BarcodeItem("4006381333931", "plu"), "is gtin, not plu"),
        (BarcodeItem("4011", "gtin"), "is plu, not gtin"),
        (BarcodeItem("abc"), "'abc' cannot be right"),
        (BarcodeItem("21x", "instore"), "'21x' cannot be right"),
    ],
)
def test_codes_that_cannot_be_right(item: BarcodeItem, part: str) -> None:
    found = normal_barcode(item)

    assert isinstance(found, str)
    assert part in found


def state(
    item: ProductItem, known: ProductChanged | None = None, owners: dict[tuple[str, str], str] | None = None
) -> ProductChanged | str:
    return stated_product(item, known, codes=normal_barcodes(item), units=UNITS, owners=owners or {})


MILK = ProductItem("k1", "MILK", "Milk", barcodes=(BarcodeItem("4011"), BarcodeItem("4006381333931")))


def test_codes_stand_sorted_and_once() -> None:
    doubled = ProductItem("k1", "MILK", "Milk", barcodes=(*(MILK.barcodes or ()), BarcodeItem("04006381333931")))

    found = state(doubled)

    assert isinstance(found, ProductChanged)
    assert found.barcodes == (("gtin", "04006381333931"), ("plu", "4011"))


def test_without_codes_the_known_ones_stay() -> None:
    known = state(MILK)
    assert isinstance(known, ProductChanged)

    renamed = state(ProductItem("k2", "MILK", "Whole milk"), known)
    emptied = state(ProductItem("k3", "MILK", "Whole milk", barcodes=()), known)

    assert isinstance(renamed, ProductChanged)
    assert renamed.barcodes == known.barcodes
    assert isinstance(emptied, ProductChanged)
    assert emptied.barcodes == ()


def test_refusals() -> None:
    known = state(MILK)
    assert isinstance(known, ProductChanged)

    assert state(ProductItem("k", "MILK", "Milk", unit="kg"), known) == (
        "unit: MILK is counted in each, and its stock with it. Retire it and load it under another SKU."
    )
    assert state(ProductItem("k", "OIL", "Oil", unit="gal")) == (
        "unit: there is no unit 'gal'. Load it first; known are each, kg."
    )
    assert state(MILK, owners={("plu", "4011"): "BANANA"}) == (
        "barcodes: plu 4011 belongs to BANANA. Send BANANA without it first."
    )
    assert state(MILK, owners={("plu", "4011"): "MILK"}) == known
