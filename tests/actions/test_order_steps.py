"""The life of an order: picked whole, short or in parts, handed over, cancelled, put back, expired; each step once."""

from datetime import timedelta
from uuid import UUID

import pytest

from onebasket.base.models import Event, InboxEntry
from onebasket.commerce.orders.actions import StepCall, expire_orders, step_orders
from onebasket.commerce.orders.models import Fulfilment, Order, OrderLine
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import (
    OrderConflict,
    OrderPlaced,
    OrderStep,
    PickedLine,
    StepDone,
    StepRefused,
    StepUnknown,
)
from onebasket.commerce.stock.models import Movement, Reservation
from onebasket.commerce.stock.rules.ends import End, Kind
from onebasket.commerce.stock.rules.messages import FactKind
from tests.builders import (
    Clock,
    at,
    book,
    counts_of,
    fact,
    faults_in_stock,
    make_chain,
    moved,
    on_hand,
    order,
    placed,
    shelf,
    step,
    take_steps,
    versions,
)

pytestmark = pytest.mark.django_db

PICKED = (Kind.PICK, End.SELLABLE, End.STAGED)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(at(60)).hold_still(monkeypatch)


@pytest.fixture
def source(clock: Clock) -> int:
    return make_chain(stock={"milk": 10, "apples": 5_000})


@pytest.fixture
def one(source: int) -> OrderPlaced:
    return placed(source, order("o1", {"milk": 2, "apples": 1_000}))


def stands() -> tuple[str, int]:
    return Order.objects.values_list("status", "total").get()


def lines() -> list[tuple[int, int | None, int, int]]:
    return list(OrderLine.objects.order_by("number").values_list("promised", "picked", "put_back", "amount"))


def news() -> list[str]:
    return list(Event.objects.filter(type__startswith="order.").order_by("id").values_list("type", flat=True))


def test_picked_whole_and_handed_over(source: int, one: OrderPlaced) -> None:
    assert step(source, "s1", one, Step.PICK) == StepDone(one.id, "ready", 698)
    assert (shelf("milk"), shelf("milk", state=End.STAGED)) == ((8, 0, 0), (2, 0, 0))
    assert step(source, "s2", one, Step.HAND_OVER) == StepDone(one.id, "handed_over", 698)

    assert (stands(), lines()) == (("handed_over", 698), [(2, 2, 0, 398), (1_000, 1_000, 0, 300)])
    assert moved("milk")[1:] == [(*PICKED, 2), (Kind.HAND_OVER, End.STAGED, End.CUSTOMER, 2)]
    assert set(Reservation.objects.values_list("state", flat=True)) == {Reservation.State.TAKEN}
    assert Fulfilment.objects.values_list("status", "picked_at", "handed_over_at").get() == (
        "handed_over", at(60), at(60),
    )  # fmt: skip
    assert news() == ["order.placed", "order.ready", "order.handed_over"]
    assert faults_in_stock() == []


def test_picked_short(source: int, one: OrderPlaced) -> None:
    assert step(source, "s1", one, Step.PICK, {1: 1, 2: 842}) == StepDone(one.id, "ready", 199 + 253)

    assert (shelf("milk"), shelf("apples"), on_hand("apples", state=End.STAGED)) == ((9, 0, 0), (4_158, 0, 0), 842)
    assert lines() == [(2, 1, 0, 199), (1_000, 842, 0, 253)]
    assert faults_in_stock() == []


def test_picked_in_parts(source: int, one: OrderPlaced) -> None:
    first, second = (
        OrderStep(key, one.id, Step.PICK, (PickedLine(number, quantity),), finish=False)
        for key, number, quantity in (("s1", 2, 900), ("s2", 1, 2))
    )

    assert take_steps(source, first) == [StepDone(one.id, "picking", 398 + 270)]
    assert (shelf("milk"), shelf("apples")) == ((10, 2, 0), (4_100, 0, 0))
    assert take_steps(source, second) == [StepDone(one.id, "ready", 398 + 270)]

    assert (shelf("milk"), faults_in_stock()) == ((8, 0, 0), [])


