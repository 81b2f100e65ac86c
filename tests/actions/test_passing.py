"""A basket is taken along once: with what it holds, away from the screen on which it was filled."""

from collections.abc import Sequence
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from onebasket.base.committer import perform
from onebasket.base.models import Event, InboxEntry
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.orders.actions import CheckoutCall, TakeCall, check_out, passing, show_pass, take_baskets
from onebasket.commerce.orders.actions.passing import TakeOutcome
from onebasket.commerce.orders.models import Basket, BasketPass
from onebasket.commerce.orders.queries.baskets import read_basket
from onebasket.commerce.orders.queries.passing import basket_to_take, waits_to_be_taken, was_taken
from onebasket.commerce.orders.queries.quoting import quote_basket
from onebasket.commerce.orders.rules.baskets import BasketStands, BasketUnknown, Checkout, Contact
from onebasket.commerce.orders.rules.messages import OrderConflict, OrderPlaced
from onebasket.commerce.orders.rules.passing import PASS_MINUTES, TakeBasket, TakeRefused, TakeUnknown
from onebasket.commerce.orders.rules.secrets import digest
from tests.actions.test_baskets import change, changing, held, opening, stands
from tests.builders import MORNING, Clock, at, faults_in_stock, make_chain, shelf

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock().hold_still(monkeypatch)
    monkeypatch.setattr(passing, "database_now", clock)
    monkeypatch.setattr(passing, "ask_now", lambda: clock)
    return clock


def take(source: int, secret: str, key: str = "t1") -> TakeOutcome:
    (outcome,) = take_baskets([TakeCall(source, TakeBasket(key, digest(secret)))])
    return outcome


def shown(source: int, basket: BasketStands) -> str:
    found = show_pass(source, basket.id)
    assert found is not None
    return found.secret


def refused(outcome: TakeOutcome) -> str:
    assert isinstance(outcome, TakeRefused), outcome
    return outcome.code


def test_it_goes_along_with_what_it_holds_and_the_first_screen_has_it_no_more(clock: Clock) -> None:
    kiosk = make_chain(stock={"milk": 5})
    phone = enrol_source("phone", actor="tests")
    basket = stands(kiosk, opening("b1", {"milk": 2}, channel="kiosk"))
    secret = shown(kiosk, basket)
    assert len(secret) == 26
    assert BasketPass.objects.get().digest == digest(secret) != secret
    assert not was_taken(basket.id)

    outcome = take(phone, secret)

    assert isinstance(outcome, BasketStands)
    assert (outcome.id, outcome.version, held(outcome)) == (basket.id, 2, {"milk": (2, 2)})
    assert (outcome.held_until, outcome.channel) == (basket.held_until, "kiosk")
    assert shelf("milk") == (5, 0, 2)
    assert was_taken(basket.id)
    assert Event.objects.filter(type="basket.changed").count() == 2
    assert read_basket(kiosk, basket.id, now=clock.now) is None
    assert change(kiosk, changing("b2", basket.id, {"milk": 0})) == [BasketUnknown(basket.id)]
    assert show_pass(kiosk, basket.id) is None
    assert held(stands(phone, changing("p1", basket.id, {"milk": 3}))) == {"milk": (3, 3)}
    assert faults_in_stock() == []


def test_it_is_taken_once_and_the_same_request_has_the_same_answer(clock: Clock) -> None:
    kiosk = make_chain(stock={"milk": 5})
    phone, other = (enrol_source(code, actor="tests") for code in ("phone", "other"))
    secret = shown(kiosk, stands(kiosk, opening("b1", {"milk": 2})))
    first = take(phone, secret)
    assert take(phone, secret) == first
    assert refused(take(phone, secret, key="t2")) == "taken"
    assert refused(take(other, secret)) == "taken"
    assert take(phone, "B" * 26) == OrderConflict()
    assert Basket.objects.get().source_id == phone


def test_two_that_ask_in_one_batch_are_decided_one_after_the_other(clock: Clock) -> None:
    kiosk = make_chain(stock={"milk": 5})
    secret = shown(kiosk, stands(kiosk, opening("b1", {"milk": 2})))
    asked = [TakeCall(kiosk, TakeBasket(f"t{number}", digest(secret))) for number in range(3)]
    first, *later = take_baskets(asked)
    assert isinstance(first, BasketStands)
    assert [refused(one) for one in later] == ["taken", "taken"]


