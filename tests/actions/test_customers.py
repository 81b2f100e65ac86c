"""Customers: made, retired, brought back."""

import pytest

from onebasket.base.models import Event
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.rules import CONFLICT, CREATED, UNCHANGED, UPDATED, ItemOutcome
from onebasket.commerce.customers.actions import retire_customers, upsert_customers
from onebasket.commerce.customers.models import Customer
from onebasket.commerce.customers.queries import customers_by_loyalty_number
from onebasket.commerce.customers.rules import CustomerItem, CustomerRetirement

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> int:
    return enrol_source("crm", actor="tests")


def test_a_customer_is_made_retired_and_brought_back(source: int) -> None:
    assert upsert_customers(source, [CustomerItem("k1", "900"), CustomerItem("k2", "901")]) == [CREATED, CREATED]
    identity = Customer.objects.get(loyalty_number="900").pk
    assert customers_by_loyalty_number(["900", "999"]) == {"900": identity}

    assert retire_customers(source, [CustomerRetirement("k3", "900")]) == [UPDATED]
    assert customers_by_loyalty_number(["900"]) == {}
    assert retire_customers(source, [CustomerRetirement("k4", "900")]) == [UNCHANGED]

    assert upsert_customers(source, [CustomerItem("k5", "900"), CustomerItem("k6", "901")]) == [UPDATED, UNCHANGED]
    assert customers_by_loyalty_number(["900"]) == {"900": identity}
    assert list(Event.objects.order_by("id").values_list("type", "subject")) == [
        ("customer.changed", "customer/900"),
        ("customer.changed", "customer/901"),
        ("customer.retired", "customer/900"),
        ("customer.changed", "customer/900"),
    ]


def test_nobody_unknown_is_retired(source: int) -> None:
    upsert_customers(source, [CustomerItem("k0", "900")])

    assert retire_customers(source, [CustomerRetirement("k1", "999"), CustomerRetirement("k2", "900")]) == [
        ItemOutcome("invalid", "loyalty_number: nobody has '999'. Check the number."),
        UPDATED,
    ]


def test_a_key_has_one_effect(source: int) -> None:
    batch = [CustomerItem("k1", "900"), CustomerItem("k1", "900"), CustomerItem("k1", "901")]

    assert upsert_customers(source, batch) == [CREATED, CREATED, CONFLICT]
    assert upsert_customers(source, batch) == [CREATED, CREATED, CONFLICT]
    assert retire_customers(source, [CustomerRetirement("k1", "900")]) == [CONFLICT]
    assert set(customers_by_loyalty_number(["900", "901"])) == {"900"}
