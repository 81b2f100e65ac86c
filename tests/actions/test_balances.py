"""Gift cards and store credit: made, activated, spent, given back, blocked, expired; codes are never kept."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from onebasket.base import bulk
from onebasket.base.bulk import GuardError
from onebasket.base.clock import database_now
from onebasket.base.locking import OutsideTransactionError
from onebasket.base.models import Event, InboxEntry, TrailEntry
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.payments.actions import (
    UnknownBalanceError,
    activate_gift_cards,
    expire_balances,
    issue_gift_cards,
    issue_store_credit,
    open_balances,
    post_balances,
    set_balance_active,
)
from onebasket.commerce.payments.models import BalanceAccount, BalanceEntry
from onebasket.commerce.payments.queries import balances_of, find_balance
from onebasket.commerce.payments.rules.balances import GRACE
from onebasket.commerce.payments.rules.codes import code_digest, read_code
from onebasket.commerce.payments.rules.messages import GiftCardActivation, GiftCardIssue, Issued, StoreCreditIssue
from onebasket.kernel.identity import new_id
from tests.builders import make_chain
from tests.paying import balance, entries, gift_card, store_credit, told

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def source() -> int:
    return make_chain()


def test_a_gift_card_is_found_by_its_code_however_typed(source: int) -> None:
    made = gift_card(source, 2_500)
    facts = find_balance(made.code.lower().replace("-", " "))
    assert facts is not None
    assert (facts.id, facts.kind, facts.currency, facts.balance, facts.active) == (
        made.account, "gift_card", "USD", 2_500, True,
    )  # fmt: skip
    assert facts.hint == read_code(made.code)[-4:]  # type: ignore[index] # it is a code
    assert entries(made.account) == [("load", 2_500, 2_500)]


def test_no_row_holds_the_code(source: int) -> None:
    made = gift_card(source, 2_500)
    code = read_code(made.code)
    assert code is not None
    row = BalanceAccount.objects.get()
    assert row.code_digest == code_digest(code)
    for table in connection.introspection.table_names():
        for line in bulk.fetch(f"SELECT * FROM {table}"):  # noqa: S608 - our own tables
            assert code not in str(line)
            assert made.code not in str(line)


def test_the_same_again_gets_the_same_code_and_makes_nothing(source: int) -> None:
    made = gift_card(source, 2_500)
    again = gift_card(source, 2_500)
    assert made == again
    assert BalanceAccount.objects.count() == BalanceEntry.objects.count() == 1


def test_the_code_is_told_again_to_its_own_request_alone(source: int) -> None:
    gift_card(source, 2_500)
    other = issue_gift_cards(source + 1, [GiftCardIssue("g1", "USD", 2_500, "p1")])
    assert BalanceAccount.objects.count() == 2
    (conflict,) = issue_gift_cards(source, [GiftCardIssue("g1", "USD", 2_600, "p1")])
    assert (conflict.outcome, conflict.code) == ("conflict", "")
    assert other[0].code


def test_after_the_secret_key_has_changed_no_code_is_told_again(source: int) -> None:
    made = gift_card(source, 2_500)
    with override_settings(SECRET_KEY="another-secret-key-" + "x" * 40):
        assert gift_card(source, 2_500).code == ""
        assert find_balance(made.code) is not None


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (GiftCardIssue("k", "XXL", 1), "currency: 'XXL' is no ISO 4217 currency code, such as USD."),
        (GiftCardIssue("k", "USD", 1, "nowhere"), "place: there is no place 'nowhere'."),
        (GiftCardIssue("k", "USD", 1, expires_at=LONG_AGO), "expires_at: this instant is over."),
        (GiftCardIssue("k", "USD", -1), "amount: Expected `int` >= 0."),
        (GiftCardIssue("k", "USD", 10**9 + 1), "amount: Expected `int` <= 1000000000."),
        (GiftCardIssue("", "USD", 1), "A key has 1 to 120 characters."),
    ],
)  # fmt: skip
def test_what_is_no_gift_card_is_refused_and_its_neighbours_go_on(
    source: int, item: GiftCardIssue, message: str
) -> None:
    outcomes = issue_gift_cards(source, [GiftCardIssue("a", "USD", 1), item, GiftCardIssue("b", "USD", 2)])
    assert [one.outcome for one in outcomes] == ["issued", "invalid", "issued"]
    assert outcomes[1] == Issued("invalid", message)
    assert BalanceAccount.objects.count() == 2


def test_a_printed_card_is_worth_nothing_until_it_is_activated(source: int) -> None:
    made = gift_card(source, 0)
    assert balance(made) == 0
    (outcome,) = activate_gift_cards(source, [GiftCardActivation("a1", made.code, 5_000, "USD", "p1")])
    again = activate_gift_cards(source, [GiftCardActivation("a1", made.code, 5_000, "USD", "p1")])
    assert [outcome] == again == [Issued("activated", account=made.account, balance=5_000)]
    assert balance(made) == 5_000
    assert entries(made.account) == [("load", 5_000, 5_000)]


def test_what_cannot_be_activated_says_why(source: int) -> None:
    made, blocked, over = (gift_card(source, 100, key=key) for key in ("a", "b", "c"))
    set_balance_active(blocked.account, active=False, reason="Stolen.", actor="anna")
    BalanceAccount.objects.filter(pk=over.account).update(expires_at=database_now())
    credit = store_credit(source, 100)
    items = [
        GiftCardActivation("1", "no code", 1, "USD"),
        GiftCardActivation("2", "0" * 27, 1, "USD"),
        GiftCardActivation("3", made.code, 1, "EUR"),
        GiftCardActivation("4", blocked.code, 1, "USD"),
        GiftCardActivation("5", over.code, 1, "USD"),
        GiftCardActivation("6", credit.code, 1, "USD"),
        GiftCardActivation("7", made.code, 1, "USD", "nowhere"),
        GiftCardActivation("8", made.code, 0, "USD"),
    ]
    assert [one.message for one in activate_gift_cards(source, items)] == [
        "code: there is no such gift card. Check what was typed.",
        "code: there is no such gift card. Check what was typed.",
        "currency: this gift card is in another currency.",
        "code: this gift card is blocked.",
        "code: this gift card has expired.",
        "code: there is no such gift card. Check what was typed.",
        "place: there is no place 'nowhere'.",
        "amount: Expected `int` >= 1.",
    ]
    assert [balance(one) for one in (made, blocked, over, credit)] == [100, 100, 100, 100]


def test_store_credit_belongs_to_a_customer(source: int) -> None:
    upsert_customers(source, [CustomerItem("k", "4400187")])
    made = store_credit(source, 700, loyalty_number="4400187")
    later = database_now() + timedelta(days=10)
    soon = store_credit(source, 300, key="c2", loyalty_number="4400187", expires_at=later)
    store_credit(source, 900, key="c3")
    assert [(one.id, one.balance) for one in balances_of("4400187")] == [(soon.account, 300), (made.account, 700)]
    assert balances_of("") == balances_of("other") == []
    (refused,) = issue_store_credit(source, [StoreCreditIssue("c4", "USD", 1, "x", loyalty_number="nobody")])
    assert refused.message == "loyalty_number: nobody has 'nobody'. Check the number."


def test_spending_in_one_batch_sees_what_was_spent_before(source: int) -> None:
    made = gift_card(source, 100)
    order = new_id()
    with transaction.atomic():
        book = open_balances([made.account])
        assert [book.spend(made.account, amount, order) for amount in (60, 50, 40, 1)] == [True, False, True, False]
        post_balances(book, now=database_now())
    assert balance(made) == 0
    assert entries(made.account) == [("load", 100, 100), ("spend", -60, 40), ("spend", -40, 0)]


def test_why_a_balance_is_refused(source: int) -> None:
    now = database_now()
    made, blocked = gift_card(source, 100), gift_card(source, 100, key="g2")
    over = gift_card(source, 100, key="g3", expires_at=now + timedelta(days=1))
    set_balance_active(blocked.account, active=False, reason="Stolen.", actor="anna")
    ids = [made.account, blocked.account, over.account]
    with transaction.atomic():
        book = open_balances(ids, now=now + timedelta(days=1))
        assert [book.refusal(one, 100) for one in ids] == [None, "blocked", "expired"]
        assert book.refusal(made.account, 101) == "too_little"
        assert book.refusal(made.account, 0) == "too_little"
        assert book.refusal(made.account, -5) == "too_little"
        assert book.refusal(made.account, 1, "EUR") == "other_currency"
        assert book.refusal(999, 1) == "unknown_balance"
        assert not book.spend(999, 1, new_id())


def test_balances_are_locked_inside_a_transaction_alone(transactional_db: None) -> None:
    with pytest.raises(OutsideTransactionError):
        open_balances([1])


def test_a_balance_that_somebody_else_changed_is_not_written(source: int) -> None:
    made = gift_card(source, 100)

    def spend() -> None:
        with transaction.atomic():
            book = open_balances([made.account])
            book.spend(made.account, 60, new_id())
            bulk.execute("UPDATE payments_balanceaccount SET version = version + 1")
            post_balances(book, now=database_now())

    with pytest.raises(GuardError):
        spend()
    assert entries(made.account) == [("load", 100, 100)]


def test_the_database_itself_refuses_a_balance_below_zero(source: int) -> None:
    made = gift_card(source, 100)
    with pytest.raises(IntegrityError), transaction.atomic():
        BalanceAccount.objects.filter(pk=made.account).update(balance=-1)


def test_what_is_given_back_can_be_spent_for_a_while(source: int) -> None:
    now = database_now()
    made = gift_card(source, 100, expires_at=now + timedelta(days=1))
    with transaction.atomic():
        book = open_balances([made.account], now=now)
        book.spend(made.account, 60, new_id())
        post_balances(book, now=now)
    late = now + timedelta(days=3)
    with transaction.atomic():
        book = open_balances([made.account], now=late)
        book.give_back(made.account, 60, new_id())
        post_balances(book, now=late)
        assert book.refusal(made.account, 100) is None
    assert BalanceAccount.objects.get().expires_at == late + GRACE


def test_what_is_left_when_the_time_is_over_is_taken_off(source: int) -> None:
    made = gift_card(source, 100, expires_at=database_now() + timedelta(days=1))
    kept = gift_card(source, 50, key="g2")
    assert expire_balances() == 0
    BalanceAccount.objects.filter(pk=made.account).update(expires_at=database_now())
    assert (expire_balances(), expire_balances()) == (1, 0)
    assert (balance(made), balance(kept)) == (0, 50)
    assert entries(made.account) == [("load", 100, 100), ("expire", -100, 0)]


def test_blocking_keeps_what_is_on_it_and_is_told_once(source: int) -> None:
    made = gift_card(source, 100)
    for _ in range(2):
        set_balance_active(made.account, active=False, reason="Stolen.", actor="anna")
    assert (balance(made), told("balance.")) == (100, ["changed", "stopped"])
    set_balance_active(made.account, active=True, reason="Found again.", actor="anna")
    assert BalanceAccount.objects.get().active
    trail = TrailEntry.objects.filter(target=f"balance/{made.account}").order_by("pk").values_list("action", "actor")
    assert list(trail) == [("balance.block", "anna"), ("balance.unblock", "anna")]
    with pytest.raises(UnknownBalanceError):
        set_balance_active(999, active=False, reason="", actor="anna")


def test_every_change_is_told_with_its_place(source: int) -> None:
    made = gift_card(source, 100)
    event = Event.objects.get(type="balance.changed")
    assert (event.subject, event.place_code) == (f"balance/{made.account}", "p1")
    assert '"entry":"load","currency":"USD","amount":100,"balance":100,"place":"p1"' in event.data
    assert InboxEntry.objects.get(kind="giftcard").outcome == (
        f'{{"outcome":"issued","account":{made.account},"balance":100}}'
    )