def test_a_new_secret_revokes_the_one_before(clock: Clock) -> None:
    kiosk = make_chain(stock={"milk": 5})
    basket = stands(kiosk, opening("b1", {"milk": 2}))
    old, new = shown(kiosk, basket), shown(kiosk, basket)
    assert old != new
    assert take(kiosk, old) == TakeUnknown(digest(old))
    assert not InboxEntry.objects.filter(key="t1").exists()  # nothing is kept of what opens nothing
    assert isinstance(take(kiosk, new), BasketStands)


@pytest.mark.parametrize(("seconds", "there"), [(-1, True), (0, False)])
def test_its_time_is_half_open(clock: Clock, seconds: float, *, there: bool) -> None:
    kiosk = make_chain(stock={"milk": 5})
    secret = shown(kiosk, stands(kiosk, opening("b1", {"milk": 2})))
    clock.now = at(PASS_MINUTES, seconds=seconds)
    seen = basket_to_take(secret, now=clock.now)
    assert isinstance(seen, BasketStands) is there
    assert isinstance(take(kiosk, secret), BasketStands) is there


def test_what_has_become_an_order_is_not_taken(clock: Clock) -> None:
    kiosk = make_chain(stock={"milk": 5})
    basket = stands(kiosk, opening("b1", {"milk": 2}))
    secret = shown(kiosk, basket)
    quoted = quote_basket(basket, now=MORNING)
    request = Checkout("c1", basket.id, basket.version, quoted.basket.total, Contact("Ada", phone="1"))  # type: ignore[union-attr]
    (placed,) = check_out([CheckoutCall(kiosk, request, basket.version, quoted)])
    assert isinstance(placed, OrderPlaced)
    assert refused(take(kiosk, secret)) == "basket_closed"
    assert show_pass(kiosk, basket.id) is None


def test_a_foreign_basket_is_shown_to_nobody(clock: Clock) -> None:
    kiosk = make_chain(stock={"milk": 5})
    basket = stands(kiosk, opening("b1", {"milk": 2}))
    assert show_pass(enrol_source("other", actor="tests"), basket.id) is None
    assert BasketPass.objects.count() == 0


def test_whether_it_still_waits_is_told_by_the_databases_clock() -> None:
    kiosk = make_chain(stock={"milk": 5})
    basket = stands(kiosk, opening("b1", {"milk": 2}))
    assert not waits_to_be_taken(basket.id)
    secret = shown(kiosk, basket)
    assert waits_to_be_taken(basket.id)
    take(kiosk, secret)
    assert not waits_to_be_taken(basket.id)
    BasketPass.objects.update(taken_at=None, expires_at=BasketPass.objects.get().made_at - timedelta(minutes=1))
    assert not waits_to_be_taken(basket.id)


TAKERS = 4


def take_at_once(secret: str, sources: Sequence[int]) -> list[TakeOutcome]:
    """Let every source take the same basket at once, each in a transaction of its own."""
    start, said = Barrier(len(sources)), list[TakeOutcome]()

    def work(source: int) -> None:
        try:
            start.wait()
            said.extend(perform(take_baskets, [TakeCall(source, TakeBasket("t", digest(secret)))]))
        finally:
            connection.close()

    threads = [Thread(target=work, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_it_at_once_one_has_it() -> None:
    kiosk = make_chain(stock={"milk": 5})
    phones = [enrol_source(f"phone{number}", actor="tests") for number in range(TAKERS)]
    basket = stands(kiosk, opening("b1", {"milk": 2}))
    said = take_at_once(shown(kiosk, basket), phones)
    assert sorted(type(one).__name__ for one in said) == ["BasketStands", *["TakeRefused"] * (TAKERS - 1)]
    assert Basket.objects.get().version == 2
    assert faults_in_stock() == []


@pytest.mark.django_db(transaction=True)
def test_without_looking_whether_it_was_taken_everybody_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what keeps a basket from being taken twice is the look under its lock."""

    def careless(*_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr(passing, "refuse_take", careless)
    kiosk = make_chain(stock={"milk": 5})
    phones = [enrol_source(f"phone{number}", actor="tests") for number in range(TAKERS)]
    basket = stands(kiosk, opening("b1", {"milk": 2}))
    said = take_at_once(shown(kiosk, basket), phones)
    assert [type(one).__name__ for one in said] == ["BasketStands"] * TAKERS
