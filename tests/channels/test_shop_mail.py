"""Letters about orders: one for each fact, in the shopper's language, to nobody else, and never lost for a failure."""

import re
import smtplib
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from pytest_django.fixtures import Settings

from onebasket.base.clock import database_now
from onebasket.base.letters import NewLetter, NotDeadError, queue_letters, send_again, send_letters, sending
from onebasket.base.models import Event, Letter, SubscriptionCursor, TrailEntry
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.shop.mail import ORDER_PAGE
from onebasket.channels.workers import mailing
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.fulfilment.actions import ReturnCall, accept_returns
from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnAccepted, ReturnRequest
from onebasket.commerce.orders.actions import expire_orders
from onebasket.commerce.orders.models import Order, OrderContact
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep, PickedLine
from onebasket.commerce.payments.actions import refund
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.payments.rules.messages import NewRefund, RefundCall
from tests.builders import order as order_request
from tests.builders import placed, take_steps
from tests.channels.shopping import Page, Shopper, make_shop
from tests.mailing import post

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    return make_shop(monkeypatch)


def buy(*skus: str, language: str = "en", **typed: str) -> Page:
    shopper = Shopper(language=language)
    for sku in skus or ("milk",):
        shopper.add(sku) if language == "en" else _add_in_german(shopper, sku)
    return shopper.place(**typed)


def _add_in_german(shopper: Shopper, sku: str) -> None:
    shopper.send(shopper.get(f"p/x/{sku}").form("basket/lines", sku=sku), button="In den Korb")


def walk(source: int, *steps: Step, picked: Sequence[PickedLine] | None = None) -> UUID:
    (identity,) = Order.objects.values_list("pk", flat=True)
    for step in steps:
        lines = tuple(picked) if picked is not None and step is Step.PICK else None
        take_steps(source, OrderStep(f"k-{step}", identity, step, lines))
    return identity


def subjects() -> list[str]:
    return [str(message.subject) for message in post()]


def test_each_fact_is_told_once_however_often_it_is_heard(source: int) -> None:
    buy()
    assert subjects() == ["Your order p1-0001"]
    walk(source, Step.PICK)
    assert subjects() == ["Your order p1-0001", "Your order p1-0001 is ready to collect"]
    # A worker that begins anew hears everything again, and has nothing to tell.
    SubscriptionCursor.objects.filter(name="shop.mail").update(position=0)
    assert len(post()) == 2
    assert sorted(Letter.objects.values_list("kind", "state", "attempts")) == [
        ("placed", "sent", 1),
        ("ready", "sent", 1),
    ]


def test_what_was_not_there_is_told_with_what_is_ready(source: int) -> None:
    buy("milk", "bread")
    walk(source, Step.PICK, picked=[PickedLine(1, 1), PickedLine(2, 0)])
    message = post()[-1]
    assert message.subject == "Your order p1-0001 is ready to collect"
    assert "Not everything was there when it was picked. You pay only for what you get." in str(message.body)
    assert "0 x Bread   $0.00\n    1 not there" in str(message.body)
    assert "Total: $1.99" in str(message.body)


