"""Baskets: what they hold of what they want, for how long, and what changes when the shopper changes them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from onebasket.base.models import InboxEntry
from onebasket.commerce.orders.actions import BasketCall, change_baskets
from onebasket.commerce.orders.models import Basket, BasketLine
from onebasket.commerce.orders.rules.baskets import (
    BasketLineState,
    BasketOutcome,
    BasketRefused,
    BasketStands,
    BasketUnknown,
    ChangeBasket,
    LineWanted,
    OpenBasket,
)
from onebasket.commerce.orders.rules.messages import LineRequest, OrderConflict
from onebasket.commerce.stock.models import HoldLine
from tests.builders import Clock, at, counts_of, deliver, faults_in_stock, make_chain, order, placed, shelf
from tests.slotting import faults_in_slots, figures, plan, slot

pytestmark = pytest.mark.django_db


def opening(key: str, lines: Mapping[str, int] | None = None, place: str = "p1", **more: Any) -> OpenBasket:
    wanted = tuple(LineRequest(sku, quantity) for sku, quantity in (lines or {}).items())
    return OpenBasket(key, place, wanted, **more)


def changing(key: str, basket: UUID, lines: Mapping[str, int] | None = None, **more: Any) -> ChangeBasket:
    return ChangeBasket(key, basket, tuple(LineWanted(*line) for line in (lines or {}).items()), **more)


def change(source: int, *requests: OpenBasket | ChangeBasket) -> list[BasketOutcome]:
    return change_baskets([BasketCall(source, request) for request in requests])


def stands(source: int, request: OpenBasket | ChangeBasket) -> BasketStands:
    (outcome,) = change(source, request)
    assert isinstance(outcome, BasketStands), outcome
    return outcome


def held(basket: BasketStands) -> dict[str, tuple[int, int]]:
    return {line.sku: (line.quantity, line.held) for line in basket.lines}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock().hold_still(monkeypatch)


def test_a_basket_holds_what_there_is_of_what_it_wants(clock: Clock) -> None:
    source = make_chain(stock={"milk": 3, "bread": 5})

    basket = stands(source, opening("b1", {"milk": 2}))
    assert (basket.version, basket.state, basket.held_until) == (1, "open", clock.now + timedelta(minutes=30))
    basket = stands(source, changing("b2", basket.id, {"milk": 4, "bread": 5}))

    assert held(basket) == {"milk": (4, 3), "bread": (5, 5)}
    assert basket.lacks == (BasketLineState("milk", 4, 3),)
    assert (shelf("milk"), shelf("bread")) == ((3, 0, 3), (5, 0, 5))
    assert basket.version == 2
    assert faults_in_stock() == []

    basket = stands(source, changing("b3", basket.id, {"milk": 1, "bread": 0}))
    assert held(basket) == {"milk": (1, 1)}
    assert (shelf("milk"), shelf("bread")) == ((3, 0, 1), (5, 0, 0))
    assert faults_in_stock() == []


def test_one_batch_decides_one_after_the_other(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    outcomes = change(source, *(opening(f"b{n}", {"milk": 2}) for n in range(3)))
    assert [held(o)["milk"] for o in outcomes if isinstance(o, BasketStands)] == [(2, 2), (2, 2), (2, 1)]
    assert shelf("milk") == (5, 0, 5)
    assert faults_in_stock() == []


def test_the_same_again_changes_nothing(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    first = stands(source, opening("b1", {"milk": 2}))
    request = changing("b2", first.id, {"milk": 3})
    second = stands(source, request)
    before = counts_of(Basket, BasketLine, HoldLine, InboxEntry)
    assert change(source, request, opening("b1", {"milk": 2}), opening("b1", {"milk": 1}), request) == [
        second, first, OrderConflict(), second,
    ]  # fmt: skip
    assert counts_of(Basket, BasketLine, HoldLine, InboxEntry) == before
    assert shelf("milk") == (5, 0, 3)


def test_an_expired_basket_is_held_anew_as_far_as_there_is_any(clock: Clock) -> None:
    source = make_chain(stock={"milk": 3, "bread": 3})
    basket = stands(source, opening("b1", {"milk": 3, "bread": 2}))
    clock.now = at(30)
    placed(source, order("o1", {"milk": 2}))

    again = stands(source, changing("b2", basket.id, {"bread": 1}))

    assert held(again) == {"milk": (3, 1), "bread": (1, 1)}
    assert (again.renewed, again.held_since, again.held_until) == (True, at(30), at(60))
    assert (shelf("milk"), shelf("bread")) == ((3, 2, 1), (3, 0, 1))
    assert faults_in_stock() == []


def test_a_second_before_its_end_nothing_is_given_away(clock: Clock) -> None:
    source = make_chain(stock={"milk": 3})
    basket = stands(source, opening("b1", {"milk": 3}))
    clock.now = at(29, seconds=59)
    (other,) = change(source, opening("b2", {"milk": 1}))
    assert isinstance(other, BasketStands)
    assert held(other) == {"milk": (1, 0)}
    assert held(stands(source, changing("b3", basket.id))) == {"milk": (3, 3)}


def test_renewing_holds_all_of_it_longer_three_times(clock: Clock) -> None:
    source = make_chain(stock={"milk": 3, "bread": 2})
    basket = stands(source, opening("b1", {"milk": 3, "bread": 1}))
    for number in range(3):
        clock.now = at(10 * (number + 1))
        basket = stands(source, changing(f"r{number}", basket.id, renew=True))
        assert basket.held_until == clock.now + timedelta(minutes=30)
    assert set(HoldLine.objects.values_list("expires_at", "state")) == {(at(60), "active")}
    (outcome,) = change(source, changing("r4", basket.id, renew=True))
    assert outcome == BasketRefused("no_more_renewals", "The time was renewed 3 times already.")
    assert faults_in_stock() == []


def test_another_place_serves_it_from_its_own_shelves(clock: Clock) -> None:
    source = make_chain("p1", "p2", stock={"milk": 3, "bread": 1})
    deliver(source, {"milk": 1}, place="p2")
    basket = stands(source, opening("b1", {"milk": 2, "bread": 1}))
    moved = stands(source, changing("b2", basket.id, place="p2"))
    assert (moved.place, held(moved)) == ("p2", {"milk": (2, 1), "bread": (1, 0)})
    assert (shelf("milk"), shelf("milk", place_code="p2")) == ((3, 0, 0), (1, 0, 1))
    back = stands(source, changing("b3", basket.id, place="p1"))
    assert held(back) == {"milk": (2, 2), "bread": (1, 1)}
    assert faults_in_stock() == []


def test_a_dropped_basket_gives_everything_back(clock: Clock) -> None:
    source = make_chain(stock={"milk": 3})
    basket = stands(source, opening("b1", {"milk": 2}))
    gone = stands(source, changing("b2", basket.id, drop=True))
    assert (gone.state, gone.held_until, shelf("milk")) == ("dropped", None, (3, 0, 0))
    (outcome,) = change(source, changing("b3", basket.id, {"milk": 1}))
    assert outcome == BasketRefused("basket_closed", "This basket is dropped and cannot be changed.")
    assert faults_in_stock() == []


@pytest.mark.parametrize(
    ("request_", "code", "skus"),
    [
        (opening("b1", {"milk": 1}, "nowhere"), "unknown_place", ()),
        (opening("b1", {"caviar": 1}), "unknown_product", ("caviar",)),
        (opening("b1", {"fuel": 1}), "untracked_product", ("fuel",)),
        (OpenBasket("b1", "p1", (LineRequest("milk", 1), LineRequest("milk", 2))), "doubled_line", ("milk", "milk")),
    ],
)
def test_what_cannot_be_gathered_is_refused(request_: OpenBasket, code: str, skus: tuple[str, ...]) -> None:
    source = make_chain(stock={"milk": 3})
    (outcome,) = change(source, request_)
    assert isinstance(outcome, BasketRefused)
    assert (outcome.code, outcome.skus) == (code, skus)
    assert counts_of(Basket, HoldLine) == [0, 0]
    assert shelf("milk") == (3, 0, 0)


def test_another_source_finds_no_basket(clock: Clock) -> None:
    source = make_chain(stock={"milk": 3})
    basket = stands(source, opening("b1", {"milk": 2}))
    entries = InboxEntry.objects.count()
    (outcome,) = change(source + 1, changing("b2", basket.id, {"milk": 0}))
    assert outcome == BasketUnknown(basket.id)
    assert InboxEntry.objects.count() == entries
    assert shelf("milk") == (3, 0, 2)


def test_a_change_for_another_version_is_refused(clock: Clock) -> None:
    source = make_chain(stock={"milk": 3})
    basket = stands(source, opening("b1", {"milk": 1}))
    assert stands(source, changing("b2", basket.id, {"milk": 2}, version=1)).version == 2
    (outcome,) = change(source, changing("b3", basket.id, {"milk": 3}, version=1))
    assert isinstance(outcome, BasketRefused)
    assert outcome.code == "basket_changed"
    assert shelf("milk") == (3, 0, 2)


def test_a_basket_holds_a_slot_and_its_order_keeps_it(clock: Clock) -> None:
    source = make_chain("p1", "p2", stock={"milk": 3})
    plan("p1")
    basket = stands(source, opening("b1", {"milk": 1}))
    with_slot = stands(source, changing("b2", basket.id, slot=slot()))
    assert (with_slot.slot, figures(slot())) == (slot(), (2, 2, 1))
    later = stands(source, changing("b3", basket.id, slot=slot(1)))
    assert (later.slot, figures(slot()), figures(slot(1))) == (slot(1), (2, 2, 0), (2, 2, 1))
    assert faults_in_slots() == []
    elsewhere = stands(source, changing("b4", basket.id, place="p2"))
    assert (elsewhere.slot, figures(slot(1))) == (None, (2, 2, 0))
    assert faults_in_slots() == []


def test_a_full_slot_refuses_the_whole_change(clock: Clock) -> None:
    source = make_chain(stock={"milk": 9})
    plan("p1", capacity=1)
    first, second = (stands(source, opening(f"b{n}", {"milk": 1})) for n in range(2))
    stands(source, changing("s1", first.id, slot=slot()))
    (outcome,) = change(source, changing("s2", second.id, {"milk": 5}, slot=slot()))
    assert outcome == BasketRefused("slot_not_free", "This slot is full or over. Choose another.")
    assert (shelf("milk"), figures(slot())) == ((9, 0, 2), (1, 1, 1))
    clock.now = at(30)
    assert stands(source, changing("s3", second.id, {"milk": 5}, slot=slot(1))).slot == slot(1)
    (outcome,) = change(source, changing("s4", second.id, slot=10**9))
    assert isinstance(outcome, BasketRefused)
    assert outcome.code == "other_slot"
    assert faults_in_slots() == []
