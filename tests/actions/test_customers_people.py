"""Customers as people: what sources state, what they tell of themselves, agree to, and are priced by."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.base.models import Event, TrailEntry
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.models import User
from onebasket.commerce.access.rules import CONFLICT, CREATED, UNCHANGED, UPDATED, ItemOutcome
from onebasket.commerce.customers.actions import retire_customers, state_consents, upsert_customers
from onebasket.commerce.customers.actions.consenting import choose_consents
from onebasket.commerce.customers.actions.details import (
    CustomerError,
    add_address,
    change_address,
    change_details,
    remove_address,
)
from onebasket.commerce.customers.actions.joining import join
from onebasket.commerce.customers.models import Customer, CustomerAddress, CustomerConsent
from onebasket.commerce.customers.queries import customer_of_user, numbers_beside, shopper_facts, shoppers
from onebasket.commerce.customers.queries.reading import (
    AddressRead,
    CustomerFilter,
    consents_of,
    find_customer,
    read_customer,
    read_customers,
)
from onebasket.commerce.customers.rules import AddressItem, ConsentItem, CustomerItem, CustomerRetirement, SegmentItem
from onebasket.commerce.customers.rules.cards import is_card_number
from onebasket.commerce.customers.rules.person import Details
from onebasket.commerce.customers.rules.shopper import ShopperFacts

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOME = AddressItem("1 Main St", label="home", name="Ann Lee", postcode="45202", city="Cincinnati", country="US")


@pytest.fixture
def source() -> int:
    return enrol_source("crm", actor="tests")


@pytest.fixture
def ann(source: int) -> int:
    """Ann, with everything that a source may state."""
    item = CustomerItem(
        "k0", "900", name="Ann Lee", email="Ann@Shop.example", phone="+1 513 555 0100", language="en",
        segments=(SegmentItem("vip"), SegmentItem("campaign:13", AT, AT + timedelta(days=1))), addresses=(HOME,),
    )  # fmt: skip
    assert upsert_customers(source, [item]) == [CREATED]
    return Customer.objects.get(loyalty_number="900").pk


def test_what_a_source_states_is_kept_and_what_it_leaves_out_stays(source: int, ann: int) -> None:
    before = read_customer(ann)
    assert before is not None
    assert (before.head.name, before.head.email, before.head.phone) == (
        "Ann Lee",
        "Ann@Shop.example",
        "+1 513 555 0100",
    )
    assert before.numbers == ("900",)
    assert [segment.name for segment in before.segments] == ["campaign:13", "vip"]
    assert before.addresses[0].line1 == "1 Main St"

    assert upsert_customers(source, [CustomerItem("k1", "900"), CustomerItem("k2", "900", name="Ann Lee")]) == [
        UNCHANGED,
        UNCHANGED,
    ]
    assert upsert_customers(source, [CustomerItem("k3", "900", phone="", segments=(), staff=True)]) == [UPDATED]

    after = read_customer(ann)
    assert after is not None
    assert (after.head.name, after.head.phone, after.head.staff) == ("Ann Lee", "", True)
    assert (after.segments, after.addresses) == ((), before.addresses)
    assert Event.objects.filter(type="customer.changed").count() == 2


def test_a_batch_is_decided_in_turn(source: int) -> None:
    batch = [
        CustomerItem("k1", "900", name="Ann"), CustomerItem("k2", "900", email="ann@shop.example"),
        CustomerItem("k3", "900", email="ann@shop.example"), CustomerItem("k4", "901", email="nobody"),
        CustomerItem("k5", "902", phone="12"), CustomerItem("k6", "903", segments=(SegmentItem("a"), SegmentItem("a"))),
    ]  # fmt: skip
    assert upsert_customers(source, batch) == [
        CREATED, UPDATED, UNCHANGED, ItemOutcome("invalid", "email: an address has the form name@host.example."),
        ItemOutcome("invalid", "phone: a number has at least 7 digits."), CREATED,
    ]  # fmt: skip
    assert upsert_customers(source, batch)[:3] == [CREATED, UPDATED, UNCHANGED]
    assert upsert_customers(source, [CustomerItem("k1", "900", name="Bob")]) == [CONFLICT]
    assert sorted(Customer.objects.values_list("loyalty_number", "name", "email_key")) == [
        ("900", "Ann", "ann@shop.example"), ("903", "", ""),
    ]  # fmt: skip


def test_segments_and_addresses_are_stated_whole(source: int, ann: int) -> None:
    work = AddressItem("2 Side St", label="work")
    stated = CustomerItem("k1", "900", segments=(SegmentItem("b"),), addresses=(work, HOME))

    assert upsert_customers(source, [stated]) == [UPDATED]
    assert upsert_customers(source, [CustomerItem("k2", "900", segments=(SegmentItem("b"),))]) == [UNCHANGED]
    found = read_customer(ann)

    assert found is not None
    assert found.segments == (SegmentItem("b"),)
    assert [address.label for address in found.addresses] == ["work", "home"]


def test_prices_go_by_the_facts_of_a_number(source: int, ann: int) -> None:
    upsert_customers(source, [CustomerItem("k1", "901", staff=True), CustomerItem("k2", "902")])
    retire_customers(source, [CustomerRetirement("k3", "902")])
    other = Customer.objects.get(loyalty_number="901").pk

    with CaptureQueriesContext(connection) as asked:
        found = shoppers(["900", "901", "902", "999"], at=AT)

    assert len(asked) == 1
    assert found.keys() == {"900", "901", "902"}
    assert found["900"] == ShopperFacts(
        ann, "900", member=True, staff=False, segments=frozenset({"vip", "campaign:13"}), numbers=("900",)
    )
    assert found["901"] == ShopperFacts(other, "901", member=True, staff=True, segments=frozenset(), numbers=("901",))
    assert not found["902"].member
    later = shopper_facts("900", at=AT + timedelta(days=1))
    assert later is not None
    assert later.segments == {"vip"}
    assert shopper_facts("999", at=AT) is None
    assert shopper_facts("", at=AT) is None


def test_an_account_joins_once_and_gets_a_card() -> None:
    user, stranger = (User.objects.create(username=name, role="shopper") for name in ("shopper-1", "shopper-2"))

    identity = join(user.pk, Details("Ann", "ann@shop.example"))

    assert join(user.pk, Details("Other")) == identity == customer_of_user(user.pk)
    found = read_customer(identity)
    assert found is not None
    assert (found.head.name, found.head.account) == ("Ann", True)
    assert is_card_number(found.head.loyalty_number)
    assert customer_of_user(stranger.pk) is None
    assert Event.objects.get().subject == f"customer/{found.head.loyalty_number}"


def test_people_change_what_they_tell(ann: int) -> None:
    assert change_details(ann, Details("Ann Lee", " new@shop.example ", "", "en")) == ["email", "phone"]
    assert change_details(ann, Details("Ann Lee", "new@shop.example", "", "en")) == []
    assert TrailEntry.objects.count() == 1  # the source's enrolment

    assert change_details(ann, Details("Ann", "new@shop.example"), staff=True, actor="boss") == [
        "name", "language", "staff",
    ]  # fmt: skip

    entry = TrailEntry.objects.get(actor="boss")
    assert (entry.action, entry.target) == ("customer.change", f"customer/{ann}")
    assert entry.detail == {"fields": ["name", "language", "staff"]}
    assert find_customer("900") == ann
    (head,), _ = read_customers(CustomerFilter(email="NEW@shop.example"), after=None, limit=5)
    assert (head.loyalty_number, head.staff) == ("900", True)
    with pytest.raises(CustomerError, match="email: an address"):
        change_details(ann, Details(email="nobody"))
    with pytest.raises(CustomerError, match="no such customer"):
        change_details(0, Details())


def test_customers_are_found_by_number_email_and_phone(source: int, ann: int) -> None:
    upsert_customers(source, [CustomerItem("k1", "901", email="bob@shop.example")])

    def found(**wanted: str) -> list[str]:
        rows, following = read_customers(CustomerFilter(**wanted), after=None, limit=5)
        assert following is None
        return sorted(row.loyalty_number for row in rows)

    assert found() == ["900", "901"]
    assert found(number="901") == found(email="Bob@shop.example") == ["901"]
    assert found(phone="513-555-0100") == ["900"]
    assert found(phone="x") == found(number="9") == []


def test_addresses_are_added_changed_and_removed_by_their_owner_alone(source: int, ann: int) -> None:
    upsert_customers(source, [CustomerItem("k1", "901")])
    stranger = Customer.objects.get(loyalty_number="901").pk
    identity = add_address(ann, AddressItem("2 Side St", label=" work "))

    assert not change_address(stranger, identity, HOME)
    assert not remove_address(stranger, identity)
    assert CustomerAddress.objects.get(pk=identity).label == "work"

    assert change_address(ann, identity, AddressItem("3 Side St", name="Ann Lee", postcode="45 202"))
    held = CustomerAddress.objects.get(pk=identity)
    assert (held.line1, held.label, held.home_key) == ("3 Side St", "", "45202 ann lee")
    assert remove_address(ann, identity)
    assert not remove_address(ann, identity)
    for _ in range(19):
        add_address(ann, HOME)
    with pytest.raises(CustomerError, match="20 addresses"):
        add_address(ann, HOME)
    found = read_customer(ann)
    assert found is not None
    assert len(found.addresses) == 20
    assert isinstance(found.addresses[0], AddressRead)


def test_consents_are_stated_and_never_changed(source: int, ann: int) -> None:
    items = [
        ConsentItem("k1", "900", "offers_email", given=True, at=AT, text_version="7"),
        ConsentItem("k2", "999", "offers_email", given=True, at=AT, text_version="7"),
    ]
    assert state_consents(source, items) == [
        CREATED,
        ItemOutcome("invalid", "loyalty_number: nobody has '999'. Check the number."),
    ]
    assert state_consents(source, items)[0] == CREATED

    assert choose_consents(ann, ["offers_personal"]) == ["offers_email", "offers_personal"]
    assert choose_consents(ann, ["offers_personal"]) == []
    assert choose_consents(0, ["offers_personal"]) == []

    assert [(c.purpose, c.given, c.text_version, c.stated_by) for c in consents_of(ann)] == [
        ("offers_email", True, "7", f"source/{source}"), ("offers_email", False, "1", "customer"),
        ("offers_personal", True, "1", "customer"),
    ]  # fmt: skip
    assert CustomerConsent.objects.count() == 3
    assert Event.objects.filter(type="customer.consented").count() == 3


def test_a_number_stands_for_itself_where_nobody_has_it(ann: int) -> None:
    assert numbers_beside("900") == ("900",)
    assert numbers_beside("999") == ("999",)
    assert read_customer(0) is None
