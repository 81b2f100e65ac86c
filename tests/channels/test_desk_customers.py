"""The back office works on customers: change, merge and part, a code for a card, export, erase."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onebasket.base.models import QuarantineItem, TrailEntry
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.actions.joining import join
from onebasket.commerce.customers.actions.proving import prove_card
from onebasket.commerce.customers.models import Customer, CustomerMerge
from onebasket.commerce.customers.queries.reading import find_customer
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.customers.rules.person import Details
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.models import PartnerPart
from onebasket.commerce.sales.models import Receipt
from tests.channels.accounting import equip, shopper, staff
from tests.channels.test_desk_world import Stands, World, make_stands
from tests.standing import Standing

pytestmark = pytest.mark.django_db

NUMBER = "4400187"


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def world(made: Stands) -> World:
    return made.world


@pytest.fixture
def boss(world: World) -> Client:
    client = Client()
    client.force_login(staff(), backend="django.contrib.auth.backends.ModelBackend")
    return client


def do(client: Client, slug: str, row: Any, **data: str) -> Any:
    return client.post(reverse("desk:work_on_row", args=[slug, row.pk]), {"key": "", **data})


def customer(number: str = NUMBER) -> Customer:
    return Customer.objects.get(loyalty_number=number)


def page_of(client: Client, row: Any) -> str:
    name = row._meta.label_lower.replace(".", "_")
    return str(client.get(reverse(f"desk:{name}_change", args=[row.pk])).content.decode())


def test_details_are_changed_and_the_trail_names_the_fields(boss: Client) -> None:
    told = {"name": "Ann Lee", "email": "ann@shop.example", "phone": "", "language": "en", "staff": "on"}
    assert do(boss, "change-customer", customer(), **told).status_code == 302

    row = customer()
    assert (row.name, row.email, row.staff) == ("Ann Lee", "ann@shop.example", True)
    page = page_of(boss, row)
    assert "ann@shop.example" in page
    entry = TrailEntry.objects.get(action="customer.change")
    assert entry.detail == {"fields": ["name", "email", "language", "staff"]}
    assert "email: an address" in do(boss, "change-customer", row, **{**told, "email": "x"}).content.decode()


def test_doubles_are_shown_merged_and_parted(boss: Client, world: World) -> None:
    items = [
        CustomerItem("d-1", NUMBER, email="ann@shop.example"),
        CustomerItem("d-2", "900", email="ann@shop.example"),
    ]
    upsert_customers(world.source, items)
    listed = boss.get("/desk/customers/customer/?doubles=likely").content.decode()
    assert NUMBER in listed
    assert ">900<" in listed
    assert "4400201" not in listed
    assert f"/desk/do/merge-customer/{customer().pk}/?other=900" in page_of(boss, customer())

    refused = do(boss, "merge-customer", customer(), other="nobody", reason="r").content.decode()
    assert "Nobody has the number" in refused
    assert do(boss, "merge-customer", customer(), other="900", reason="same mail box").status_code == 302

    assert find_customer("900") == customer().pk
    merge = CustomerMerge.objects.get(other=customer("900"))
    assert "same mail box" in page_of(boss, merge)
    assert do(boss, "undo-merge", merge).status_code == 302
    assert find_customer("900") == customer("900").pk


def test_a_code_is_shown_once_and_joins_the_card(boss: Client) -> None:
    shown = do(boss, "card-code", customer())
    assert "no-store" in shown.headers["Cache-Control"]
    code = shown.context["done"].secret
    account = join(shopper().pk, Details("Ann"))

    assert prove_card(account, NUMBER, code)
    assert code not in page_of(boss, customer())
    assert find_customer(NUMBER) == account


def test_everything_is_handed_out_with_a_trail_entry(boss: Client) -> None:
    address = reverse("desk:customers_export", args=[customer().pk])
    file = boss.get(address)

    assert file.headers["Content-Disposition"] == f'attachment; filename="customer-{customer().pk}.json"'
    assert json.loads(file.content)["customer"]["numbers"] == [NUMBER]
    assert TrailEntry.objects.get(action="customer.export").target == f"customer/{customer().pk}"
    assert address in page_of(boss, customer())
    assert boss.get(reverse("desk:customers_export", args=[10**6])).status_code == 404
    assert boss.get(f"/desk/customers/customer/{2**70}/export/").status_code == 404


@pytest.mark.parametrize("role", ["reader", "finance", "merchandiser", "store"])
def test_nobody_else_gets_it(world: World, role: str) -> None:
    client = Client()
    person = staff("other", role=role, places=["330"] if role == "store" else [])
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    before = TrailEntry.objects.count()
    assert client.get(reverse("desk:customers_export", args=[customer().pk])).status_code == 403
    assert client.get(reverse("desk:customers_customer_changelist")).status_code == 403
    assert TrailEntry.objects.count() == before


def test_a_customer_is_erased_by_typing_the_number(boss: Client) -> None:
    row = customer()
    slip = do(boss, "erase-customer", row, number="4400188").content.decode()
    assert "This is not the number of this customer." in slip
    waiting = do(boss, "erase-customer", row, number=NUMBER).content.decode()
    assert "330-0001, 406-0001" in waiting
    assert Customer.objects.filter(pk=row.pk).exists()
    Order.objects.update(status="handed_over")
    PartnerPart.objects.update(status="delivered")

    done = boss.post(
        reverse("desk:work_on_row", args=["erase-customer", row.pk]), {"key": "", "number": NUMBER}, follow=True
    )

    assert "Erased: 4 receipts and 2 orders are nobody" in done.content.decode()
    assert not Customer.objects.filter(pk=row.pk).exists()
    assert set(Receipt.objects.values_list("loyalty_number", flat=True)) == {"erased"}
    assert not any(NUMBER in item.content for item in QuarantineItem.objects.filter(kind="receipt"))


def test_a_merged_row_shows_for_whom_it_stands_and_offers_nothing(boss: Client) -> None:
    other = customer("4400202")
    page = boss.get(reverse("desk:customers_customer_change", args=[other.pk]))
    assert page.context["works"] == []
    assert "4400201" in page.content.decode()
    assert do(boss, "erase-customer", other, number="4400202").status_code == 302
    assert customer("4400202").pk == other.pk


def test_shoppers_are_shut_out_and_never_promoted(boss: Client) -> None:
    user = shopper()
    page = boss.get(reverse("desk:access_user_change", args=[user.pk]))
    assert [work.slug for work, _ in page.context["works"]] == ["deactivate-user", "reset-second-factor"]
    do(boss, "change-user", user, role="admin", places="")
    user.refresh_from_db()
    assert (user.role, user.is_active) == ("shopper", True)
    do(boss, "deactivate-user", user)
    user.refresh_from_db()
    assert (user.role, user.is_active) == ("shopper", False)


def test_a_lost_second_factor_is_reset(boss: Client) -> None:
    clerk = staff("clerk", role="reader")
    equip(clerk)
    assert do(boss, "reset-second-factor", clerk).status_code == 302
    assert "has no second factor" in do(boss, "reset-second-factor", clerk).content.decode()
    assert TrailEntry.objects.filter(action="user.second_factor_reset").count() == 1
