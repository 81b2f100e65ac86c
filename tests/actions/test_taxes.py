"""Taxes on the database: which rate holds where and when, how it is reckoned, and which class goods are of."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onebasket.base.models import Event
from onebasket.commerce.access.rules import CONFLICT, CREATED, UNCHANGED, UPDATED, ItemOutcome
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.actions import end_taxes, set_tax_classes, set_tax_terms, set_taxes
from onebasket.commerce.pricing.models import Tax, TaxTerms
from onebasket.commerce.pricing.queries.remembered import recall
from onebasket.commerce.pricing.rules.basket import TaxRate
from onebasket.commerce.pricing.rules.messages import TaxClassItem, TaxEnd, TaxItem, TaxTermsItem
from onebasket.commerce.pricing.rules.taxes import PLAIN, Reckoning
from tests.builders import MORNING, make_chain
from tests.offers import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> int:
    return make_chain("p1", "p2")


def day(number: float) -> datetime:
    return MORNING + timedelta(days=number)


def tax(key: str, rate: int, start: float = 0, **more: Any) -> TaxItem:
    ends = more.pop("until", None)
    return TaxItem(
        key, more.pop("code", "sales"), rate, day(start), valid_to=None if ends is None else day(ends), **more
    )


def rates(at: float, place: str = "p1") -> tuple[TaxRate, ...]:
    return recall().taxes.rates(places_by_code([place])[place].id, day(at))


def rate(at: float, place: str = "p1", tax_class: str = "") -> int | None:
    return next((one.rate for one in rates(at, place) if one.tax_class == tax_class), None)


def test_a_places_own_rate_goes_before_the_chains(source: int) -> None:
    assert set_taxes(source, [tax("k1", 60_000), tax("k2", 88_750, 5, until=9, place="p1")]) == [CREATED, CREATED]

    assert [rate(at) for at in (-0.1, 0, 5, 8.9, 9)] == [None, 60_000, 88_750, 88_750, 60_000]
    assert [rate(at, "p2") for at in (0, 5)] == [60_000, 60_000]


def test_rates_have_spans_as_prices_have(source: int) -> None:
    set_taxes(source, [tax("k1", 60_000)])
    assert set_taxes(source, [tax("k2", 70_000, 10, until=20), tax("k3", 60_000, 30)]) == [UPDATED, UNCHANGED]

    assert [rate(at) for at in (9.9, 10, 19.9, 20)] == [60_000, 70_000, 70_000, 60_000]
    assert [(row.rate, row.version, row.superseded_at is None) for row in Tax.objects.order_by("id")] == [
        (60_000, 1, False),
        (60_000, 1, True),
        (70_000, 2, True),
        (60_000, 1, True),
    ]


def test_a_class_has_rates_of_its_own_and_a_code_does_not_touch_another(source: int) -> None:
    set_taxes(source, [tax("k1", 60_000), tax("k2", 10_000, tax_class="food"), tax("k3", 5_000, code="city")])

    assert rates(1) == (TaxRate("city", "", 5_000), TaxRate("sales", "", 60_000), TaxRate("sales", "food", 10_000))


def test_a_tax_ends(source: int) -> None:
    set_taxes(source, [tax("k1", 60_000), tax("k2", 70_000, place="p1")])

    ends = [TaxEnd("e1", "sales", day(5), place="p1"), TaxEnd("e2", "sales", day(6), place="p1")]
    assert end_taxes(source, ends) == [UPDATED, UNCHANGED]

    assert [rate(at) for at in (4.9, 5)] == [70_000, 60_000]
    event = Event.objects.get(type="tax.ended")
    assert (event.subject, event.place_code) == ("tax/sales/p1", "p1")
    assert json.loads(event.data) == {
        "code": "sales", "tax_class": "", "place": "p1", "ends_at": "2026-03-07T14:00:00Z",
    }  # fmt: skip


def test_taxes_that_cannot_be(source: int) -> None:
    assert set_taxes(
        source,
        [
            tax("k1", 60_000, place="p9"),
            tax("k2", 60_000, 5, until=5),
            TaxItem("k3", "sales", 1, datetime(1950, 1, 1, tzinfo=UTC)),
            tax("k4", 1_000_001),
            tax("k5", 60_000),
            tax("k5", 70_000),
        ],
    ) == [
        ItemOutcome("invalid", "place: there is no place 'p9'. Load the place first."),
        ItemOutcome("invalid", "valid_to: a tax ends after it begins. Give a later valid_to, or none."),
        ItemOutcome("invalid", "valid_from: 1950-01-01T00:00:00+00:00 lies outside the years 1970 to 8999."),
        ItemOutcome("invalid", "rate: Expected `int` <= 1000000."),
        CREATED,
        CONFLICT,
    ]
    assert rate(0) == 60_000


def test_how_taxes_are_reckoned(source: int) -> None:
    place = places_by_code(["p1", "p2"])
    assert recall().taxes.reckoning(place["p1"].id, day(0)) == PLAIN

    chain = TaxTermsItem("k1", day(0), included=False, rounding="receipt")
    own = TaxTermsItem("k2", day(5), included=True, cash_step=5, place="p1")
    assert set_tax_terms(source, [chain, own]) == [CREATED, CREATED]

    taxes = recall().taxes
    apart, inside = Reckoning(day(0), included=False, rounding="receipt"), Reckoning(day(5), cash_step=5)
    assert [taxes.reckoning(place["p1"].id, day(at)) for at in (-1, 0, 5)] == [PLAIN, apart, inside]
    assert taxes.reckoning(place["p2"].id, day(5)) == apart
    again = TaxTermsItem("k3", day(5), included=True, cash_step=5, place="p1")
    other = TaxTermsItem("k4", day(5), included=True, cash_step=10, place="p1")
    assert set_tax_terms(source, [again, other]) == [UNCHANGED, UPDATED]
    rows = TaxTerms.objects.order_by("id")
    assert [(row.cash_step, row.version, row.superseded_at is None) for row in rows] == [
        (1, 1, True),
        (5, 1, False),
        (10, 2, True),
    ]
    assert set_tax_terms(source, [TaxTermsItem("k5", day(5), included=True, place="p9")]) == [
        ItemOutcome("invalid", "place: there is no place 'p9'. Load the place first.")
    ]


def test_the_closest_class_holds(source: int) -> None:
    upsert_products(
        source,
        [
            ProductItem("p-soup", "soup", "Soup", department="Grocery", category="Soup"),
            ProductItem("p-rope", "rope", "Rope", department="Grocery", category="Hardware"),
            ProductItem("p-salt", "salt", "Salt", department="Grocery"),
        ],
    )
    stated = [
        TaxClassItem("k1", "food", department="Grocery"),
        TaxClassItem("k2", "general", category="Hardware"),
        TaxClassItem("k3", "exempt", sku="salt"),
    ]
    assert set_tax_classes(source, stated) == [CREATED] * 3
    assert classes("soup", "rope", "salt", "milk") == ["food", "general", "exempt", ""]

    assert set_tax_classes(source, [TaxClassItem("k4", "", sku="salt"), TaxClassItem("k5", "", sku="milk")]) == [
        UPDATED,
        UNCHANGED,
    ]
    assert classes("salt", "milk") == ["food", ""]


def classes(*skus: str) -> list[str]:
    """Return the tax class of each product, as quotes read it."""
    memory = recall()
    products = [line.product for line in ask(dict.fromkeys(skus, 1)).lines]
    own = memory.products({product.id: product.sku for product in products})
    return [
        own[product.id].tax_class or memory.taxes.classes.find(category=product.category, department=product.department)
        for product in products
    ]


def test_classes_that_cannot_be(source: int) -> None:
    assert set_tax_classes(
        source,
        [
            TaxClassItem("k1", "food"),
            TaxClassItem("k2", "food", sku="milk", category="Dairy"),
            TaxClassItem("k3", "food", sku="soap"),
        ],
    ) == [
        ItemOutcome("invalid", "sku: name a sku, a category or a department: one of the three."),
        ItemOutcome("invalid", "sku: name a sku, a category or a department: one of the three."),
        ItemOutcome("invalid", "sku: there is no product 'soap'. Load the product first."),
    ]
