"""Doubles: found, merged so that both numbers go on, and parted again; and cards that are proved by a code."""

from datetime import UTC, datetime, timedelta

import pytest

from onebasket.base.clock import database_now
from onebasket.base.models import Event, TrailEntry
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.models import User
from onebasket.commerce.customers.actions import retire_customers, state_consents, upsert_customers
from onebasket.commerce.customers.actions.details import CustomerError, change_details
from onebasket.commerce.customers.actions.joining import join
from onebasket.commerce.customers.actions.merging import Merged, merge_customers, undo_merge
from onebasket.commerce.customers.actions.proving import make_code, prove_card, send_code
from onebasket.commerce.customers.models import CardCode, Customer, CustomerMerge
from onebasket.commerce.customers.queries import (
    customer_of_user,
    customers_by_loyalty_number,
    numbers_beside,
    numbers_of,
    shopper_facts,
)
from onebasket.commerce.customers.queries.doubles import DoubleRead, doubles, merges_of
from onebasket.commerce.customers.queries.reading import consents_of, find_customer, read_customer
from onebasket.commerce.customers.rules import AddressItem, ConsentItem, CustomerItem, CustomerRetirement, SegmentItem
from onebasket.commerce.customers.rules.cards import MOST_TRIES
from onebasket.commerce.customers.rules.merging import MergeRefused
from onebasket.commerce.customers.rules.person import Details

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def source() -> int:
    return enrol_source("crm", actor="tests")


@pytest.fixture
def people(source: int) -> dict[str, int]:
    """Three customers: 900 with a name, 901 with an e-mail address and a segment, 902 with nothing."""
    items = [
        CustomerItem("k0", "900", name="Ann Lee", segments=(SegmentItem("a"),)),
        CustomerItem("k1", "901", email="ann@shop.example", segments=(SegmentItem("b"),), staff=True),
        CustomerItem("k2", "902", phone="5135550100"),
    ]
    upsert_customers(source, items)
    state_consents(source, [ConsentItem("k9", "901", "offers_email", given=True, at=AT, text_version="1")])
    return dict(Customer.objects.values_list("loyalty_number", "pk"))


def merged(keep: str, other: str) -> Merged:
    outcome = merge_customers(keep, other, actor="boss", reason="same person")
    assert isinstance(outcome, Merged)
    return outcome


def snapshot() -> list[object]:
    return [*Customer.objects.order_by("pk").values(), *CustomerMerge.objects.values("undone_at")]


def test_both_numbers_go_on_and_stand_for_one(people: dict[str, int]) -> None:
    outcome = merged("900", "901")

    assert (outcome.loyalty_number, outcome.other) == ("900", "901")
    assert customers_by_loyalty_number(["900", "901"]) == {"900": people["900"], "901": people["900"]}
    assert numbers_of(people["900"]) == numbers_beside("901") == ("900", "901")
    facts = shopper_facts("901", at=AT)
    assert facts is not None
    assert (facts.customer_id, facts.loyalty_number, facts.member) == (people["900"], "900", True)
    assert (facts.staff, facts.segments) == (True, frozenset({"a", "b"}))
    assert len(consents_of(people["900"])) == 1
    found = read_customer(people["900"])
    assert found is not None
    assert (found.head.name, found.head.email, found.numbers) == ("Ann Lee", "ann@shop.example", ("900", "901"))
    assert read_customer(people["901"]) is None
    entry = TrailEntry.objects.get(action="customer.merge")
    assert entry.target == f"customer/{people['900']}"
    assert entry.detail == {"merge": outcome.id, "other": people["901"], "filled": ["email"]}
    assert Event.objects.get(type="customer.merged").subject == "customer/900"


def test_an_undo_leaves_everything_as_it_was(people: dict[str, int]) -> None:
    before = snapshot()
    outcome = merged("900", "901")
    assert snapshot() != before

    assert undo_merge(outcome.id, actor="boss") == outcome

    assert snapshot()[:-1] == before
    assert numbers_of(people["900"]) == ("900",)
    assert Event.objects.filter(type="customer.parted").count() == 1
    with pytest.raises(CustomerError, match="undone before"):
        undo_merge(outcome.id, actor="boss")
    with pytest.raises(CustomerError, match="no merge 0"):
        undo_merge(0, actor="boss")


def test_an_undo_keeps_what_was_changed_since(people: dict[str, int]) -> None:
    outcome = merged("900", "901")
    change_details(people["900"], Details("Ann", "new@shop.example"))

    undo_merge(outcome.id, actor="boss")

    row = Customer.objects.get(pk=people["900"])
    assert (row.name, row.email, row.email_key) == ("Ann", "new@shop.example", "new@shop.example")


def test_merges_in_a_chain_are_undone_from_the_last(people: dict[str, int]) -> None:
    before = snapshot()
    first = merged("901", "902")
    second = merged("900", "902")  # 902 stands for 901 by now
    assert (second.loyalty_number, second.other) == ("900", "901")
    assert numbers_of(people["900"]) == ("900", "901", "902")
    assert find_customer("902") == people["900"]
    assert [read.id for read in merges_of(people["900"])] == [second.id]
    with pytest.raises(CustomerError, match="came later"):
        undo_merge(first.id, actor="boss")

    undo_merge(second.id, actor="boss")

    assert find_customer("902") == people["901"]
    undo_merge(first.id, actor="boss")
    assert snapshot()[:-2] == before


@pytest.mark.parametrize(
    ("keep", "other", "code"), [("900", "900", "same"), ("900", "999", "unknown"), ("999", "900", "unknown")]
)
def test_what_cannot_be_merged_changes_nothing(people: dict[str, int], keep: str, other: str, code: str) -> None:
    before = snapshot()

    outcome = merge_customers(keep, other, actor="boss")

    assert isinstance(outcome, MergeRefused)
    assert outcome.code == code
    assert snapshot() == before


