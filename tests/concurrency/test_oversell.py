"""Stock 50, 200 buyers at once: exactly 50 are sold; with both protections taken away, more are."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections

from onebasket.base import bulk
from onebasket.base.committer import UnavailableError, perform
from onebasket.commerce.hotpath.actions import ACTIONS
from onebasket.commerce.orders.actions import OrderCall, place_orders
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.messages import OrderOutcome, OrderPlaced, OrderRefused, Shortfall
from onebasket.commerce.stock import locking
from onebasket.commerce.stock.actions import book
from onebasket.commerce.stock.models import Shelf
from onebasket.commerce.stock.rules.book import Figures, ShelfKey
from tests.builders import faults_in_stock, make_chain, order, running, shelf
from tests.concurrency.worker import run_together, start

pytestmark = pytest.mark.django_db(transaction=True)

STOCK, BUYERS, THREADS = 50, 200, 8


def assert_sold_out(outcomes: Sequence[Any]) -> None:
    refused = [outcome for outcome in outcomes if isinstance(outcome, OrderRefused)]
    assert sum(isinstance(outcome, OrderPlaced) for outcome in outcomes) == STOCK
    assert len(refused) == BUYERS - STOCK
    assert {(one.code, one.place, one.shortfalls) for one in refused} == {
        ("short", "p1", (Shortfall(1, "milk", 1, 0, 1),))
    }
    assert_books()


def assert_books() -> None:
    assert Order.objects.count() == STOCK
    assert shelf("milk") == (STOCK, STOCK, 0)
    assert faults_in_stock() == []


def leave(gate: threading.Barrier) -> None:
    """Give the connection back, in every thread: none goes on before all have come."""
    gate.wait(20)
    connections.close_all()


def in_threads(one: Callable[[int], object]) -> list[object]:
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(one, range(BUYERS)))
        gate = threading.Barrier(THREADS)
        list(pool.map(leave, [gate] * THREADS))
    return outcomes


def call(source: int, number: int) -> OrderCall:
    return OrderCall(source, order(f"o{number}", {"milk": 1}))


def test_200_buyers_with_a_transaction_each() -> None:
    source = make_chain(stock={"milk": STOCK})

    assert_sold_out(in_threads(lambda number: perform(place_orders, [call(source, number)])[0]))


def test_200_buyers_through_the_committer() -> None:
    source = make_chain(stock={"milk": STOCK})

    with running(ACTIONS) as committer:

        def buy(number: int) -> OrderOutcome:
            (outcome,) = committer.commit("orders", [call(source, number)], weights=[1], seconds=60)
            return outcome  # type: ignore[no-any-return]

        assert_sold_out(in_threads(buy))
        assert 'onebasket_batch_requests_sum{action="orders"} 200.0' in committer.state(seconds=10).measured


def test_200_buyers_in_one_batch() -> None:
    source = make_chain(stock={"milk": STOCK})

    assert_sold_out(place_orders([call(source, number) for number in range(BUYERS)]))


def test_200_buyers_in_two_processes() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("one process at a time writes to SQLite")
    source = make_chain(stock={"milk": STOCK})
    half = BUYERS // 2

    said = run_together(*(start("buy", str(source), str(first), str(half)) for first in (0, half)))

    assert sorted(word for words in said for word in words) == ["OrderPlaced"] * STOCK + ["OrderRefused"] * (
        BUYERS - STOCK
    )
    assert_books()


class EarlyReader:
    """The lock taken away: figures are read before the transaction, first by all threads, before one writes."""

    def __init__(self) -> None:
        self._own, self._all = threading.local(), threading.Barrier(THREADS)
        row = Shelf.objects.get(product__sku="milk")
        self._key = ShelfKey(row.place_id, row.state, row.product_id)

    def place_orders(self, calls: Sequence[OrderCall]) -> Sequence[object]:
        met = hasattr(self._own, "figures")
        self._own.figures = locking._lock([self._key])
        if not met:
            self._all.wait(20)
        return place_orders(calls)

    def lock_shelves(self, keys: Iterable[ShelfKey], *, make: bool = False) -> dict[ShelfKey, Figures]:
        assert set(keys) == {self._key}
        return {key: replace(figures) for key, figures in self._own.figures.items()}


def update_unguarded(
    model: bulk.Model,
    keys: tuple[str, ...],
    sets: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    nulls: tuple[str, ...] = (),
) -> None:
    """Write figures whatever has become of the shelf since it was read."""
    if "version" in keys:
        place = keys.index("version")
        keys = keys[:place] + keys[place + 1 :]
        rows = [row[:place] + row[place + 1 :] for row in rows]
    assert bulk.update(model, keys, sets, rows, nulls=nulls) == len(rows)


def sold_without(patch: pytest.MonkeyPatch, source: int, *, lock: bool, guard: bool) -> int:
    action = place_orders
    if not lock:
        reader = EarlyReader()
        patch.setattr(book, "lock_shelves", reader.lock_shelves)
        patch.setattr(bulk, "for_update", lambda *_: "")
        action = reader.place_orders  # type: ignore[assignment]
    if not guard:
        patch.setattr(bulk, "update_guarded", update_unguarded)

    def one(number: int) -> object:
        while True:
            try:
                return perform(action, [call(source, number)])[0]
            except UnavailableError:
                continue  # it lost every race: a sender sends again, under the same key

    return sum(isinstance(outcome, OrderPlaced) for outcome in in_threads(one))


@pytest.mark.parametrize(("lock", "guard"), [(False, True), (True, False)], ids=["lock off", "guard off"])
def test_either_protection_is_enough(monkeypatch: pytest.MonkeyPatch, *, lock: bool, guard: bool) -> None:
    source = make_chain(stock={"milk": STOCK})

    assert sold_without(monkeypatch, source, lock=lock, guard=guard) == STOCK
    assert_books()


def test_control_without_both_more_is_sold_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_chain(stock={"milk": STOCK})

    sold = sold_without(monkeypatch, source, lock=False, guard=False)

    assert sold > STOCK
    assert Order.objects.count() == sold
    assert faults_in_stock() != []
