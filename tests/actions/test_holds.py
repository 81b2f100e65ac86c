"""Holds: promises of baskets that expire by the database's clock, half-open."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from onebasket.base.models import Event
from onebasket.commerce.orders.actions import placing
from onebasket.commerce.orders.rules.messages import OrderPlaced, OrderRefused
from onebasket.commerce.stock.actions import open_book, release_expired, release_holds
from onebasket.commerce.stock.actions.buffers import set_buffers
from onebasket.commerce.stock.models import Hold, HoldLine, Shelf
from onebasket.commerce.stock.queries import available_everywhere
from onebasket.commerce.stock.rules.book import ShelfBook, ShelfKey
from onebasket.commerce.stock.rules.buffers import BufferSetting
from onebasket.commerce.stock.rules.messages import FactKind, HoldPlaced, HoldRefused, KeyConflict, Short
from tests.builders import (
    MORNING,
    Clock,
    at,
    basket,
    book,
    deliver,
    fact,
    faults_in_stock,
    make_chain,
    order,
    place,
    placed,
    shelf,
    take_holds,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock().hold_still(monkeypatch)


def held(source: int, key: str, lines: dict[str, int], **more: Any) -> HoldPlaced:
    (outcome,) = take_holds(source, basket(key, lines, **more))
    assert isinstance(outcome, HoldPlaced), outcome
    return outcome


def states() -> list[str]:
    return list(HoldLine.objects.order_by("id").values_list("state", flat=True))


def expired_news() -> list[str]:
    return list(Event.objects.filter(type="hold.expired").order_by("id").values_list("subject", flat=True))


def free(product_id: int, now: datetime) -> list[tuple[int, int]]:
    return [(one.held, one.available) for one in available_everywhere(product_id, channel="web", now=now)]


def test_a_hold_is_all_or_nothing(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5, "bread": 1})

    one, two = take_holds(source, basket("h1", {"milk": 3}), basket("h2", {"milk": 3, "bread": 2}))

    assert isinstance(one, HoldPlaced)
    assert one.expires_at == MORNING + timedelta(minutes=15)
    assert two == HoldRefused(
        "short", "There is not enough of every line.", (Short(1, "milk", 3, 2, 1), Short(2, "bread", 2, 1, 1))
    )
    assert (shelf("milk"), shelf("bread")) == ((5, 0, 3), (1, 0, 0))
    assert Hold.objects.values_list("id", "channel", "source_id").get() == (one.id, "web", source)


def test_a_held_unit_is_promised_to_nobody_else(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    held(source, "h1", {"milk": 3})

    (refused,) = place(source, order("o1", {"milk": 3}))

    assert isinstance(refused, OrderRefused)
    assert refused.shortfalls[0].available == 2


@pytest.mark.parametrize(
    ("seconds", "served"),
    [(59.999, False), (60, True), (60.001, True)],
)
def test_expiry_is_half_open(clock: Clock, seconds: float, served: bool) -> None:  # noqa: FBT001
    source = make_chain(stock={"milk": 5})
    one = held(source, "h1", {"milk": 3}, seconds=60)
    product = HoldLine.objects.get().product_id

    clock.now = at(0, seconds=seconds)
    assert free(product, clock.now) == ([(0, 5)] if served else [(3, 2)])
    (outcome,) = place(source, order("o1", {"milk": 5}))

    assert isinstance(outcome, OrderPlaced) is served
    assert shelf("milk") == ((5, 5, 0) if served else (5, 0, 3))
    assert states() == (["expired"] if served else ["active"])
    assert expired_news() == ([f"hold/{one.id}"] if served else [])
    assert faults_in_stock() == []


def test_an_expired_hold_cannot_be_confirmed(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    one = held(source, "h1", {"milk": 3}, seconds=60)
    clock.now = at(1)

    (refused,) = place(source, order("o1", {"milk": 3}, hold=one.id))

    assert isinstance(refused, OrderRefused)
    assert refused.code == "hold_not_usable"
    assert faults_in_stock() == []


def test_an_order_confirms_its_hold(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    one = held(source, "h1", {"milk": 5})

    first, second = place(source, order("o1", {"milk": 5}, hold=one.id), order("o2", {"milk": 5}, hold=one.id))

    assert isinstance(first, OrderPlaced)
    assert isinstance(second, OrderRefused)
    assert second.code == "hold_not_usable"
    assert (shelf("milk"), states()) == ((5, 5, 0), ["confirmed"])
    assert release_holds([one.id]) == 0
    assert faults_in_stock() == []


def test_a_refused_order_leaves_its_hold_for_the_next(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    one = held(source, "h1", {"milk": 4})

    refused, served = place(source, order("o1", {"milk": 6}, hold=one.id), order("o2", {"milk": 5}, hold=one.id))

    assert isinstance(refused, OrderRefused)
    assert refused.shortfalls[0].available == 5
    assert isinstance(served, OrderPlaced)
    assert shelf("milk") == (5, 5, 0)


def test_confirming_a_hold_after_the_goods_are_gone_is_refused(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    one = held(source, "h1", {"milk": 4})
    book(source, fact("loss", FactKind.ADJUSTMENT, {"milk": -3}))

    (refused,) = place(source, order("o1", {"milk": 4}, hold=one.id))

    assert isinstance(refused, OrderRefused)
    assert (refused.code, refused.shortfalls[0].available) == ("short", 2)
    assert shelf("milk") == (2, 0, 4)


def test_an_order_leaves_out_a_held_product(clock: Clock) -> None:
    """What the shopper took out of the basket is given back with the order."""
    source = make_chain(stock={"milk": 5, "bread": 5})
    one = held(source, "h1", {"milk": 2, "bread": 2})

    assert placed(source, order("o1", {"milk": 2}, hold=one.id)).total == 398

    assert (shelf("milk"), shelf("bread")) == ((5, 2, 0), (5, 0, 0))
    assert faults_in_stock() == []


def test_a_hold_at_another_place_is_not_usable(clock: Clock) -> None:
    source = make_chain("p1", "p2", stock={"milk": 5})
    deliver(source, {"milk": 5}, place="p2")
    one = held(source, "h1", {"milk": 2})

    (refused,) = place(source, order("o1", {"milk": 2}, "p2", hold=one.id))

    assert isinstance(refused, OrderRefused)
    assert refused.message == f"The hold {one.id} is at another place."


def test_a_hold_that_expires_while_its_order_waits_for_the_shelf(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another transaction expired it between the hold's lock and the shelf's: it is not given back twice."""
    source = make_chain(stock={"milk": 5})
    one = held(source, "h1", {"milk": 3}, seconds=60)
    held(source, "h2", {"milk": 2}, seconds=600)

    def open_late(keys: Iterable[ShelfKey], **more: Any) -> ShelfBook:
        HoldLine.objects.filter(hold_id=one.id).update(state=HoldLine.State.EXPIRED)
        Shelf.objects.update(held=2)
        return open_book(keys, **more)

    monkeypatch.setattr(placing, "open_book", open_late)
    (refused,) = place(source, order("o1", {"milk": 3}, hold=one.id))

    assert isinstance(refused, OrderRefused)
    assert refused.code == "hold_not_usable"
    assert shelf("milk") == (5, 0, 2)
    assert faults_in_stock() == []


