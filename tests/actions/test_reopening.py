"""An order opened again as a basket: nobody comes between its promise and the basket's hold."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from onebasket.commerce.orders.actions import CheckoutCall, ReopenCall, check_out, reopen_orders
from onebasket.commerce.orders.models import Basket, Order
from onebasket.commerce.orders.queries.quoting import quote_basket
from onebasket.commerce.orders.rules.baskets import BasketStands, Checkout, CheckoutRefused, Contact
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced, StepRefused, StepUnknown
from onebasket.commerce.pricing.queries.quoting import Quoted
from tests.actions.test_baskets import changing, held, opening, stands
from tests.builders import Clock, counts_of, faults_in_stock, make_chain, shelf, step
from tests.slotting import faults_in_slots, figures, plan, slot

pytestmark = pytest.mark.django_db


def checked_out(source: int, basket: BasketStands, key: str = "c1") -> OrderPlaced:
    quoted = quote_basket(basket, now=Clock().now)
    assert isinstance(quoted, Quoted)
    request = Checkout(key, basket.id, basket.version, quoted.basket.total, Contact("Ada", phone="1"))
    (placed,) = check_out([CheckoutCall(source, request, basket.version, quoted)])
    assert isinstance(placed, OrderPlaced), placed
    return placed


def timed(source: int, lines: Mapping[str, int]) -> BasketStands:
    """Fill a basket and choose when to collect it."""
    return stands(source, changing("b2", stands(source, opening("b1", lines)).id, slot=slot()))


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    Clock().hold_still(monkeypatch)
    made = make_chain(stock={"milk": 3, "bread": 2})
    plan("p1", capacity=1)
    return made


def test_an_order_is_opened_again_with_its_units_and_its_slot(source: int) -> None:
    basket = stands(source, opening("b1", {"milk": 3, "bread": 1}))
    order = checked_out(source, stands(source, changing("b2", basket.id, slot=slot())))
    assert (shelf("milk"), figures(slot())) == ((3, 3, 0), (1, 1, 1))
    call = ReopenCall(source, "r1", order.id)

    (again,) = reopen_orders([call])

    assert isinstance(again, BasketStands)
    assert (held(again), again.slot) == ({"milk": (3, 3), "bread": (1, 1)}, slot())
    assert (shelf("milk"), shelf("bread"), figures(slot())) == ((3, 0, 3), (2, 0, 1), (1, 1, 1))
    assert Order.objects.get().status == "cancelled"
    assert reopen_orders([call]) == [again]
    assert counts_of(Order, Basket) == [1, 2]
    assert (faults_in_stock(), faults_in_slots()) == ([], [])
    fewer = stands(source, changing("b3", again.id, {"milk": 1}))
    assert checked_out(source, fewer, "c2").total == 199 + 250
    assert (shelf("milk"), figures(slot())) == ((3, 1, 0), (1, 1, 1))
    assert (faults_in_stock(), faults_in_slots()) == ([], [])


def test_what_is_being_picked_is_not_opened_again(source: int) -> None:
    order = checked_out(source, timed(source, {"milk": 3}))
    step(source, "p1", order, Step.PICK)
    (outcome,) = reopen_orders([ReopenCall(source, "r1", order.id)])
    assert outcome == StepRefused("not_open", "An order that is ready cannot be changed any more.", "ready")
    assert counts_of(Basket) == [1]


def test_a_stranger_finds_no_order(source: int) -> None:
    order = checked_out(source, timed(source, {"milk": 3}))
    unknown = uuid4()
    calls = [ReopenCall(source, "r1", order.id, frozenset({"p2"})), ReopenCall(source, "r2", unknown)]
    assert reopen_orders(calls) == [StepUnknown(order.id), StepUnknown(unknown)]
    assert shelf("milk") == (3, 3, 0)


def test_where_orders_are_collected_by_slots_one_is_chosen_first(source: int) -> None:
    basket = stands(source, opening("b1", {"milk": 1}))
    quoted = quote_basket(basket, now=Clock().now)
    assert isinstance(quoted, Quoted)
    request = Checkout("c1", basket.id, basket.version, quoted.basket.total, Contact("Ada", phone="1"))
    (refused,) = check_out([CheckoutCall(source, request, basket.version, quoted)])
    assert refused == CheckoutRefused("slot_needed", "Choose when to collect at p1.")
    assert counts_of(Order) == [0]
