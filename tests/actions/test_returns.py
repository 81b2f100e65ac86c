"""Goods brought back: what is paid back, to whom, and what becomes of the goods."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from onebasket.commerce.fulfilment.actions import ReturnCall, accept_returns, returning
from onebasket.commerce.fulfilment.models import BroughtBack, Return
from onebasket.commerce.fulfilment.rules.messages import (
    BackLine,
    PaidBack,
    ReturnAccepted,
    ReturnConflict,
    ReturnOutcome,
    ReturnRefused,
    ReturnRequest,
)
from onebasket.commerce.orders.actions import CheckoutCall, check_out
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.baskets import Checkout, Contact
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.payments.actions import settle_orders
from onebasket.commerce.payments.rules.messages import Settling
from onebasket.commerce.pricing.queries.quoting import Quoted
from onebasket.commerce.pricing.rules.basket import PricedBasket, PricedLine, Reduction, TaxPart
from onebasket.commerce.sales.rules.receipt import Disposition, Original, Tender
from onebasket.commerce.stock.rules.ends import End
from tests.actions.test_baskets import opening, stands
from tests.builders import Clock, counts_of, faults_in_stock, item, make_chain, on_hand, receipt, sell, step

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    clock = Clock().hold_still(monkeypatch)
    monkeypatch.setattr(returning, "database_now", clock)
    return make_chain("p1", "p2", stock={"milk": 10, "bread": 5})


def collected(source: int) -> OrderPlaced:
    """Collect three milks for 5.00 (promotion 0.97 off, tax within) and a bread at 2.50, paid at collection."""
    basket = stands(source, opening("b1", {"milk": 3, "bread": 1}))
    cut = Reduction("promotion", "milk-3", "Three for 5.00", "retailer", 97)
    lines = (
        PricedLine(1, "milk", 3, 597, 500, (cut,), (TaxPart("reduced", 70_000, 467, 33),), unit_amount=199),
        PricedLine(2, "bread", 1, 250, 250, unit_amount=250),
    )
    priced = PricedBasket(lines, "USD", 847, 97, 33, 750, tax_included=True)
    request = Checkout("c1", basket.id, basket.version, 750, Contact("Ada", phone="1"))
    (order,) = check_out([CheckoutCall(source, request, basket.version, Quoted(priced))])
    assert isinstance(order, OrderPlaced), order
    step(source, "pick", order, Step.PICK)
    step(source, "out", order, Step.HAND_OVER)
    settle_orders([Settling(order.id, "hand_over", 750)])
    return order


def back(key: str, *lines: BackLine, place: str = "p2", **more: Any) -> ReturnRequest:
    return ReturnRequest(key, place, "eve", lines, **more)


def bring(source: int, *requests: ReturnRequest) -> list[ReturnOutcome]:
    return accept_returns([ReturnCall(source, request) for request in requests])


def test_part_of_an_order_comes_back_at_another_place(source: int) -> None:
    order = collected(source)
    assert on_hand("milk") == 7

    (first,) = bring(source, back("r1", BackLine(1, 1, disposition=Disposition.SELLABLE), order=order.id))

    assert isinstance(first, ReturnAccepted)
    assert (first.total, first.tax_total, first.place) == (167, 11, "p2")
    assert [(one.kind, one.amount) for one in first.tenders] == [("at_collection", 167)]
    assert (on_hand("milk"), on_hand("milk", place_code="p2")) == (7, 1)
    (rest,) = bring(source, back("r2", BackLine(2, 1), BackLine(1, 2), order=order.id))
    assert isinstance(rest, ReturnAccepted)
    assert (first.total + rest.total, first.tax_total + rest.tax_total) == (750, 33)
    assert on_hand("milk", place_code="p2", state=End.UNSELLABLE) == 2
    (more,) = bring(source, back("r3", BackLine(1, 1), order=order.id))
    assert more == ReturnRefused("too_much", "Of line 1 only 0 can come back, not 1.")
    assert faults_in_stock() == []


def test_after_a_short_pick_all_of_it_pays_back_what_was_paid(source: int) -> None:
    basket = stands(source, opening("b1", {"milk": 3}))
    cut = Reduction("promotion", "milk-3", "Three for 5.00", "retailer", 97)
    line = PricedLine(1, "milk", 3, 597, 500, (cut,), (TaxPart("reduced", 70_000, 467, 33),), unit_amount=199)
    priced = PricedBasket((line,), "USD", 597, 97, 33, 500, tax_included=True)
    request = Checkout("c1", basket.id, basket.version, 500, Contact("Ada", phone="1"))
    (order,) = check_out([CheckoutCall(source, request, basket.version, Quoted(priced))])
    assert isinstance(order, OrderPlaced), order
    step(source, "pick", order, Step.PICK, {1: 2})
    step(source, "out", order, Step.HAND_OVER)
    due = Order.objects.get().total
    settle_orders([Settling(order.id, "hand_over", due)])
    (one, other, more) = bring(source, *(back(f"r{n}", BackLine(1, 1), order=order.id) for n in range(3)))
    assert isinstance(one, ReturnAccepted)
    assert isinstance(other, ReturnAccepted)
    assert (due, one.total, other.total) == (333, 167, 166)
    assert isinstance(more, ReturnRefused)


def test_the_same_return_again_pays_nothing(source: int) -> None:
    order = collected(source)
    request = back("r1", BackLine(1, 1), order=order.id)
    first, again = bring(source, request, request)
    assert first == again
    assert bring(source, request) == [first]
    assert bring(source, back("r1", BackLine(2, 1), order=order.id)) == [ReturnConflict()]
    assert counts_of(Return) == [1]
    assert list(BroughtBack.objects.order_by("line").values_list("line", "sold", "back")) == [(1, 3, 1), (2, 1, 0)]


def test_a_receipt_pays_its_tenders_back_in_reverse_order(source: int) -> None:
    tenders = (Tender("gift_card", 300), Tender("cash", 200))
    sell(
        source,
        receipt("s1", item("milk", 1, 199, sku="milk"), item("bread", 1, 250, sku="bread"), change=51, tenders=tenders),
    )
    printed = Original("p1", "1", date(2026, 3, 2), "s1")

    (first,) = bring(source, back("r1", BackLine(1, 2), receipt=printed))
    (second,) = bring(source, back("r2", BackLine(1, 1), receipt=printed))

    assert isinstance(first, ReturnAccepted)
    assert isinstance(second, ReturnAccepted)
    assert first.tenders == (PaidBack("cash", 149), PaidBack("gift_card", 101))
    assert second.tenders == (PaidBack("gift_card", 199),)
    unknown = Original("p1", "1", date(2026, 3, 2), "s9")
    (nothing,) = bring(source, back("r3", BackLine(1, 1), receipt=unknown))
    assert isinstance(nothing, ReturnRefused)
    assert nothing.code == "unknown_original"


def test_without_a_receipt_the_lowest_recent_price_is_paid_as_store_credit(source: int) -> None:
    (done,) = bring(source, back("r1", BackLine(2, sku="milk")))
    assert isinstance(done, ReturnAccepted)
    assert (done.total, done.tenders[0].kind, done.tenders[0].amount) == (398, "store_credit", 398)
    assert done.tenders[0].code
    (again,) = bring(source, back("r1", BackLine(2, sku="milk")))
    assert isinstance(again, ReturnAccepted)
    assert again.tenders[0].code == ""


def test_another_amount_needs_a_reason(source: int) -> None:
    order = collected(source)
    lines = (BackLine(1, 1, amount=199),)
    (refused,) = bring(source, back("r1", *lines, order=order.id))
    assert refused == ReturnRefused("reason_needed", "Say why another amount is paid back.")
    (done,) = bring(source, back("r2", *lines, order=order.id, override="the till was wrong"))
    assert isinstance(done, ReturnAccepted)
    assert (done.total, done.tax_total) == (199, 13)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (back("r", BackLine(1, 1), order=UUID(int=1)), "unknown_original"),
        (back("r", BackLine(1, sku="caviar")), "unknown_product"),
        (back("r", BackLine(1)), "nothing_named"),
        (back("r", BackLine(1, sku="milk"), place="p9"), "unknown_place"),
    ],
)
def test_what_cannot_come_back_is_refused(source: int, request_: ReturnRequest, code: str) -> None:
    (refused,) = bring(source, request_)
    assert isinstance(refused, ReturnRefused)
    assert refused.code == code
    assert counts_of(Return) == [0]


def test_an_order_that_was_not_collected_does_not_come_back(source: int) -> None:
    order = stands(source, opening("b1", {"milk": 1}))
    (unknown,) = bring(source, back("r1", BackLine(1, 1), order=order.id))
    assert isinstance(unknown, ReturnRefused)
    assert unknown.code == "unknown_original"