def test_release_gives_back_once(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5, "bread": 5})
    one = held(source, "h1", {"milk": 2, "bread": 3})

    assert release_holds([one.id], source_id=source + 1) == 0
    assert shelf("milk") == (5, 0, 2)
    assert release_holds([one.id], source_id=source) == 2
    assert release_holds([one.id, UUID(int=7)]) == 0

    assert (shelf("milk"), shelf("bread"), states()) == ((5, 0, 0), (5, 0, 0), ["released", "released"])
    assert Event.objects.filter(type="hold.released", subject=f"hold/{one.id}").count() == 1


def test_the_sweep_releases_what_has_expired(clock: Clock) -> None:
    source = make_chain(stock={"milk": 9, "bread": 9})
    first = held(source, "h1", {"milk": 2, "bread": 1}, seconds=60)
    held(source, "h2", {"milk": 3}, seconds=120)

    clock.now = at(1)
    assert release_expired() == 2
    assert release_expired() == 0

    assert (shelf("milk"), shelf("bread"), states()) == ((9, 0, 3), (9, 0, 0), ["expired", "expired", "active"])
    assert expired_news() == [f"hold/{first.id}"]
    assert faults_in_stock() == []


def test_a_hold_twice_is_one_hold(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    request, other = basket("h1", {"milk": 2}), basket("h1", {"milk": 1})

    first, again, conflict = take_holds(source, request, request, other)
    assert take_holds(source, other, request) == [KeyConflict(), first]

    assert (again, conflict) == (first, KeyConflict())
    assert (Hold.objects.count(), shelf("milk")) == (1, (5, 0, 2))


def test_what_no_stock_can_change_is_refused(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    doubled = basket("h4", {"milk": 1})

    outcomes = take_holds(
        source,
        basket("h1", {"milk": 1}, place="p9"),
        basket("h2", {"silk": 1}),
        basket("h3", {"fuel": 1}),
        type(doubled)("h4", "p1", doubled.lines * 2),
    )

    assert [outcome.code for outcome in outcomes if isinstance(outcome, HoldRefused)] == [
        "unknown_place", "unknown_product", "untracked_product", "doubled_line",
    ]  # fmt: skip
    assert (Hold.objects.count(), shelf("milk")) == (0, (5, 0, 0))


def test_a_buffer_is_kept_back_from_holds(clock: Clock) -> None:
    source = make_chain(stock={"milk": 5})
    set_buffers(source, [BufferSetting("b1", "p1", 3, "web", "milk")])

    refused, served = take_holds(source, basket("h1", {"milk": 3}), basket("h2", {"milk": 3}, channel="kiosk"))

    assert isinstance(refused, HoldRefused)
    assert refused.shortfalls == (Short(1, "milk", 3, 2, 1),)
    assert isinstance(served, HoldPlaced)
