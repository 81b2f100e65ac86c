"""Mixed baskets at once: one order with one part each, at prices that were seen; a part is cancelled or asked for."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connections, transaction

from onebasket.base.clock import database_now
from onebasket.base.committer import perform
from onebasket.commerce.orders.actions import CheckoutCall, check_out, checkout
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.queries.offering import open_offering
from onebasket.commerce.orders.rules.baskets import CheckoutRefused
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.partners.actions.parts import cancel_parts
from onebasket.commerce.partners.locking.parts import lock_parts
from onebasket.commerce.partners.models import Offer, PartnerPart
from onebasket.commerce.payments.models import Payment
from tests.builders import make_chain, shelf
from tests.mixing import checking, mixed, place
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, ORDERS = 8, 12


def in_threads(one: Callable[[int], Any], times: int = THREADS) -> list[Any]:
    """Run something in as many threads at once."""
    gate = threading.Barrier(times)

    def run(number: int) -> Any:
        gate.wait(20)
        try:
            return one(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def by_committer(call: CheckoutCall) -> object:
    """Check out as the committer does: repeated when it loses a race."""
    (outcome,) = perform(check_out, [call])
    return outcome


@pytest.fixture
def source() -> int:
    return make_chain(stock={"milk": 50})


@pytest.fixture
def offers(source: int) -> dict[str, int]:
    lamps = add_offers(make_partner("lantern"), {"lamp": {}})
    return lamps | add_offers(make_partner("harbour"), {"net": {"price": 400}})


def test_a_checkout_sent_by_many_is_one_order_with_one_part_each(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {"milk": 2}, {offers["lamp"]: 1, offers["net"]: 2}, card="4711")
    keys = ["same", "same", "same", "same", "tab-1", "tab-2", "tab-3", "tab-4"]
    calls = [checking(source, basket, key=key, method="invoice") for key in keys]

    outcomes = in_threads(lambda number: by_committer(calls[number]))

    placed = [one for one in outcomes if isinstance(one, OrderPlaced)]
    assert placed
    assert len({one.id for one in placed}) == 1
    assert {one.code for one in outcomes if isinstance(one, CheckoutRefused)} <= {"basket_closed"}
    assert Order.objects.count() == 1
    assert sorted(PartnerPart.objects.values_list("partner__code", "status", "total")) == [
        ("harbour", "due", 800), ("lantern", "due", 1000),
    ]  # fmt: skip
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [398, 800, 1000]
    assert shelf("milk") == (50, 2, 0)


def test_without_the_basket_s_lock_parts_are_opened_more_than_once(source: int, offers: dict[str, int]) -> None:
    """The control: whether the basket is open is looked at in one transaction, and its parts are opened in another."""
    basket = mixed(source, {}, {offers["lamp"]: 1}, card="4711")
    order = place(source, basket, method="invoice")
    PartnerPart.objects.update(status="cancelled")
    looked = threading.Barrier(THREADS)

    def careless(number: int) -> bool:
        is_free = not PartnerPart.objects.filter(order_id=order.id).exclude(status="cancelled").exists()
        looked.wait(20)
        if is_free:
            row = PartnerPart.objects.filter(order_id=order.id, number=1).get()
            row.pk, row.number, row.ours, row.status = UUID(int=number + 1), number + 2, f"OB{number}", "due"
            row.save(force_insert=True)
        return is_free

    assert in_threads(careless) == [True] * THREADS
    assert PartnerPart.objects.filter(order_id=order.id, status="due").count() == THREADS


def test_no_price_that_changes_meanwhile_is_paid_unseen(source: int, offers: dict[str, int]) -> None:
    baskets = [mixed(source, {}, {offers["lamp"]: 1}, key=f"m{number}", card="4711") for number in range(THREADS - 1)]
    calls = [
        checking(source, basket, key=f"c{number}", method="invoice", offers_total=1000)
        for number, basket in enumerate(baskets)
    ]

    def one(number: int) -> object:
        if number == THREADS - 1:
            return Offer.objects.filter(pk=offers["lamp"]).update(price=1200)
        return by_committer(calls[number])

    outcomes = in_threads(one)[:-1]
    placed = sum(isinstance(outcome, OrderPlaced) for outcome in outcomes)
    assert {one.code for one in outcomes if isinstance(one, CheckoutRefused)} <= {"offers_changed"}
    assert list(PartnerPart.objects.values_list("total", flat=True)) == [1000] * placed


def test_offers_read_before_the_transaction_are_sold_at_an_old_price(
    source: int, offers: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what the checkout decides on was read before, and the price went up between."""
    basket = mixed(source, {}, {offers["lamp"]: 1}, card="4711")
    before = open_offering([("USD", offers["lamp"])], now=database_now())
    Offer.objects.filter(pk=offers["lamp"]).update(price=1200)
    call = checking(source, basket, method="invoice", offers_total=1000)
    monkeypatch.setattr(checkout, "open_offering", lambda _keys, **_: before)
    assert isinstance(by_committer(call), OrderPlaced)
    assert PartnerPart.objects.get().total == 1000


def ask(part: UUID) -> bool:
    """Ask a partner for a part, as its worker begins to: under the part's lock."""
    with transaction.atomic():
        (row,) = lock_parts([part])
        if row.status != "due":
            return False
        row.status = "unknown"
        row.save(update_fields=["status"])
    return True


def take_back(order: UUID) -> bool:
    with transaction.atomic():
        return bool(cancel_parts([order], now=database_now()))


def raced(source: int, offers: dict[str, int], one: Callable[[int, list[OrderPlaced]], Any]) -> list[OrderPlaced]:
    """Place orders; let the first thread ask for each part, and the second take each order back, at the same time."""
    orders = [
        place(source, mixed(source, {}, {offers["lamp"]: 1}, key=f"m{n}", card="4711"), key=f"c{n}", method="invoice")
        for n in range(ORDERS)
    ]
    in_threads(lambda number: one(number, orders), 2)
    return orders


def test_a_part_is_taken_back_or_asked_for(source: int, offers: dict[str, int]) -> None:
    done: list[list[bool]] = [[], []]

    def one(number: int, orders: list[OrderPlaced]) -> None:
        for order in orders:
            part = order.parts[0].id
            (did,) = perform(lambda _: [ask(part) if number else take_back(order.id)], [None])  # noqa: B023
            done[number].append(bool(did))

    raced(source, offers, one)
    assert [cancelled != asked for cancelled, asked in zip(*done, strict=True)] == [True] * ORDERS
    assert sum(done[0]) == PartnerPart.objects.filter(status="cancelled").count()
    assert sum(done[1]) == PartnerPart.objects.filter(status="unknown").count()


def test_a_check_and_its_use_apart_do_both(source: int, offers: dict[str, int]) -> None:
    """The control: whether the part may still be moved is looked at in one transaction, and it is moved in another."""
    gate = threading.Barrier(2)
    done: list[list[bool]] = [[], []]

    def one(number: int, orders: list[OrderPlaced]) -> None:
        for order in orders:
            is_due = PartnerPart.objects.filter(pk=order.parts[0].id, status="due").exists()
            gate.wait(20)
            if is_due:
                PartnerPart.objects.filter(pk=order.parts[0].id).update(status="unknown" if number else "cancelled")
            done[number].append(is_due)

    raced(source, offers, one)
    assert done == [[True] * ORDERS] * 2
