"""A person over all modules: one history, everything handed out, everything personal erased."""

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import connection, transaction
from django.db.models import CharField, JSONField, TextField
from django.test.utils import CaptureQueriesContext

from onebasket.base.clock import database_now
from onebasket.base.inbox import Claim, claim, settle
from onebasket.base.models import Event, InboxEntry, QuarantineItem, TrailEntry
from onebasket.base.outbox import News, record
from onebasket.base.quarantine import Unreadable
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.models import User
from onebasket.commerce.access.rules import CREATED, ItemOutcome
from onebasket.commerce.customers.actions import state_consents, upsert_customers
from onebasket.commerce.customers.actions.details import CustomerError
from onebasket.commerce.customers.actions.merging import merge_customers
from onebasket.commerce.customers.actions.numbers import REFUSED
from onebasket.commerce.customers.models import (
    CardCode,
    Customer,
    CustomerAddress,
    CustomerConsent,
    CustomerMerge,
    CustomerSegment,
    ErasedNumber,
)
from onebasket.commerce.customers.queries import shopper_facts
from onebasket.commerce.customers.rules import AddressItem, ConsentItem, CustomerItem, SegmentItem
from onebasket.commerce.insights.actions.erasing import erase_person, forget_late
from onebasket.commerce.insights.queries import history
from onebasket.commerce.insights.queries.person import as_document, export_person, who_is
from onebasket.commerce.insights.rules.history import Cursor
from onebasket.commerce.insights.rules.person import Erased, EraseRefused
from onebasket.commerce.orders.models import Basket, Order, OrderContact
from onebasket.commerce.partners.models import PartnerPart
from onebasket.commerce.places.models import Place
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.models import Receipt, ReceiptLine
from onebasket.kernel.identity import new_id
from tests.channels.test_desk_world import World, make_world, receipt

pytestmark = pytest.mark.django_db

NUMBER, OTHER = "4400187", "4400999"


@pytest.fixture
def world() -> World:
    """A chain in which one customer bought everything, with all that may be kept about them."""
    world = make_world()
    PartnerPart.objects.update(status="delivered")  # a partner that has yet to send something needs to know where to
    CustomerMerge.objects.all().delete()
    Customer.objects.filter(loyalty_number="4400202").delete()
    Customer.objects.filter(loyalty_number="4400201").delete()
    home = AddressItem("1 Main St", name="Ann Lee", postcode="45202")
    items = [
        CustomerItem(
            "p-1", NUMBER, name="Ann Lee", email="ann@shop.example", phone="5135550100",
            segments=(SegmentItem("vip"),), addresses=(home,),
        ),
        CustomerItem("p-2", OTHER, name="Bob", email="bob@shop.example"),
    ]  # fmt: skip
    upsert_customers(world.source, items)
    said = ConsentItem("p-3", NUMBER, "offers_email", given=True, at=database_now(), text_version="1")
    state_consents(world.source, [said])
    return world


def of(number: str = NUMBER) -> int:
    return Customer.objects.get(loyalty_number=number).pk


def with_contact(order: Any, email: str = "ann@shop.example") -> None:
    OrderContact.objects.create(order_id=order, name="Ann Lee", email=email, phone="5135550100")


def account(number: str = NUMBER, email: str = "ann@shop.example") -> User:
    user = User.objects.create(username=f"shopper-{email}", email=email, role="shopper")
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    Customer.objects.filter(loyalty_number=number).update(user=user)
    return user


def totals() -> list[Any]:
    """What has to stay whatever happens to a person: every figure of receipts, lines and orders."""
    return [
        *Receipt.objects.order_by("pk").values_list("pk", "paid_total", "tax_total", "tendered", "number"),
        *ReceiptLine.objects.order_by("pk").values_list("pk", "quantity", "paid_amount"),
        *Order.objects.order_by("pk").values_list("pk", "total", "status", "line_count"),
    ]  # fmt: skip


