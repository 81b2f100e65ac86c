"""Card payments against a real provider over HTTP: each test card, every lost answer, and what a worker makes of it."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction
from django.test import override_settings

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.commerce.payments.actions import (
    authorise,
    calling,
    client,
    inquire,
    is_available,
    pay_back,
    settle_unknown,
)
from onebasket.commerce.payments.actions.writing import card_of
from onebasket.commerce.payments.models import Attempt, Payment, RefundPart
from onebasket.commerce.payments.queries import covered_orders, is_settled
from onebasket.commerce.payments.rules.asking import CardPayment, authorisation
from onebasket.commerce.payments.rules.messages import Authorised, CardOutcome, Declined, RefundMade, Unknown
from onebasket.commerce.payments.rules.port import Answer, Call, CardState, Lost, Told
from tests.builders import make_chain
from tests.paying import Books, Pay, give_back, make_due, open_order, order_of, provider, settle, stands, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(calling, "PATIENCE", calling.Patience(call=0.5, inquiry=2.0, lease=1.5))
    return make_chain()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with provider(tmp_path) as found:
        yield found


@pytest.fixture
def payment() -> UUID:
    (found,) = open_order(Pay("card", 500))
    return found


def reference(payment: UUID, number: int = 1) -> str:
    return f"{payment.hex}-{number}"


def calls(payment: UUID) -> list[tuple[str, str, str]]:
    rows = Attempt.objects.filter(payment=payment).order_by("pk")
    return list(rows.values_list("operation", "result", "detail"))


def code_of(outcome: CardOutcome) -> str:
    assert isinstance(outcome, Declined), outcome
    return outcome.code


def test_an_approved_card_is_put_aside_captured_and_given_back(books: Books, payment: UUID, source: int) -> None:
    assert authorise(payment, "tok_approved") == Authorised(payment, 500, "Test card approved")
    assert stands(payment) == "card authorised due 500 authorised 500 captured 0"
    assert covered_orders([order_of(payment)]) == {order_of(payment)}

    settle(payment, "lower", 470)
    settle(payment, "hand_over", 450)
    assert settle_unknown() == 1
    assert stands(payment) == "card captured to capture due 450 authorised 500 captured 450"
    assert books.state(reference(payment)) == "captured 500 captured 450"

    made = give_back(source, payment, 200)
    assert isinstance(made, RefundMade)
    assert [part.status for part in made.parts] == ["pending"]
    assert (pay_back(), pay_back(), settle_unknown()) == (1, 0, 0)
    assert books.state(reference(payment)) == "captured 500 captured 450 refunded 200"
    assert RefundPart.objects.get().status == "done"
    assert calls(payment) == [
        ("authorise", "told", "authorised"), ("capture", "told", "captured"), ("refund", "told", "captured"),
    ]  # fmt: skip
    assert told() == ["authorised", "captured", "refunded"]


def test_each_call_is_written_down_before_it_is_made(
    books: Books, payment: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str, bool]] = []
    make = client.HttpPort.perform

    def watching(self: client.HttpPort, call: Call, *, token: str = "", seconds: float) -> Answer:
        row = Attempt.objects.get(key=call.key)
        seen.append((stands(payment), row.result, transaction.get_connection().in_atomic_block))
        return make(self, call, token=token, seconds=seconds)

    monkeypatch.setattr(client.HttpPort, "perform", watching)
    authorise(payment, "tok_approved")
    assert seen == [("card unknown due 500 authorised 0 captured 0", "", False)]
    row = Attempt.objects.get()
    assert (row.key, row.reference, row.amount) == (f"{payment.hex}-1-authorise", reference(payment), 500)


def test_no_token_is_kept(books: Books, payment: UUID, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        authorise(payment, "tok_declined")
        authorise(payment, "tok_late")
    assert "tok_" not in caplog.text
    for table in transaction.get_connection().introspection.table_names():
        assert "tok_" not in str(bulk.fetch(f"SELECT * FROM {table}")), table  # noqa: S608 - our own tables


@pytest.mark.parametrize(
    ("token", "code"), [("tok_declined", "declined"), ("tok_insufficient", "insufficient"), ("x", "unknown_card")]
)
def test_a_declined_card_leaves_the_payment_open_to_another(books: Books, payment: UUID, token: str, code: str) -> None:
    assert code_of(authorise(payment, token)) == code
    assert stands(payment) == "card refused due 500 authorised 0 captured 0"
    assert isinstance(authorise(payment, "tok_approved"), Authorised)
    assert books.state(reference(payment, 2)) == "authorised 500 captured 0"
    assert told() == ["refused", "authorised"]


def test_a_slow_card_is_approved_in_time(books: Books, payment: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PATIENCE", calling.Patience(call=5.0))
    assert isinstance(authorise(payment, "tok_slow"), Authorised)


def test_a_lost_answer_is_inquired_about_and_nothing_is_asked_twice(books: Books, payment: UUID) -> None:
    assert isinstance(authorise(payment, "tok_late"), Authorised)
    assert [name for name, _, _ in calls(payment)] == ["authorise", "inquire"]
    assert [result for _, result, _ in calls(payment)] == ["lost", "told"]
    assert books.state(reference(payment)) == "authorised 500 captured 0"
    assert books.state(reference(payment, 2)) == "unknown"
    assert told() == ["unknown", "authorised"]


def test_what_never_arrived_is_fenced_off_and_another_card_may_be_tried(books: Books, payment: UUID) -> None:
    assert code_of(authorise(payment, "tok_lost")) == "never_reached"
    assert [(name, result) for name, result, _ in calls(payment)] == [
        ("authorise", "lost"), ("inquire", "never_heard"), ("fence", "told"),
    ]  # fmt: skip
    assert books.state(reference(payment)) == "reversed 0 captured 0"
    assert isinstance(authorise(payment, "tok_approved"), Authorised)


def test_a_call_that_arrives_after_the_inquiry_has_no_effect(books: Books, payment: UUID) -> None:
    """The provider gets it a while after it said that it never heard of it: the fence keeps it out."""
    assert code_of(authorise(payment, "tok_arrives_late")) == "never_reached"
    assert isinstance(authorise(payment, "tok_approved"), Authorised)
    wait_for_arrival(books, payment)
    assert books.state(reference(payment)) == "reversed 0 captured 0"
    assert books.state(reference(payment, 2)) == "authorised 500 captured 0"


def test_without_fence_and_inquiry_it_would_take_effect(
    books: Books, payment: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the customer would have twice as much put aside."""
    forget_to_inquire(monkeypatch)
    assert code_of(authorise(payment, "tok_arrives_late")) == "declined"
    assert isinstance(authorise(payment, "tok_approved"), Authorised)
    wait_for_arrival(books, payment)
    assert [books.state(reference(payment, number)) for number in (1, 2)] == ["authorised 500 captured 0"] * 2