def test_the_same_merge_twice_is_refused(people: dict[str, int]) -> None:
    merged("900", "901")
    again = merge_customers("900", "901", actor="boss")
    assert isinstance(again, MergeRefused)
    assert again.code == "same"
    assert CustomerMerge.objects.count() == 1


def test_accounts_of_both_lead_to_the_one_that_stays(people: dict[str, int]) -> None:
    one, other = (User.objects.create(username=name, role="shopper").pk for name in ("s1", "s2"))
    Customer.objects.filter(pk=people["901"]).update(user=other)

    moved = merged("900", "901")

    assert customer_of_user(other) == people["900"]
    assert Customer.objects.get(pk=people["900"]).user_id == other
    undo_merge(moved.id, actor="boss")
    assert customer_of_user(other) == people["901"]

    Customer.objects.filter(pk=people["900"]).update(user=one)
    merged("900", "901")
    assert (customer_of_user(one), customer_of_user(other)) == (people["900"], people["900"])


def test_a_retired_number_stays_retired(source: int, people: dict[str, int]) -> None:
    merged("900", "901")
    retire_customers(source, [CustomerRetirement("k5", "901")])

    facts = shopper_facts("901", at=AT)

    assert facts is not None
    assert not facts.member
    assert customers_by_loyalty_number(["900", "901"]) == {"900": people["900"]}


def test_doubles_are_suggested_until_they_are_merged(source: int, people: dict[str, int]) -> None:
    home = (AddressItem("1 Main St", name="Ann Lee", postcode="45202"),)
    upsert_customers(
        source,
        [
            CustomerItem("k5", "903", email="ANN@shop.example", addresses=home),
            CustomerItem("k6", "904", phone="+1 513 555 0100", addresses=home),
        ],
    )
    assert doubles(limit=9) == [
        DoubleRead("901", "903", ("email",), 3), DoubleRead("902", "904", ("phone",), 2),
        DoubleRead("903", "904", ("home",), 1),
    ]  # fmt: skip
    assert doubles(limit=9, of=people["901"]) == [DoubleRead("901", "903", ("email",), 3)]
    assert doubles(limit=9, of=people["900"]) == []
    assert len(doubles(limit=1)) == 1

    merged("901", "903")

    assert doubles(limit=9) == [
        DoubleRead("902", "904", ("phone",), 2),
        DoubleRead("901", "904", ("home",), 1),
    ]


@pytest.fixture
def account(people: dict[str, int]) -> int:
    """The customer of an account that signed up just now."""
    return join(User.objects.create(username="shopper-1", role="shopper").pk, Details("Ann", "ann@shop.example"))


def test_a_printed_code_joins_a_card_to_an_account_once(people: dict[str, int], account: int) -> None:
    code = make_code("902", actor="boss")
    assert TrailEntry.objects.get(action="customer.code").detail == {}

    assert prove_card(account, "902", code.lower().replace("-", " "))

    assert find_customer("902") == account
    assert numbers_of(account)[1:] == ("902",)
    assert not prove_card(account, "902", code)
    assert CardCode.objects.count() == 0


def test_a_wrong_code_joins_nothing_and_a_few_use_the_right_one_up(people: dict[str, int], account: int) -> None:
    code = make_code("902", actor="boss")
    before = snapshot()

    for _ in range(MOST_TRIES):
        assert not prove_card(account, "902", "AAAAA-AAAAA")

    assert not prove_card(account, "902", code)
    assert snapshot() == before
    assert prove_card(account, "902", make_code("902", actor="boss"))


def test_a_try_less_leaves_the_right_code_its_use(people: dict[str, int], account: int) -> None:
    code = make_code("902", actor="boss")
    for _ in range(MOST_TRIES - 1):
        assert not prove_card(account, "902", "AAAAA-AAAAA")

    assert prove_card(account, "902", code)


def test_a_code_is_for_its_card_and_for_a_while(people: dict[str, int], account: int) -> None:
    code = make_code("902", actor="boss")
    assert not prove_card(account, "900", code)
    assert not prove_card(account, "999", code)
    assert not prove_card(account, "", "")
    CardCode.objects.update(expires_at=database_now() - timedelta(seconds=1))

    assert not prove_card(account, "902", code)
    with pytest.raises(CustomerError, match="Nobody has the number '999'"):
        make_code("999", actor="boss")


def test_codes_are_sent_to_the_address_on_file_alone(people: dict[str, int], account: int) -> None:
    printed = make_code("901", actor="boss")

    sent = send_code("901")

    assert sent is not None
    assert sent.email == "ann@shop.example"
    assert send_code("900") is None  # no address
    assert send_code("999") is None
    assert CardCode.objects.filter(digest=printed).count() == 0  # hashed at rest
    assert prove_card(account, "901", sent.code)
    assert CardCode.objects.count() == 0


def test_a_mail_asked_for_by_anybody_does_not_end_a_printed_code(people: dict[str, int], account: int) -> None:
    printed = make_code("901", actor="boss")
    send_code("901")
    assert prove_card(account, "901", printed)


def test_a_card_that_has_an_account_is_joined_to_no_other(people: dict[str, int], account: int) -> None:
    thief = join(User.objects.create(username="thief", role="shopper").pk, Details("Thief"))
    number = numbers_of(account)[0]
    code = make_code(number, actor="boss")
    before = snapshot()

    assert send_code(number) is None
    assert not prove_card(thief, number, code)
    assert not prove_card(account, number, code)
    assert snapshot() == before