def test_one_history_over_till_and_web(world: World) -> None:
    with CaptureQueriesContext(connection) as asked:
        entries, following = history(NUMBER, after=None, limit=50)

    assert len(asked) == 4
    assert following is None
    assert [entry.kind for entry in entries].count("order") == 2
    assert [entry.kind for entry in entries].count("receipt") == 4
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    bought = next(entry for entry in entries if entry.kind == "receipt" and entry.lines == 2)
    assert (bought.amount, bought.currency, bought.channel, bought.status) == (589, "USD", "till", "sale")
    assert history(OTHER, after=None, limit=50) == history("", after=None, limit=50) == ([], None)
    at_330, _ = history(NUMBER, after=None, limit=50, places=frozenset({"330"}))
    assert {entry.place for entry in at_330} == {"330"}
    assert len(at_330) == 3


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_of_the_history_are_the_whole(world: World, limit: int) -> None:
    Receipt.objects.update(occurred_at=Order.objects.latest("placed_at").placed_at)  # at one instant, all of them
    whole, _ = history(NUMBER, after=None, limit=50)

    seen, cursor = [], None
    while True:
        page, cursor = history(NUMBER, after=cursor, limit=limit)
        seen += page
        if cursor is None:
            break
        assert isinstance(cursor, Cursor)

    assert seen == whole
    assert len(whole) == 6


def test_merged_numbers_have_one_history(world: World) -> None:
    book_sales(world.source, [receipt("late", loyalty_number=OTHER)])
    merge_customers(OTHER, NUMBER, actor="boss")

    of_both, _ = history(NUMBER, after=None, limit=50)

    assert history(OTHER, after=None, limit=50)[0] == of_both
    assert len(of_both) == 7


def test_everything_is_handed_out(world: World) -> None:
    with_contact(world.orders["330"])
    account()

    with CaptureQueriesContext(connection) as asked:
        found = export_person(of())

    assert found is not None
    assert len(asked) <= 36
    read = json.loads(as_document(found))
    assert read["customer"]["head"]["name"] == "Ann Lee"
    assert read["customer"]["addresses"][0]["line1"] == "1 Main St"
    assert read["customer"]["consents"][0]["purpose"] == "offers_email"
    assert read["customer"]["segments"] == [{"name": "vip"}]
    assert read["accounts"][0]["verified"] == ["ann@shop.example"]
    assert len(read["receipts"]) == 4
    whole = next(row for row in read["receipts"] if row["head"]["line_count"] == 2)
    assert whole["lines"][0]["discounts"] == [{"kind": "loyalty", "funder": "retailer", "amount": 98, "reference": ""}]
    assert whole["tenders"] == [{"kind": "cash", "amount": 1000, "reference": ""}]
    assert {row["contact"]["email"] if row["contact"] else None for row in read["orders"]} == {"ann@shop.example", None}
    assert export_person(0) is None


def test_guest_orders_are_found_by_an_address_that_is_verified_alone(world: World) -> None:
    order = world.orders["406"]
    Order.objects.filter(pk=order).update(loyalty_number="")
    with_contact(order, "Ann@Shop.example")
    user = account(email="other@shop.example")

    def handed_out() -> int:
        found = export_person(of())
        assert found is not None
        return len(found.orders)

    assert handed_out() == 1
    EmailAddress.objects.create(user=user, email="ann@shop.example", verified=False)
    assert handed_out() == 1
    EmailAddress.objects.filter(email="ann@shop.example").update(verified=True)
    assert handed_out() == 2
    who = who_is(of())
    assert who is not None
    assert who.emails == ("ann@shop.example", "other@shop.example")