def test_finishing_early_leaves_the_rest_on_the_shelf(source: int, one: OrderPlaced) -> None:
    take_steps(source, OrderStep("s1", one.id, Step.PICK, (PickedLine(1, 2),), finish=False))

    (done,) = take_steps(source, OrderStep("s2", one.id, Step.FINISH_PICKING))

    assert done == StepDone(one.id, "ready", 398)
    assert (lines(), shelf("apples")) == ([(2, 2, 0, 398), (1_000, 0, 0, 0)], (5_000, 0, 0))
    assert faults_in_stock() == []


def test_a_line_stated_twice_is_refused_and_nothing_is_picked(source: int, one: OrderPlaced) -> None:
    twice = (PickedLine(1, 1), PickedLine(2, 1), PickedLine(1, 1))
    (refused,) = take_steps(source, OrderStep("s1", one.id, Step.PICK, twice))

    assert isinstance(refused, StepRefused)
    assert (refused.code, refused.status) == ("doubled_line", "placed")
    assert refused.message == "Line 1 is stated more than once. State each line once, with all that was picked of it."
    assert (stands(), shelf("milk"), Movement.objects.filter(kind=Kind.PICK).count()) == (
        ("placed", 698),
        (10, 2, 0),
        0,
    )


def test_finishing_an_order_nobody_picked_is_refused(source: int, one: OrderPlaced) -> None:
    (refused,) = take_steps(source, OrderStep("s1", one.id, Step.FINISH_PICKING))

    assert isinstance(refused, StepRefused)
    assert (refused.code, shelf("milk")) == ("nothing_picked", (10, 2, 0))


@pytest.mark.parametrize(
    ("picked", "code", "message"),
    [
        ({3: 1}, "unknown_line", "The order has no line 3."),
        ({1: 3}, "too_much", "Line 1 was promised 2, not 3."),
        ({1: 0, 2: 0}, "nothing_picked", "Nothing was picked at all: cancel the order instead."),
    ],
)
def test_a_pick_that_cannot_be(source: int, one: OrderPlaced, picked: dict[int, int], code: str, message: str) -> None:
    refused = step(source, "s1", one, Step.PICK, picked)

    assert isinstance(refused, StepRefused)
    assert (refused.code, refused.message, refused.status) == (code, message, "placed")
    assert (stands(), shelf("milk"), Movement.objects.filter(kind=Kind.PICK).count()) == (
        ("placed", 698),
        (10, 2, 0),
        0,
    )


def test_a_line_is_picked_once(source: int, one: OrderPlaced) -> None:
    take_steps(source, OrderStep("s1", one.id, Step.PICK, (PickedLine(1, 2),), finish=False))

    refused = step(source, "s2", one, Step.PICK, {1: 1})

    assert isinstance(refused, StepRefused)
    assert (refused.code, on_hand("milk", state=End.STAGED)) == ("picked_before", 2)


def test_cancelled_before_the_pick(source: int, one: OrderPlaced) -> None:
    assert step(source, "s1", one, Step.CANCEL) == StepDone(one.id, "cancelled", 698)

    assert (shelf("milk"), shelf("apples"), moved("milk")[1:]) == ((10, 0, 0), (5_000, 0, 0), [])
    assert set(Reservation.objects.values_list("state", flat=True)) == {Reservation.State.RELEASED}
    assert Fulfilment.objects.get().status == "cancelled"
    nothing = step(source, "s2", one, Step.PUT_BACK)
    assert isinstance(nothing, StepRefused)
    assert nothing.code == "nothing_to_put_back"


def test_cancelled_after_the_pick_counts_again_when_put_back(source: int, one: OrderPlaced) -> None:
    step(source, "s1", one, Step.PICK)
    step(source, "s2", one, Step.CANCEL)
    assert (shelf("milk"), on_hand("milk", state=End.STAGED)) == ((8, 0, 0), 2)

    assert step(source, "s3", one, Step.PUT_BACK) == StepDone(one.id, "cancelled", 698)

    assert (shelf("milk"), on_hand("milk", state=End.STAGED)) == ((10, 0, 0), 0)
    assert [line[2] for line in lines()] == [2, 1_000]
    again = step(source, "s4", one, Step.PUT_BACK)
    assert isinstance(again, StepRefused)
    assert (again.code, faults_in_stock()) == ("nothing_to_put_back", [])