def test_a_cancelled_order_is_told_and_one_that_is_changed_is_not(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk")
    done = shopper.place()
    shopper.send(done.form("/change"))
    assert subjects() == ["Your order p1-0001"]
    shopper.place()
    assert subjects() == ["Your order p1-0001", "Your order p1-0002"]
    again = Order.objects.get(status="placed")
    take_steps(source, OrderStep("no", again.pk, Step.CANCEL))
    message = post()[-1]
    assert message.subject == "Your order p1-0002 is cancelled"
    assert "Nothing is to be paid." in str(message.body)


def test_what_comes_back_is_told_once_with_its_money(source: int) -> None:
    buy("milk", "bread")
    identity = walk(source, Step.PICK, Step.HAND_OVER)
    post()
    request = ReturnRequest("r1", "p1", "ann", (BackLine(1, 1),), order=identity)
    (back,) = accept_returns([ReturnCall(source, request)])
    assert isinstance(back, ReturnAccepted)
    message = post()[-1]
    assert message.subject == "What you brought back of your order p1-0001"
    assert "1 x Milk   $1.99\nYou get back: $1.99\n" in str(message.body)
    assert "At collection, by cash or card: $1.99" in str(message.body)
    # Its refund is not told apart; one that somebody gives beside it is.
    refund([RefundCall(source, NewRefund("gift", identity, 50, "sorry"), "ann")])
    assert subjects()[-2:] == [
        "What you brought back of your order p1-0001",
        "Money back for your order p1-0001",
    ]
    assert "You get back: $0.50" in str(post()[-1].body)
    assert len(post()) == 4


def test_an_order_that_was_never_paid_is_told_when_it_lapses(source: int) -> None:
    buy()
    post()
    Payment.objects.all().delete()
    Order.objects.update(status="awaiting_payment", expires_at=database_now() - timedelta(minutes=1))
    assert expire_orders(10) == 1
    assert subjects()[-1] == "Your order p1-0001 was not paid in time"


def test_letters_speak_the_language_that_was_shopped_in(source: int) -> None:
    buy(language="de")
    walk(source, Step.PICK)
    first, second = post()
    assert (first.subject, second.subject) == ("Ihre Bestellung p1-0001", "Ihre Bestellung p1-0001 liegt bereit")
    for message in (first, second):
        html = str(message.alternatives[0][0])  # type: ignore[attr-defined] # a mail of two forms
        assert '<html lang="de">' in html
        for text in (str(message.body), html):
            assert "1,99\N{NO-BREAK SPACE}$" in text
            assert not re.search(r"\b(Your|order|Total|Collect|you)\b", text)


def test_a_letter_leads_to_its_page_wherever_the_request_came_from(source: int, settings: Settings) -> None:
    settings.ADDRESS = "https://shop.example"
    done = buy()
    (message,) = post()
    assert f"https://shop.example{done.address.removesuffix('?placed')}\n" in str(message.body)
    assert done.address.startswith(ORDER_PAGE)
    assert reverse("shop:order", args=["A" * 26]) == f"{ORDER_PAGE}{'A' * 26}"
    assert re.fullmatch(r"<[0-9a-f]{32}@shop.example>", message.extra_headers["Message-ID"])
    # The secret is nowhere at rest.
    secret = done.address.removeprefix(ORDER_PAGE).removesuffix("?placed")
    assert not Event.objects.filter(data__contains=secret).exists()
    assert not Letter.objects.filter(key__contains=secret).exists()


def test_orders_of_others_are_told_by_others(source: int) -> None:
    placed(source, order_request("o1", {"milk": 1}, "p1"))
    assert post() == []
    # The control: the same contact with the shop's own order is written to.
    buy()
    assert len(post()) == 1


def test_nothing_is_told_that_is_old_or_while_no_mail_leaves(source: int, settings: Settings) -> None:
    buy()
    Event.objects.update(occurred_at=database_now() - mailing.OLD)
    assert post() == []
    settings.MAIL_IS_SENT = False
    buy()
    assert post() == []
    assert not Letter.objects.exists()


def test_whoever_was_forgotten_is_not_written_to(source: int) -> None:
    buy()
    while number_waiting() + dispatch(WRITING):
        pass
    OrderContact.objects.all().delete()
    assert post() == []
    assert Letter.objects.get().state == "unneeded"


class Server:
    """A mail server that fails as it is told, before it takes anything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failure: Exception | None = None
        self.taken: list[EmailMessage] = []
        monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", self.take)

    def take(self, messages: list[EmailMessage]) -> int:
        if self.failure:
            raise self.failure
        self.taken += messages
        return len(messages)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def queued(*keys: str) -> None:
    letters = [NewLetter(key, "placed", f"order/{key}", database_now()) for key in keys]
    assert queue_letters(letters, now=database_now()) == len(keys)


def write(_: object) -> EmailMessage:
    return EmailMessage("Hello", "there", to=["ada@example.org"])


def make_due() -> None:
    Letter.objects.filter(state="pending").update(due_at=database_now() - timedelta(seconds=1))


def test_a_server_that_fails_is_asked_again_and_given_up_after_a_day(server: Server) -> None:
    server.failure = ConnectionRefusedError(111, "Connection refused")
    queued("a")
    for attempt in range(1, sending.MOST_ATTEMPTS + 1):
        assert send_letters(write) == 1
        assert send_letters(write) == 0  # it waits
        assert Letter.objects.get().attempts == attempt
        make_due()
    letter = Letter.objects.get()
    assert (letter.state, letter.last_error) == ("dead", "ConnectionRefusedError: Connection refused")
    server.failure = None
    assert send_letters(write) == 0
    send_again(letter.pk, actor="ann", now=database_now())
    assert send_letters(write) == 1
    assert (len(server.taken), Letter.objects.get().state) == (1, "sent")
    assert TrailEntry.objects.get().action == "letter.again"
    with pytest.raises(NotDeadError):
        send_again(letter.pk, actor="ann", now=database_now())


@pytest.mark.parametrize(
    ("failure", "state", "said"),
    [
        (smtplib.SMTPRecipientsRefused({"ada@example.org": (550, b"no ada")}), "dead", "SMTPRecipientsRefused: 550"),
        (smtplib.SMTPRecipientsRefused({"ada@example.org": (451, b"later")}), "pending", "SMTPRecipientsRefused: 451"),
        (smtplib.SMTPDataError(554, b"spam for ada@example.org"), "dead", "SMTPDataError: 554"),
        (smtplib.SMTPServerDisconnected("gone"), "pending", "SMTPServerDisconnected: no answer"),
        (TimeoutError(), "pending", "TimeoutError: no answer"),
        (KeyError("ada@example.org"), "pending", "KeyError"),
    ],
)
def test_what_is_refused_for_ever_is_not_asked_again(server: Server, failure: Exception, state: str, said: str) -> None:
    server.failure = failure
    queued("a")
    send_letters(write)
    letter = Letter.objects.get()
    assert (letter.state, letter.last_error) == (state, said)
    assert "ada" not in letter.last_error


def test_a_failing_letter_holds_back_its_own_order_alone(server: Server) -> None:
    now = database_now()
    queue_letters(
        [NewLetter("placed/1", "placed", "order/1", now), NewLetter("placed/2", "placed", "order/2", now)], now=now
    )
    queue_letters([NewLetter("ready/1", "ready", "order/1", now)], now=now)
    sent: list[str] = []

    def written(letter: sending.LetterDue) -> EmailMessage:
        if letter.key == "placed/1" and letter.attempts == 1:
            raise OSError
        sent.append(letter.key)
        return write(letter)

    send_letters(written)
    assert sent == ["placed/2"]
    make_due()
    send_letters(written)
    assert sent == ["placed/2", "placed/1", "ready/1"]


def test_a_claim_that_ran_out_belongs_to_whoever_took_it_since(server: Server) -> None:
    queued("a")
    first = sending.claim_next()
    assert first is not None
    assert sending.claim_next() is None
    make_due()
    second = sending.claim_next()
    assert second is not None
    assert first.message_id == second.message_id
    sending._settle(first, Letter.State.DEAD)
    assert Letter.objects.get().state == "pending"
    sending._settle(second, Letter.State.SENT)
    assert Letter.objects.get().state == "sent"


def test_a_key_is_queued_once_and_the_address_stands_in_the_settings() -> None:
    queued("a")
    assert queue_letters([NewLetter("a", "placed", "order/a", database_now())], now=database_now()) == 0
    assert settings.ADDRESS == "http://localhost:8000"