def wait_for_arrival(books: Books, payment: UUID) -> None:
    key = f"{reference(payment)}-authorise"
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with books.ledger._transaction() as session:
            if session.execute("SELECT 1 FROM answered WHERE key = ?", [key]).fetchone():
                return
        time.sleep(0.05)
    raise AssertionError("it never arrived")


def forget_to_inquire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a lost answer for a refusal."""

    def refused(row: Payment, _payment: CardPayment, *, now: datetime, is_lost: bool) -> CardPayment:
        row.status, row.next_at = "refused", None
        row.save()
        return card_of(row)

    monkeypatch.setattr(calling, "_still_unknown", refused)


def test_without_the_inquiry_a_customer_is_charged_twice(
    books: Books, payment: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a lost answer taken for a refusal, and the customer tries again."""
    forget_to_inquire(monkeypatch)
    assert code_of(authorise(payment, "tok_late")) == "declined"
    assert isinstance(authorise(payment, "tok_approved"), Authorised)
    assert [books.state(reference(payment, number)) for number in (1, 2)] == ["authorised 500 captured 0"] * 2


def test_a_provider_that_stumbles_once_is_inquired_about_and_tried_again(books: Books, payment: UUID) -> None:
    """A 500 says nothing about what was done: the inquiry has to."""
    assert code_of(authorise(payment, "tok_broken_once")) == "never_reached"
    assert [(name, result) for name, result, _ in calls(payment)] == [
        ("authorise", "lost"), ("inquire", "never_heard"), ("fence", "told"),
    ]  # fmt: skip
    assert code_of(authorise(payment, "tok_declined")) == "declined"


def test_nobody_listens(payment: UUID) -> None:
    """A call that nobody took in had no effect, for certain: the payment stands as before."""
    with override_settings(CARD_URL="http://127.0.0.1:9", CARD_SECRET="x"):
        assert is_available()
        assert code_of(authorise(payment, "tok_approved")) == "unavailable"
    assert stands(payment) == "card pending due 500 authorised 0 captured 0"
    assert [(name, result) for name, result, _ in calls(payment)] == [("authorise", "not_done")]
    assert told() == []