def test_cancelled_while_picking(source: int, one: OrderPlaced) -> None:
    take_steps(source, OrderStep("s1", one.id, Step.PICK, (PickedLine(1, 2),), finish=False))
    step(source, "s2", one, Step.CANCEL)
    assert (shelf("milk"), shelf("apples")) == ((8, 0, 0), (5_000, 0, 0))

    step(source, "s3", one, Step.PUT_BACK)

    assert (shelf("milk"), faults_in_stock()) == ((10, 0, 0), [])


def test_payment_is_confirmed(source: int) -> None:
    waiting = placed(source, order("o1", {"milk": 2}, payment_minutes=10))
    assert (waiting.status, waiting.expires_at) == ("awaiting_payment", at(70))

    refused = step(source, "s1", waiting, Step.PICK)
    assert isinstance(refused, StepRefused)
    assert refused.message == "An order that is awaiting_payment cannot take the step pick."
    assert step(source, "s2", waiting, Step.CONFIRM_PAYMENT) == StepDone(waiting.id, "placed", 398)
    assert Order.objects.get().expires_at is None


def test_unpaid_orders_expire_half_open(source: int, clock: Clock) -> None:
    placed(source, order("o1", {"milk": 2}, payment_minutes=10))
    paid = placed(source, order("o2", {"milk": 1}, payment_minutes=10))
    step(source, "s1", paid, Step.CONFIRM_PAYMENT)

    clock.now = at(70) - timedelta(milliseconds=1)
    assert expire_orders() == 0
    clock.now = at(70)
    assert (expire_orders(), expire_orders()) == (1, 0)

    assert list(Order.objects.order_by("number").values_list("status", flat=True)) == ["cancelled", "placed"]
    assert shelf("milk") == (10, 1, 0)
    assert news()[-1] == "order.expired"


def test_steps_twice_change_nothing(source: int, one: OrderPlaced) -> None:
    picked, over = (OrderStep(key, one.id, kind) for key, kind in (("s1", Step.PICK), ("s2", Step.HAND_OVER)))
    too_late = OrderStep("s3", one.id, Step.CANCEL)
    first = take_steps(source, picked, over, picked, too_late)
    before = counts_of(Movement, Event, InboxEntry), versions()

    assert first[2] == first[0]
    assert isinstance(first[3], StepRefused)
    assert take_steps(source, over, too_late, picked) == [first[1], first[3], first[0]]
    assert take_steps(source, OrderStep("s1", one.id, Step.CANCEL)) == [OrderConflict()]
    assert (counts_of(Movement, Event, InboxEntry), versions()) == before


def test_foreign_and_unknown_orders_are_told_apart_from_nothing(source: int, one: OrderPlaced) -> None:
    cancel = OrderStep("s1", one.id, Step.CANCEL)
    stranger = OrderStep("s2", UUID(int=5), Step.CANCEL)

    outcomes = step_orders(
        [
            StepCall(source, cancel, frozenset({"p2"})),
            StepCall(source, stranger),
            StepCall(source, stranger, frozenset()),
        ]
    )

    assert outcomes == [StepUnknown(one.id), StepUnknown(stranger.order), StepUnknown(stranger.order)]
    assert (stands()[0], InboxEntry.objects.filter(kind="order-step").count()) == ("placed", 0)
    assert step_orders([StepCall(source, cancel, frozenset({"p1"}))]) == [StepDone(one.id, "cancelled", 698)]


def test_a_pick_after_the_goods_went_to_a_till(source: int, one: OrderPlaced) -> None:
    book(source, fact("l1", FactKind.ADJUSTMENT, {"milk": -9}))

    assert isinstance(step(source, "s1", one, Step.PICK), StepDone)
    assert (shelf("milk"), faults_in_stock()) == ((-1, 0, 0), [])


def test_a_pick_after_a_count_in_the_same_instant(source: int, one: OrderPlaced) -> None:
    book(source, fact("c1", FactKind.COUNT, {"milk": 10}, when=at(59)))

    step(source, "s1", one, Step.PICK)

    assert (shelf("milk"), faults_in_stock()) == ((8, 0, 0), [])