def test_an_erasure_leaves_the_facts_and_nothing_of_the_person(world: World) -> None:
    account()
    Order.objects.update(status="handed_over")
    with_contact(world.orders["330"])
    with_contact(world.orders["406"], "bob@shop.example")
    merge_customers(NUMBER, OTHER, actor="boss")
    Basket.objects.create(
        id=new_id(), place=Place.objects.get(code="330"), source_id=1, channel="web", loyalty_number=NUMBER,
        opened_at=database_now(), changed_at=database_now(),
    )  # fmt: skip
    before = totals()

    outcome = erase_person(of(), actor="boss")

    assert isinstance(outcome, Erased)
    assert (outcome.numbers, outcome.receipts, outcome.orders, outcome.contacts) == (2, 4, 2, 2)
    assert (outcome.baskets, outcome.accounts) == (1, 1)
    assert totals() == before
    assert set(Receipt.objects.values_list("loyalty_number", flat=True)) == {"erased"}
    assert set(Order.objects.values_list("loyalty_number", "note")) == {("erased", "")}
    assert Basket.objects.get().loyalty_number == ""
    for table in (Customer, CustomerAddress, CustomerConsent, CustomerSegment, CustomerMerge, CardCode, OrderContact):
        assert table._default_manager.count() == 0, table
    assert (User.objects.count(), EmailAddress.objects.count()) == (0, 0)
    assert history(NUMBER, after=None, limit=5) == history("erased", after=None, limit=5) == ([], None)
    assert Event.objects.get(type="customer.erased").data == json.dumps(
        {"loyalty_numbers": [NUMBER, OTHER]}, separators=(",", ":")
    )
    entry = TrailEntry.objects.get(action="customer.erase")
    assert entry.detail == {"numbers": 2, "accounts": 1}
    assert not any("Ann" in str(row) or "shop.example" in str(row) for row in TrailEntry.objects.values())
    with pytest.raises(CustomerError):
        erase_person(0, actor="boss")


def test_nobody_is_erased_while_an_order_is_open(world: World) -> None:
    before = [*totals(), *Customer.objects.order_by("pk").values()]

    outcome = erase_person(of(), actor="boss")

    assert isinstance(outcome, EraseRefused)
    assert outcome.orders == ("330-0001", "406-0001")
    assert [*totals(), *Customer.objects.order_by("pk").values()] == before
    assert ErasedNumber.objects.count() == 0
    assert set(Receipt.objects.values_list("loyalty_number", flat=True)) == {NUMBER}


def test_others_keep_what_is_theirs(world: World) -> None:
    Order.objects.update(status="handed_over")
    Order.objects.filter(pk=world.orders["406"]).update(loyalty_number=OTHER)
    with_contact(world.orders["406"], "bob@shop.example")
    book_sales(world.source, [receipt("late", loyalty_number=OTHER)])

    erase_person(of(), actor="boss")

    assert Customer.objects.get().loyalty_number == OTHER
    assert OrderContact.objects.get().email == "bob@shop.example"
    assert Order.objects.get(pk=world.orders["406"]).note == "Please ring the bell."
    assert Receipt.objects.filter(loyalty_number=OTHER).count() == 1


def test_a_number_of_somebody_erased_is_given_to_nobody(world: World) -> None:
    Order.objects.update(status="handed_over")
    erase_person(of(), actor="boss")

    assert upsert_customers(world.source, [CustomerItem("z-1", NUMBER, name="Eve"), CustomerItem("z-2", "777")]) == [
        ItemOutcome("invalid", REFUSED),
        CREATED,
    ]
    (erased,) = upsert_customers(world.source, [CustomerItem("z-3", "erased")])
    assert erased.outcome == "invalid"
    assert shopper_facts(NUMBER, at=database_now()) is None
    assert NUMBER not in str(list(ErasedNumber.objects.values()))


def test_facts_that_come_late_lose_the_number_too(world: World) -> None:
    Order.objects.update(status="handed_over")
    erase_person(of(), actor="boss")
    book_sales(world.source, [receipt("from-an-offline-till"), receipt("of-another", loyalty_number=OTHER)])
    assert Receipt.objects.filter(loyalty_number=NUMBER).count() == 1

    assert forget_late() == 1

    assert Receipt.objects.filter(loyalty_number=NUMBER).count() == 0
    assert Receipt.objects.filter(loyalty_number=OTHER).count() == 1
    assert forget_late() == 0


def test_facts_from_before_the_look_back_are_not_looked_at(world: World) -> None:
    Order.objects.update(status="handed_over")
    erase_person(of(), actor="boss")
    book_sales(world.source, [receipt("long-ago")])
    Receipt.objects.filter(loyalty_number=NUMBER).update(booked_at=database_now() - timedelta(days=3))
    assert forget_late() == 0