def test_without_a_provider_no_card_is_taken(payment: UUID) -> None:
    assert not is_available()
    assert code_of(authorise(payment, "tok_approved")) == "unavailable"
    assert is_settled(order_of(payment))


def test_a_provider_with_another_secret_turns_us_away(books: Books, payment: UUID) -> None:
    with override_settings(CARD_SECRET="another secret altogether"):
        assert code_of(authorise(payment, "tok_approved")) == "unavailable"
    assert calls(payment) == [("authorise", "not_done", "answered 401: signature")]
    assert books.state(reference(payment)) == "unknown"


def test_asking_again_returns_what_is_known_and_asks_nobody(books: Books, payment: UUID) -> None:
    first = authorise(payment, "tok_approved")
    assert authorise(payment, "tok_declined") == first == inquire(payment)
    assert len(calls(payment)) == 1


def test_the_same_request_again_asks_nobody_whatever_came_of_it(books: Books, payment: UUID) -> None:
    assert code_of(authorise(payment, "tok_declined", request="7:k1")) == "declined"
    assert code_of(authorise(payment, "tok_approved", request="7:k1")) == "declined"
    assert [name for name, _, _ in calls(payment)] == ["authorise"]
    assert isinstance(authorise(payment, "tok_approved", request="7:k2"), Authorised)


def test_a_payment_in_another_way_takes_no_card(books: Books) -> None:
    (payment,) = open_order(Pay("at_collection", 500))
    assert code_of(authorise(payment, "tok_approved")) == "not_a_card"
    assert calls(payment) == []


def test_what_the_order_has_let_go_takes_no_card(books: Books, payment: UUID) -> None:
    settle(payment, "cancel")
    assert code_of(authorise(payment, "tok_approved")) == "not_open"
    assert calls(payment) == []


def test_too_many_cards_are_not_tried(books: Books, payment: UUID) -> None:
    Payment.objects.update(status="refused", tries=20)
    assert code_of(authorise(payment, "tok_approved")) == "too_many"


def test_inside_a_transaction_nobody_is_asked(books: Books, payment: UUID) -> None:
    for ask in (lambda: authorise(payment, "tok_approved"), lambda: inquire(payment), settle_unknown, pay_back):
        with transaction.atomic(), pytest.raises(RuntimeError, match="outside any transaction"):
            ask()
    assert calls(payment) == []


def test_a_payment_that_there_is_not(books: Books) -> None:
    with pytest.raises(Payment.DoesNotExist):
        authorise(UUID(int=1), "tok_approved")


class Line:
    """The line to the provider, on which inquiries get no answer while it is down."""

    is_down = True

    def between(self, monkeypatch: pytest.MonkeyPatch) -> "Line":
        ask = client.HttpPort.perform

        def perform(port: client.HttpPort, call: Call, *, token: str = "", seconds: float) -> Answer:
            if self.is_down and call.operation == "inquire":
                return Lost("the line is down")
            return ask(port, call, token=token, seconds=seconds)

        monkeypatch.setattr(client.HttpPort, "perform", perform)
        return self


