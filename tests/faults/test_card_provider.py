"""A card provider killed in the middle, a hub killed in the middle: nobody is charged twice, nothing stays unknown."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections
from django.test import override_settings

from onebasket.commerce.payments.actions import authorise, calling, settle_unknown
from onebasket.commerce.payments.models import Attempt, Payment
from onebasket.commerce.payments.queries import is_settled
from onebasket.commerce.payments.rules.messages import Authorised, Declined, Unknown
from tests.builders import make_chain
from tests.faults.house import kill
from tests.faults.paying import ProviderProcess, provider_process, start_paying, wait_until
from tests.paying import SECRET, Books, Pay, make_due, open_order, order_of, settle, stands

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

SEED = 20_260_302
SHOPPERS, KILLS = 24, 4


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PATIENCE", calling.Patience(call=8.0, inquiry=3.0, lease=20.0))
    make_chain()


@pytest.fixture
def one(command: tuple[str, ...], tmp_path: Path) -> Iterator[ProviderProcess]:
    with provider_process(command, tmp_path) as found, override_settings(CARD_URL=found.url, CARD_SECRET=SECRET):
        yield found


def new_payment() -> UUID:
    (payment,) = open_order(Pay("card", 500))
    return payment


def state(one: ProviderProcess, payment: UUID, number: int = 1) -> str:
    return Books(one.url, one.ledger).state(f"{payment.hex}-{number}")


def killed_while_it_works(one: ProviderProcess, payment: UUID, token: str, *, had_it: bool) -> object:
    """Authorise, kill the provider before it answers, and return what the shopper is told."""
    outcome: list[object] = []

    def ask() -> None:
        try:
            outcome.append(authorise(payment, token))
        finally:
            connections.close_all()

    shopper = threading.Thread(target=ask)
    shopper.start()
    if had_it:
        wait_until(lambda: state(one, payment) == "authorised 500 captured 0")
    else:
        wait_until(lambda: Attempt.objects.filter(payment=payment).exists())
        time.sleep(0.3)
    one.kill()
    shopper.join(20)
    return outcome[0]


def settle_everything() -> None:
    for _ in range(8):
        make_due()
        if not settle_unknown(200):
            return
    raise AssertionError(list(Attempt.objects.order_by("pk").values_list("operation", "result", "detail"))[-8:])


def test_a_provider_killed_after_it_put_the_money_aside(one: ProviderProcess) -> None:
    payment = new_payment()
    assert killed_while_it_works(one, payment, "tok_slow", had_it=True) == Unknown(payment)
    assert stands(payment) == "card unknown due 500 authorised 0 captured 0"
    # While it is away nothing is known, and nothing is asked for again.
    assert authorise(payment, "tok_approved") == Unknown(payment)
    make_due()
    settle_unknown()
    assert not is_settled(order_of(payment))

    one.start()
    assert authorise(payment, "tok_approved") == Unknown(payment)
    settle_everything()
    assert stands(payment) == "card authorised due 500 authorised 500 captured 0"
    assert one.put_aside() == {payment.hex: 500}


def test_a_provider_killed_before_it_did_anything(one: ProviderProcess) -> None:
    payment = new_payment()
    assert killed_while_it_works(one, payment, "tok_lost", had_it=False) == Unknown(payment)
    one.start()
    settle_everything()
    assert stands(payment) == "card refused due 500 authorised 0 captured 0"
    assert isinstance(authorise(payment, "tok_approved"), Authorised)
    assert one.put_aside() == {payment.hex: 500}


def test_a_provider_killed_while_it_captures(one: ProviderProcess) -> None:
    payment = new_payment()
    authorise(payment, "tok_capture_late")
    settle(payment, "hand_over", 450)

    def drive() -> None:
        try:
            settle_unknown()
        finally:
            connections.close_all()

    worker = threading.Thread(target=drive)
    worker.start()
    wait_until(lambda: state(one, payment) == "captured 500 captured 450")
    one.kill()
    worker.join(20)
    assert stands(payment) == "card unknown to capture due 450 authorised 500 captured 0"
    one.start()
    settle_everything()
    assert stands(payment) == "card captured to capture due 450 authorised 500 captured 450"
    assert state(one, payment) == "captured 500 captured 450"


def test_a_hub_killed_while_it_waits_for_the_provider(one: ProviderProcess) -> None:
    payment = new_payment()
    paying = start_paying(payment, "tok_late", one.url)
    wait_until(lambda: state(one, payment) == "authorised 500 captured 0")
    kill([paying])
    paying.stdout.close()
    assert stands(payment) == "card unknown due 500 authorised 0 captured 0"
    assert list(Attempt.objects.values_list("operation", "result")) == [("authorise", "")]

    # Its lease is not over: a shopper who tries again is told to wait, and no second amount is put aside.
    assert authorise(payment, "tok_approved") == Unknown(payment)
    settle_everything()
    assert stands(payment) == "card authorised due 500 authorised 500 captured 0"
    assert one.put_aside() == {payment.hex: 500}


def test_killed_again_and_again_under_load_nobody_is_charged_twice(one: ProviderProcess) -> None:
    """Shoppers who pay, and try again when they are told that it failed, while the provider is killed at random."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable moments, no secret
    payments = [new_payment() for _ in range(SHOPPERS)]
    cards = ["tok_approved", "tok_approved", "tok_declined", "tok_slow", "tok_broken_once"]
    gone = threading.Event()

    def shop(mine: list[UUID], seed: int) -> None:
        own = random.Random(seed)  # noqa: S311 - no secret
        try:
            for payment in mine:
                while not gone.is_set():
                    outcome = authorise(payment, own.choice(cards))
                    if not isinstance(outcome, Declined) or outcome.code == "too_many":
                        break
                    time.sleep(0.1)
        finally:
            connections.close_all()

    shoppers = [threading.Thread(target=shop, args=(payments[number::4], SEED + number)) for number in range(4)]
    for shopper in shoppers:
        shopper.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 0.8))
        one.kill()
        time.sleep(chance.uniform(0.0, 0.2))
        one.start()
    for shopper in shoppers:
        shopper.join(60)
    gone.set()
    settle_everything()

    aside = one.put_aside()
    for payment in payments:
        row = Payment.objects.get(pk=payment)
        assert row.status in {"authorised", "refused", "pending"}, stands(payment)
        expected = 500 if row.status == "authorised" else 0
        assert aside.get(payment.hex, 0) == expected, f"seed {SEED}: {stands(payment)}"
    assert sum(aside.values()) == sum(Payment.objects.values_list("authorised", flat=True))
    assert Payment.objects.filter(status="authorised").count() > 0
