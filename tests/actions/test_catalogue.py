"""Products, units and barcodes: made, changed, retired, found."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from onebasket.base.models import Event
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.rules import CONFLICT, CREATED, UNCHANGED, UPDATED, ItemOutcome
from onebasket.commerce.catalogue import queries
from onebasket.commerce.catalogue.actions import retire_products, upsert_products, upsert_units
from onebasket.commerce.catalogue.models import Barcode, Product
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem, ProductRetirement, UnitItem
from onebasket.kernel.quantity import Unit

pytestmark = pytest.mark.django_db

EAN, UPC = "4006381333931", "036000291452"
EAN_KEY, UPC_KEY, PLU_KEY = ("gtin", "04006381333931"), ("gtin", "00036000291452"), ("plu", "4011")


@pytest.fixture
def source() -> int:
    identity = enrol_source("erp", actor="tests")
    upsert_units(identity, [UnitItem("u1", "each", 0), UnitItem("u2", "kg", 3, "kilogram")])
    return identity


def codes(*texts: str) -> tuple[BarcodeItem, ...]:
    return tuple(BarcodeItem(text) for text in texts)


def owners() -> dict[tuple[str, str], str]:
    return {
        key: facts.sku for key, facts in queries.products_by_code([EAN_KEY, UPC_KEY, PLU_KEY, ("plu", "9999")]).items()
    }  # fmt: skip


def test_a_product_is_made_and_found(source: int) -> None:
    item = ProductItem(
        "k1", "BAN", "Bananas", "kg", "PRODUCE", "TROPICAL", weighed=True, minimum_age=18, barcodes=codes("4011", EAN)
    )  # fmt: skip

    assert upsert_products(source, [item]) == [CREATED]

    facts = queries.products_by_sku(["BAN", "NONE"])["BAN"]
    assert (facts.name, facts.unit, facts.decimals, facts.tracked, facts.weighed, facts.active) == (
        "Bananas", "kg", 3, True, True, True,
    )  # fmt: skip
    assert (facts.department, facts.category) == ("PRODUCE", "TROPICAL")
    assert queries.products_by_id([facts.id, -1]) == {facts.id: facts}
    assert queries.products_by_code([EAN_KEY, PLU_KEY, UPC_KEY]) == {EAN_KEY: facts, PLU_KEY: facts}
    assert queries.products_by_code([("plu", "04006381333931"), ("gtin", "4011")]) == {}
    assert queries.units() == {"each": Unit("each", 0), "kg": Unit("kg", 3, "kilogram")}


def test_a_product_is_changed_and_its_codes_with_it(source: int) -> None:
    upsert_products(source, [ProductItem("k1", "A", "Milk", barcodes=codes(EAN, "4011"))])

    assert upsert_products(source, [ProductItem("k2", "A", "Milk", barcodes=codes("4011", EAN))]) == [UNCHANGED]
    assert upsert_products(source, [ProductItem("k3", "A", "Whole milk")]) == [UPDATED]
    assert owners() == {EAN_KEY: "A", PLU_KEY: "A"}
    assert upsert_products(source, [ProductItem("k4", "A", "Whole milk", barcodes=codes(UPC, "4011"))]) == [UPDATED]
    assert owners() == {UPC_KEY: "A", PLU_KEY: "A"}
    assert queries.products_by_sku(["A"])["A"].name == "Whole milk"
    assert json.loads(Event.objects.order_by("id").last().data) == {  # type: ignore[union-attr]
        "sku": "A", "name": "Whole milk", "unit": "each", "department": "", "category": "", "brand": "",
        "tracked": True, "weighed": False, "minimum_age": None, "deposit_sku": "", "tender_restriction": "",
        "barcodes": [["gtin", "00036000291452"], ["plu", "4011"]],
    }  # fmt: skip


def test_a_code_of_another_product_is_refused_and_not_stolen(source: int) -> None:
    upsert_products(source, [ProductItem("k1", "A", "Milk", barcodes=codes(EAN))])

    outcomes = upsert_products(
        source,
        [
            ProductItem("k2", "B", "Cream", barcodes=codes(EAN, UPC)),
            ProductItem("k3", "C", "Oil", barcodes=codes(UPC)),
            ProductItem("k4", "D", "Salt", barcodes=codes(UPC)),
        ],
    )

    assert outcomes == [
        ItemOutcome("invalid", "barcodes: gtin 04006381333931 belongs to A. Send A without it first."),
        CREATED,
        ItemOutcome("invalid", "barcodes: gtin 00036000291452 belongs to C. Send C without it first."),
    ]
    assert owners() == {EAN_KEY: "A", UPC_KEY: "C"}
    assert sorted(Product.objects.values_list("sku", flat=True)) == ["A", "C"]


def test_a_code_given_up_can_be_taken_within_one_batch(source: int) -> None:
    upsert_products(source, [ProductItem("k1", "A", "Milk", barcodes=codes(EAN))])

    outcomes = upsert_products(
        source,
        [
            ProductItem("k2", "A", "Milk", barcodes=()),
            ProductItem("k3", "B", "Cream", barcodes=codes(EAN)),
            ProductItem("k4", "A", "Milk", barcodes=codes(EAN)),
        ],
    )

    assert outcomes == [
        UPDATED,
        CREATED,
        ItemOutcome("invalid", "barcodes: gtin 04006381333931 belongs to B. Send B without it first."),
    ]
    assert owners() == {EAN_KEY: "B"}
    assert Barcode.objects.count() == 1


def test_a_code_can_be_lent_and_returned_within_one_batch(source: int) -> None:
    upsert_products(source, [ProductItem("k1", "A", "Milk", barcodes=codes(EAN))])

    upsert_products(
        source,
        [
            ProductItem("k2", "A", "Milk", barcodes=()),
            ProductItem("k3", "B", "Cream", barcodes=codes(EAN)),
            ProductItem("k4", "B", "Cream", barcodes=()),
            ProductItem("k5", "A", "Milk", barcodes=codes(EAN)),
        ],
    )

    assert owners() == {EAN_KEY: "A"}


def test_the_unit_of_a_product_stands(source: int) -> None:
    upsert_products(source, [ProductItem("k1", "A", "Milk")])

    assert upsert_products(source, [ProductItem("k2", "A", "Milk", "kg"), ProductItem("k3", "B", "Oil", "gal")]) == [
        ItemOutcome(
            "invalid", "unit: A is counted in each, and its stock with it. Retire it and load it under another SKU."
        ),
        ItemOutcome("invalid", "unit: there is no unit 'gal'. Load it first; known are each, kg."),
    ]
    assert queries.products_by_sku(["A"])["A"].unit == "each"


def test_the_decimals_of_a_unit_stand(source: int) -> None:
    items = [
        UnitItem("k1", "kg", 2),
        UnitItem("k2", "kg", 3, "kilo"),
        UnitItem("k3", "gal", 7),
        UnitItem("k4", "lb", 2),
    ]

    assert upsert_units(source, items) == [
        ItemOutcome(
            "invalid", "decimals: kg has 3, and quantities are counted in them. Load a unit with another code."
        ),
        UPDATED,
        ItemOutcome("invalid", "decimals: Expected `int` <= 6."),
        CREATED,
    ]  # fmt: skip
    assert queries.units() == {"each": Unit("each", 0), "kg": Unit("kg", 3, "kilo"), "lb": Unit("lb", 2)}


def test_a_product_is_retired_and_brought_back(source: int) -> None:
    upsert_products(source, [ProductItem("k1", "A", "Milk", barcodes=codes(EAN))])

    assert retire_products(source, [ProductRetirement("k2", "A"), ProductRetirement("k3", "Z")]) == [
        UPDATED,
        ItemOutcome("invalid", "sku: there is no product 'Z'. Check the SKU."),
    ]
    assert retire_products(source, [ProductRetirement("k4", "A")]) == [UNCHANGED]
    assert queries.products_by_code([EAN_KEY])[EAN_KEY].active is False
    assert upsert_products(source, [ProductItem("k5", "A", "Milk")]) == [UPDATED]
    assert queries.products_by_code([EAN_KEY])[EAN_KEY].active is True
    assert list(Event.objects.exclude(type="unit.changed").order_by("id").values_list("type", "subject")) == [
        ("product.changed", "product/A"),
        ("product.retired", "product/A"),
        ("product.changed", "product/A"),
    ]


def test_a_key_has_one_effect(source: int) -> None:
    first = ProductItem("k1", "A", "Milk")
    refused = ProductItem("k2", "B", "Oil", "gal")

    assert upsert_products(source, [first, first, ProductItem("k1", "A", "Cream")]) == [CREATED, CREATED, CONFLICT]
    refusal = upsert_products(source, [refused])
    upsert_units(source, [UnitItem("u3", "gal", 3)])
    assert upsert_products(source, [first, refused]) == [CREATED, *refusal]
    assert upsert_products(source, [ProductItem("k1", "A", "Cream")]) == [CONFLICT]
    assert queries.products_by_sku(["A", "B"]).keys() == {"A"}
    assert queries.products_by_sku(["A"])["A"].name == "Milk"


def test_the_last_of_one_product_in_a_batch_stands(source: int) -> None:
    batch = [ProductItem("k1", "A", "Milk"), ProductItem("k2", "A", "Cream"), ProductItem("k3", "A", "Cream")]

    assert upsert_products(source, batch) == [CREATED, UPDATED, UNCHANGED]
    assert queries.products_by_sku(["A"])["A"].name == "Cream"


def test_look_ups_take_two_statements_at_most(source: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    upsert_products(source, [ProductItem(f"k{n}", f"A{n}", "Milk", barcodes=codes(f"40{n:02}")) for n in range(50)])
    keys = [("plu", f"40{n:02}") for n in range(50)]

    with django_assert_num_queries(2):
        first = queries.products_by_code([*keys, ("plu", "5000")])
    with django_assert_num_queries(1):
        assert queries.products_by_code(keys) == first
    assert len(first) == 50


def test_what_is_remembered_ends_with_a_change(source: int) -> None:
    upsert_products(source, [ProductItem("k1", "A", "Milk")])
    before = queries.products_by_sku(["A"])["A"]

    # The control: a change behind the actions' back is not seen, so what follows is due to the new revision.
    Product.objects.update(name="Cream")
    assert queries.products_by_sku(["A"])["A"] is before
    upsert_products(source, [ProductItem("k2", "B", "Oil")])
    assert queries.products_by_sku(["A"])["A"].name == "Cream"


def test_search(source: int) -> None:
    upsert_products(
        source,
        [
            ProductItem("k1", "MILK-1", "Whole milk 1 l", barcodes=codes(EAN)),
            ProductItem("k2", "MILK-2", "Milk chocolate 100% cocoa"),
            ProductItem("k3", "OIL", "Olive oil", barcodes=codes("4011")),
            ProductItem("k4", "milk", "Zebra"),
        ],
    )

    def found(text: str, limit: int = 10) -> list[str]:
        return [product.sku for product in queries.search_products(text, limit)]

    assert found("milk") == ["milk", "MILK-2", "MILK-1"]
    assert found("MILK whole") == ["MILK-1"]
    assert found(EAN) == ["MILK-1"]
    assert found("4011") == ["OIL"]
    assert found("OIL") == ["OIL"]
    assert found("100%") == ["MILK-2"]
    assert found("%") == ["MILK-2"]
    assert found("_") == []
    assert found("  ") == []
    assert found("milk", limit=1) == ["milk"]
    assert found("milk'; --") == []
    assert found("mi\x00lk oil") == []


@pytest.mark.django_db(transaction=True)
def test_two_at_once_neither_double_nor_deadlock() -> None:
    source = enrol_source("erp", actor="tests")
    upsert_units(source, [UnitItem("u1", "each", 0)])
    forth = [ProductItem(f"k{n}", f"A{n}", "Milk", barcodes=codes(f"4{n:03}")) for n in range(200)]
    back = [ProductItem(f"x{n}", f"A{n}", "Milk", barcodes=codes(f"4{n:03}")) for n in reversed(range(200))]
    start = Barrier(3)

    def send(items: list[ProductItem]) -> list[str]:
        try:
            start.wait(10)
            return [outcome.outcome for outcome in upsert_products(source, items)]
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        first, again, other = threads.map(send, [forth, forth, back])

    assert first == again
    assert sorted(first + other) == ["created"] * 200 + ["unchanged"] * 200
    assert (Product.objects.count(), Barcode.objects.count()) == (200, 200)
    assert Event.objects.filter(type="product.changed").count() == 200