class TestUnknown:
    """While what became of a payment is not known."""

    @pytest.fixture
    def line(self, monkeypatch: pytest.MonkeyPatch) -> Line:
        return Line().between(monkeypatch)

    def test_the_shopper_is_told_so_and_the_promise_does_not_lapse(
        self, books: Books, payment: UUID, line: Line
    ) -> None:
        assert authorise(payment, "tok_late") == Unknown(payment)
        assert stands(payment) == "card unknown due 500 authorised 0 captured 0"
        assert not is_settled(order_of(payment))
        assert covered_orders([order_of(payment)]) == set()

    def test_asking_again_makes_no_second_authorisation(self, books: Books, payment: UUID, line: Line) -> None:
        authorise(payment, "tok_late")
        for _ in range(3):
            assert authorise(payment, "tok_approved") == Unknown(payment)
            make_due()
            assert authorise(payment, "tok_approved") == Unknown(payment)
        assert {name for name, _, _ in calls(payment)} == {"authorise", "inquire"}
        assert [name for name, _, _ in calls(payment)].count("authorise") == 1
        assert books.state(reference(payment, 2)) == "unknown"

    def test_a_worker_inquires_until_it_is_known(self, books: Books, payment: UUID, line: Line) -> None:
        authorise(payment, "tok_late")
        waits = []
        for _ in range(3):
            make_due()
            assert settle_unknown() == 1
            left = Payment.objects.get().next_at
            assert left is not None
            waits.append(round((left - database_now()).total_seconds()))
            assert settle_unknown() == 0
        assert waits == [45, 135, 405]
        line.is_down = False
        make_due()
        assert settle_unknown() == 1
        assert stands(payment) == "card authorised due 500 authorised 500 captured 0"
        assert (is_settled(order_of(payment)), Payment.objects.get().failures) == (True, 0)
        assert told() == ["unknown", "authorised"]

    def test_an_order_cancelled_meanwhile_is_let_go_once_it_is_known(
        self, books: Books, payment: UUID, line: Line
    ) -> None:
        authorise(payment, "tok_late")
        settle(payment, "cancel")
        assert stands(payment) == "card unknown to reverse due 0 authorised 0 captured 0"
        line.is_down = False
        make_due()
        assert (settle_unknown(), settle_unknown(), settle_unknown()) == (1, 1, 0)
        assert stands(payment) == "card reversed to reverse due 0 authorised 500 captured 0"
        assert books.state(reference(payment)) == "reversed 500 captured 0"

    def test_a_killed_process_leaves_it_unknown_and_the_worker_finds_out(self, books: Books, payment: UUID) -> None:
        """Between the call's row and its answer: the provider had it, and nobody wrote the answer down."""
        row = Payment.objects.get()
        asked, call = authorisation(card_of(row))
        with transaction.atomic():
            calling.begin(row, asked, call, now=database_now())
        calling.make_call(call, "tok_approved")

        assert authorise(payment, "tok_approved") == Unknown(payment)  # its lease is not over
        assert settle_unknown() == 0
        time.sleep(calling.PATIENCE.lease)
        assert settle_unknown() == 1
        assert stands(payment) == "card authorised due 500 authorised 500 captured 0"
        assert [(name, result) for name, result, _ in calls(payment)] == [("authorise", ""), ("inquire", "told")]

    def test_a_process_killed_before_the_call_leaves_nothing_behind(self, books: Books, payment: UUID) -> None:
        row = Payment.objects.get()
        asked, call = authorisation(card_of(row))
        with transaction.atomic():
            calling.begin(row, asked, call, now=database_now())
        make_due()
        assert settle_unknown() == 1
        assert stands(payment) == "card refused due 500 authorised 0 captured 0"
        # Should the call be made after all, it has no effect.
        answer = calling.make_call(call, "tok_approved")
        assert isinstance(answer, Told)
        assert (answer.accepted, answer.state.status) == (False, "reversed")

    def test_an_answer_that_comes_late_does_not_undo_what_was_learnt(self, books: Books, payment: UUID) -> None:
        row = Payment.objects.get()
        asked, call = authorisation(card_of(row))
        with transaction.atomic():
            attempt = calling.begin(row, asked, call, now=database_now())
        answer = calling.make_call(call, "tok_approved")
        settle(payment, "cancel")
        make_due()
        settle_unknown()
        settle_unknown()
        before = stands(payment)
        calling.finish(payment, attempt, call, answer)
        assert stands(payment) == before == "card reversed to reverse due 0 authorised 500 captured 0"

    @pytest.mark.parametrize(
        "state",
        [
            CardState("another", "authorised", 500, "USD"),
            CardState("", "authorised", 900, "USD"),
            CardState("", "authorised", 500, "EUR"),
        ],
    )
    def test_an_odd_answer_is_logged_and_inquired_about_again(
        self, books: Books, payment: UUID, state: CardState, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        odd = CardState(state.reference or reference(payment), state.status, state.amount, state.currency)
        with monkeypatch.context() as patch:
            patch.setattr(client.HttpPort, "perform", lambda *_, **__: Told(odd))
            assert authorise(payment, "tok_approved") == Unknown(payment)
        assert "the provider's answer is odd" in caplog.text
        make_due()
        settle_unknown()
        assert stands(payment) == "card refused due 500 authorised 0 captured 0"


def captured(payment: UUID, token: str) -> None:
    authorise(payment, token)
    settle(payment, "hand_over", 450)


@pytest.mark.parametrize("token", ["tok_capture_late", "tok_capture_lost"])
def test_a_capture_whose_answer_is_lost_is_done_once(books: Books, payment: UUID, token: str) -> None:
    captured(payment, token)
    for _ in range(4):
        make_due()
        settle_unknown()
    assert stands(payment) == "card captured to capture due 450 authorised 500 captured 450"
    assert books.state(reference(payment)) == "captured 500 captured 450"
    names = [name for name, _, _ in calls(payment)]
    expected = {"tok_capture_late": ["capture", "inquire"], "tok_capture_lost": ["capture", "inquire", "capture"]}
    assert names[1:] == expected[token]


def test_a_refund_whose_answer_is_lost_is_done_once(books: Books, payment: UUID, source: int) -> None:
    captured(payment, "tok_refund_late")
    settle_unknown()
    give_back(source, payment, 200)
    for _ in range(3):
        make_due()
        pay_back()
    assert books.state(reference(payment)) == "captured 500 captured 450 refunded 200"
    assert RefundPart.objects.get().status == "done"
    assert [name for name, _, _ in calls(payment)][2:] == ["refund", "inquire"]
    assert told()[-1] == "refunded"


def test_a_refund_that_the_provider_refuses_is_told_and_counts_as_not_given(
    books: Books, payment: UUID, source: int
) -> None:
    captured(payment, "tok_approved")
    settle_unknown()
    with books.ledger._transaction() as session:
        session.execute("UPDATE authorisation SET captured = 100")
    give_back(source, payment, 200)
    assert pay_back() == 1
    assert RefundPart.objects.get().status == "refused"
    assert stands(payment) == "card captured to capture due 450 authorised 500 captured 450"
    assert told()[-1] == "refund_refused"


def test_while_the_provider_is_away_goals_wait_and_are_met_when_it_is_back(books: Books, payment: UUID) -> None:
    captured(payment, "tok_approved")
    with override_settings(CARD_URL="http://127.0.0.1:9"):
        assert (settle_unknown(), settle_unknown()) == (1, 0)
    assert stands(payment) == "card authorised to capture due 450 authorised 500 captured 0"
    assert Payment.objects.get().failures == 1
    make_due()
    settle_unknown()
    assert stands(payment) == "card captured to capture due 450 authorised 500 captured 450"


def test_a_silent_provider_ends_the_turn(books: Books) -> None:
    for _ in range(6):
        (payment,) = open_order(Pay("card", 500))
        captured(payment, "tok_approved")
    with override_settings(CARD_URL="http://127.0.0.1:9"):
        assert [settle_unknown() for _ in range(3)] == [3, 3, 0]


def test_a_cancelled_order_lets_the_card_go(books: Books, payment: UUID) -> None:
    authorise(payment, "tok_approved")
    settle(payment, "cancel")
    assert (settle_unknown(), settle_unknown()) == (1, 0)
    assert stands(payment) == "card reversed to reverse due 0 authorised 500 captured 0"
    assert books.state(reference(payment)) == "reversed 500 captured 0"
    assert told() == ["authorised", "reversed"]


def test_what_was_put_aside_lapses(tmp_path: Path, payment: UUID) -> None:
    with provider(tmp_path, lasts=timedelta(seconds=1)) as books:
        authorise(payment, "tok_approved")
        assert settle_unknown() == 0
        time.sleep(1.1)
        assert (settle_unknown(), settle_unknown()) == (1, 0)
        assert stands(payment) == "card expired due 500 authorised 500 captured 0"
        assert books.state(reference(payment)) == "expired 500 captured 0"
        assert told() == ["authorised", "expired"]
        # The shopper may try again.
        assert isinstance(authorise(payment, "tok_approved"), Authorised)


def test_a_capture_after_it_lapsed_fails_and_is_told(tmp_path: Path, payment: UUID) -> None:
    with provider(tmp_path, lasts=timedelta(seconds=1)):
        authorise(payment, "tok_approved")
        time.sleep(1.1)
        settle(payment, "hand_over", 450)
        assert settle_unknown() == 1
        assert Payment.objects.get().status == "expired"
        assert told() == ["authorised", "expired"]


def test_more_captured_than_is_due_is_given_back(books: Books, payment: UUID, source: int) -> None:
    """The order became smaller while a capture was on its way."""
    captured(payment, "tok_capture_late")
    settle_unknown()  # captured, and nobody knows
    Payment.objects.update(due=300)
    make_due()
    settle_unknown()
    assert stands(payment) == "card captured to capture due 300 authorised 500 captured 450 refunded 150"
    make_due()
    assert pay_back() == 1
    assert books.state(reference(payment)) == "captured 500 captured 450 refunded 150"