def test_messages_in_quarantine_lose_the_number_where_they_say_it(world: World) -> None:
    Order.objects.update(status="handed_over")
    odd = Unreadable(f"330;{NUMBER};2.50", "unreadable", "No receipt.", place="330")
    book_sales(world.source, [receipt("untied", change=400), odd])
    item = QuarantineItem.objects.get(key="untied")
    assert f'"loyalty_number":"{NUMBER}"' in item.content

    outcome = erase_person(of(), actor="boss")

    assert isinstance(outcome, Erased)
    item.refresh_from_db()
    assert '"loyalty_number":"erased"' in item.content
    assert NUMBER not in item.content
    assert outcome.messages >= 1
    left = QuarantineItem.objects.get(pk__in=outcome.quarantined_left)
    assert left.content == f"330;{NUMBER};2.50"


def test_answers_to_baskets_lose_the_number(world: World) -> None:
    Order.objects.update(status="handed_over")
    told = {
        "b-1": f'{{"outcome":"stands","loyalty_number":"{NUMBER}","lines":[]}}',
        "b-2": f'{{"outcome":"stands","loyalty_number":"{NUMBER}0"}}',
        "b-3": f'{{"outcome":"stands","coupons":["{NUMBER}"]}}',
    }
    till = enrol_source("till-of-answers", actor="tests")
    for key, outcome in told.items():
        claimed = claim("basket", [Claim(till, key, "f" * 32)])
        settle({claimed.fresh[0]: outcome})

    erase_person(of(), actor="boss")

    kept = dict(InboxEntry.objects.filter(source_id=till).values_list("key", "outcome"))
    assert kept == {**told, "b-1": '{"outcome":"stands","loyalty_number":"","lines":[]}'}


def test_events_about_what_was_bought_lose_the_number(world: World) -> None:
    Order.objects.update(status="handed_over")
    now = database_now()
    told = {"loyalty_number": NUMBER, "reference": "receipt/1"}
    others = told | {"loyalty_number": OTHER}
    with transaction.atomic():
        record([News("return.accepted", f"return/{at}", now, data) for at, data in enumerate((told, others))])

    erase_person(of(), actor="boss")

    kept = list(Event.objects.filter(type="return.accepted").order_by("pk").values_list("data", flat=True))
    assert [json.loads(data) for data in kept] == [
        told | {"loyalty_number": "erased"},
        told | {"loyalty_number": OTHER},
    ]


FORGETS = {
    "books.PointsAccount", "customers.Customer", "fulfilment.Return", "orders.Basket", "orders.Order",
    "payments.BalanceAccount", "pricing.CampaignHousehold", "pricing.CouponClip", "pricing.Overuse", "pricing.Use",
    "pricing.UseCount",
    "sales.Receipt",
}  # fmt: skip
"""Every table that keeps a loyalty number, each forgotten by an erasure: a new one fails here until it is."""


def test_every_table_that_keeps_a_number_is_known() -> None:
    keeping = {
        model._meta.label
        for model in apps.get_models()
        if "loyalty_number" in {field.name for field in model._meta.get_fields()}
    }
    assert keeping == FORGETS


def test_no_table_holds_the_number_any_more(world: World) -> None:
    """Whatever tables there are: of texts and documents only those that are said to keep it still do."""
    account()
    Order.objects.update(status="handed_over")
    with_contact(world.orders["330"])

    outcome = erase_person(of(), actor="boss")

    assert isinstance(outcome, Erased)
    kept = set()
    for model in apps.get_models():
        texts = (f for f in model._meta.concrete_fields if isinstance(f, CharField | TextField | JSONField))
        names = [field.attname for field in texts]
        for row in model._default_manager.values(*names) if names else ():
            told = json.dumps(row, default=str)
            if NUMBER in told or "ann@shop.example" in told or "Ann Lee" in told:
                kept.add((model._meta.label, row.get("type") or row.get("kind") or told))
    assert kept == {
        ("base.Event", "customer.changed"), ("base.Event", "customer.consented"), ("base.Event", "customer.erased"),
        ("base.InboxEntry", "customer"),  # the world's sender writes the number into its keys, which are its own
    }  # fmt: skip
