"""Orders' tenders: opened, settled as the order goes, and given back in reverse order; no outside call is made here."""

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from onebasket.base.clock import database_now
from onebasket.base.models import Event
from onebasket.commerce.payments.actions import (
    NotReplaceableError,
    open_payments,
    pay_at_collection,
    refund,
    set_balance_active,
    settle_orders,
)
from onebasket.commerce.payments.models import Attempt, BalanceAccount, Payment, Refund, RefundPart
from onebasket.commerce.payments.queries import covered_orders, is_settled, unsettled_orders
from onebasket.commerce.payments.rules import Method
from onebasket.commerce.payments.rules.messages import (
    NewPayment,
    NewRefund,
    RefundCall,
    RefundMade,
    RefundRefused,
    Settling,
)
from onebasket.commerce.places.queries import places_by_code
from onebasket.kernel.identity import new_id
from tests.builders import make_chain
from tests.paying import (
    Pay,
    balance,
    entries,
    gift_card,
    give_back,
    open_order,
    order_of,
    settle,
    stands,
    store_credit,
    told,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> int:
    return make_chain("p1", "p2")


def test_tenders_stand_as_their_method_wants(source: int) -> None:
    card, credit = gift_card(source, 500), store_credit(source, 300)
    payments = open_order(
        Pay("gift_card", 500, card.account), Pay("store_credit", 200, credit.account), Pay("invoice", 40),
        Pay("card", 30), Pay("at_collection", 20),
    )  # fmt: skip
    assert [stands(one) for one in payments] == [
        "gift_card authorised due 500 authorised 500 captured 0",
        "store_credit authorised due 200 authorised 200 captured 0",
        "invoice authorised due 40 authorised 40 captured 0",
        "card pending due 30 authorised 0 captured 0",
        "at_collection pending due 20 authorised 0 captured 0",
    ]
    assert list(Payment.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert (balance(card), balance(credit), told()) == (0, 100, [])


def test_tenders_are_numbered_within_their_order(source: int) -> None:
    first = open_order(Pay("at_collection", 20))
    second = open_order(Pay("invoice", 20), place="p2")
    rows = list(Payment.objects.order_by("place__code").values_list("pk", "place__code", "number"))
    assert rows == [(first[0], "p1", 1), (second[0], "p2", 1)]


def test_what_is_paid_at_collection_is_paid_at_hand_over(source: int) -> None:
    (payment,) = open_order(Pay("at_collection", 500))
    settle(payment, "lower", 430)
    settle(payment, "hand_over", 430)
    assert stands(payment) == "at_collection captured due 430 authorised 430 captured 430"
    assert told() == ["captured"]
    assert Event.objects.get(type="payment.captured").place_code == "p1"


def test_a_short_pick_gives_back_what_the_gift_card_is_not_needed_for(source: int) -> None:
    card = gift_card(source, 500)
    gift, rest = open_order(Pay("gift_card", 500, card.account), Pay("at_collection", 100))
    settle(gift, "lower", 450)
    assert (balance(card), stands(rest)) == (50, "at_collection reversed due 0 authorised 0 captured 0")
    settle(gift, "hand_over", 450)
    assert stands(gift) == "gift_card captured due 450 authorised 450 captured 450"
    assert entries(card.account) == [("load", 500, 500), ("spend", -500, 0), ("give_back", 50, 50)]
    assert told() == ["reversed", "captured"]


def test_a_cancelled_order_gives_everything_back(source: int) -> None:
    card, credit = gift_card(source, 500), store_credit(source, 300)
    payments = open_order(
        Pay("gift_card", 500, card.account), Pay("store_credit", 300, credit.account), Pay("card", 30)
    )
    settle(payments[0], "cancel")
    assert {Payment.objects.get(pk=one).status for one in payments} == {"reversed"}
    assert (balance(card), balance(credit)) == (500, 300)


def test_settling_again_changes_and_tells_nothing(source: int) -> None:
    card = gift_card(source, 500)
    (payment,) = open_order(Pay("gift_card", 500, card.account))
    settle(payment, "cancel")
    before = list(Payment.objects.values())
    settle(payment, "cancel")
    settle(payment, "hand_over", 500)
    assert list(Payment.objects.values()) == before
    assert (balance(card), told()) == (500, ["reversed", "uncovered"])


def test_several_steps_of_one_order_in_one_batch_follow_one_another(source: int) -> None:
    card = gift_card(source, 500)
    (payment,) = open_order(Pay("gift_card", 500, card.account))
    order = order_of(payment)
    settle_orders([Settling(order, "lower", 450), Settling(order, "lower", 420), Settling(order, "hand_over", 400)])
    assert (stands(payment), balance(card)) == ("gift_card captured due 400 authorised 400 captured 400", 100)


def test_an_order_without_tenders_is_passed_over(source: int) -> None:
    settle_orders([Settling(new_id(), "hand_over", 500)])
    assert told() == []


def test_what_nobody_has_paid_is_told(source: int) -> None:
    (payment,) = open_order(Pay("card", 500))
    settle(payment, "hand_over", 500)
    assert told() == ["uncovered"]
    event = Event.objects.get(type="payment.uncovered")
    assert event.data.endswith('"place":"p1","currency":"USD","total":500,"uncovered":500}')


def test_settling_a_batch_takes_few_statements(source: int, django_assert_max_num_queries: Any) -> None:
    orders = []
    for number in range(12):
        card = gift_card(source, 500, key=f"g{number}")
        (payment,) = open_order(Pay("gift_card", 500, card.account))
        orders.append(order_of(payment))
    with django_assert_max_num_queries(22 if connection_is_sqlite() else 14):
        settle_orders([Settling(order, "hand_over", 450) for order in orders])
    assert set(Payment.objects.values_list("captured", flat=True)) == {450}


def connection_is_sqlite() -> bool:
    return str(transaction.get_connection().vendor) == "sqlite"


@pytest.mark.parametrize(
    "change",
    [
        {"captured": 501}, {"captured": 1}, {"authorised": 501}, {"due": 501}, {"due": -1}, {"refunded": 1},
        {"amount": 0}, {"account_id": 7}, {"status": "captured", "authorised": 400, "captured": 401},
    ],
)  # fmt: skip
def test_the_database_itself_refuses_impossible_amounts(source: int, change: dict[str, object]) -> None:
    (payment,) = open_order(Pay("at_collection", 500))
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=payment).update(**change)


def test_an_order_is_covered_once_every_tender_is_sure(source: int) -> None:
    card = gift_card(source, 500)
    gift, _ = open_order(Pay("gift_card", 500, card.account), Pay("at_collection", 100))
    mixed = open_order(Pay("at_collection", 100), Pay("card", 100))
    orders = [order_of(gift), order_of(mixed[0]), new_id()]
    assert covered_orders(orders) == {orders[0]}
    Payment.objects.filter(pk=mixed[1]).update(status="authorised", authorised=100)
    assert covered_orders(orders) == set(orders[:2])
    Payment.objects.filter(pk=mixed[1]).update(goal="reverse")
    assert covered_orders(orders) == {orders[0]}
    assert covered_orders([]) == set()


def test_an_order_is_settled_unless_a_payment_is_unknown(source: int) -> None:
    (payment,) = open_order(Pay("card", 100))
    order = order_of(payment)
    assert is_settled(order)
    Payment.objects.update(status="unknown")
    assert not is_settled(order)
    assert unsettled_orders([order, new_id()]) == {order}


def test_a_refused_card_can_be_paid_at_collection(source: int) -> None:
    (payment,) = open_order(Pay("card", 100))
    Payment.objects.update(status="refused", reason="declined", tries=1)
    pay_at_collection(payment)
    assert stands(payment) == "at_collection pending due 100 authorised 0 captured 0"
    assert covered_orders([order_of(payment)]) == {order_of(payment)}


@pytest.mark.parametrize("status", ["unknown", "authorised", "reversed"])
def test_what_may_be_on_its_way_is_not_paid_twice(source: int, status: str) -> None:
    (payment,) = open_order(Pay("card", 100))
    Payment.objects.update(status=status)
    with pytest.raises(NotReplaceableError):
        pay_at_collection(payment)
    assert Payment.objects.get().method == "card"


def paid(source: int) -> tuple[int, list[UUID]]:
    """Return a gift card's account, and the two tenders of an order that was handed over."""
    card = gift_card(source, 300)
    payments = open_order(Pay("gift_card", 300, card.account), Pay("at_collection", 200))
    settle(payments[0], "hand_over", 500)
    return card.account, payments


def test_a_refund_goes_to_the_last_tender_first(source: int) -> None:
    account, payments = paid(source)
    outcome = give_back(source, payments[0], 250)
    assert isinstance(outcome, RefundMade)
    assert [(part.payment, part.amount, part.status) for part in outcome.parts] == [
        (payments[1], 200, "done"), (payments[0], 50, "done"),
    ]  # fmt: skip
    assert [stands(one) for one in payments] == [
        "gift_card captured due 300 authorised 300 captured 300 refunded 50",
        "at_collection captured due 200 authorised 200 captured 200 refunded 200",
    ]
    assert balance(account) == 50
    assert entries(account)[-1] == ("refund", 50, 50)
    assert told() == ["captured", "captured", "refunded", "refunded"]


def test_the_same_refund_again_gives_nothing_back(source: int) -> None:
    account, payments = paid(source)
    first = give_back(source, payments[0], 250)
    assert give_back(source, payments[0], 250) == first
    assert (balance(account), Refund.objects.count(), RefundPart.objects.count()) == (50, 1, 2)
    order = order_of(payments[0])
    twice = [RefundCall(source, NewRefund("r2", order, 10)), RefundCall(source, NewRefund("r2", order, 10))]
    one, other = refund(twice)
    assert one == other
    assert balance(account) == 60


def test_a_refund_key_used_for_another_refund_is_a_conflict(source: int) -> None:
    account, payments = paid(source)
    give_back(source, payments[0], 250)
    outcome = give_back(source, payments[0], 251)
    assert isinstance(outcome, RefundRefused)
    assert outcome.code == "key_conflict"
    assert isinstance(give_back(source + 1, payments[0], 250), RefundMade)  # another source has keys of its own
    assert balance(account) == 300


def test_no_more_is_given_back_than_was_paid(source: int) -> None:
    _, payments = paid(source)
    outcome = give_back(source, payments[0], 501)
    assert outcome == RefundRefused(
        "too_much", "Of this order 500 USD (minor units) can be given back.", refundable=500
    )
    assert isinstance(give_back(source, payments[0], 500, key="r2"), RefundMade)
    assert give_back(source, payments[0], 1, key="r3") == RefundRefused(
        "too_much", "Of this order 0 USD (minor units) can be given back."
    )


def test_an_order_at_a_foreign_place_is_unknown(source: int) -> None:
    _, payments = paid(source)
    for places in (frozenset({"p2"}), frozenset[str]()):
        outcome = give_back(source, payments[0], 10, places=places)
        assert isinstance(outcome, RefundRefused)
        assert outcome.code == "unknown_order"
    (missing,) = refund([RefundCall(source, NewRefund("x", new_id(), 10))])
    assert isinstance(missing, RefundRefused)
    assert Refund.objects.count() == 0
    assert isinstance(give_back(source, payments[0], 10, places=frozenset({"p1"})), RefundMade)


def test_a_blocked_gift_card_gets_its_money_back_too(source: int) -> None:
    account, payments = paid(source)
    set_balance_active(account, active=False, reason="Lost.", actor="anna")
    give_back(source, payments[0], 500)
    assert (balance(account), BalanceAccount.objects.get().active) == (300, False)


def test_a_card_yet_to_be_captured_is_captured_for_less(source: int) -> None:
    (payment,) = open_order(Pay("card", 500))
    Payment.objects.update(status="authorised", authorised=500, tries=1)
    settle(payment, "hand_over", 500)
    outcome = give_back(source, payment, 200)
    assert isinstance(outcome, RefundMade)
    assert [(part.amount, part.status) for part in outcome.parts] == [(200, "done")]
    assert stands(payment) == "card authorised to capture due 300 authorised 500 captured 0"


def test_while_a_capture_is_unknown_nothing_is_given_back_yet(source: int) -> None:
    (payment,) = open_order(Pay("card", 500))
    Payment.objects.update(status="unknown", goal="capture", authorised=500, tries=1)
    outcome = give_back(source, payment, 200)
    assert isinstance(outcome, RefundRefused)
    assert (outcome.refundable, outcome.soon) == (0, 500)


def test_nobody_outside_was_asked(source: int) -> None:
    """Settling and refunding make no calls: what providers are to do is due for a worker."""
    (payment,) = open_order(Pay("card", 500))
    Payment.objects.update(status="authorised", authorised=500, tries=1)
    settle(payment, "hand_over", 400)
    assert Attempt.objects.count() == 0
    assert Payment.objects.get().next_at is not None


def test_a_payment_of_nothing_is_refused(source: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        open_order(Pay("at_collection", 0))


def test_opening_writes_in_one_statement(source: int, django_assert_num_queries: Any) -> None:
    facts = places_by_code(["p1"])["p1"]
    rows = [
        NewPayment(new_id(), new_id(), facts.id, "p1", Method.AT_COLLECTION, "USD", 100 + number)
        for number in range(50)
    ]
    now = database_now()
    with transaction.atomic(), django_assert_num_queries(1):
        open_payments(rows, now=now)
    assert Payment.objects.count() == 50
