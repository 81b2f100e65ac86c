"""Rows are locked before they are written, each class once and in key order, so that nobody deadlocks."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from onebasket.base.locking import OutsideTransactionError
from onebasket.commerce.orders.actions import OrderCall, place_orders
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced, OrderStep
from onebasket.commerce.places.models import Place
from onebasket.commerce.sales.rules.receipt import Kind
from onebasket.commerce.stock.actions import book_movements, open_book, release_holds
from onebasket.commerce.stock.locking import lock_holds, lock_shelves
from onebasket.commerce.stock.models import Shelf
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.messages import FactBooked, FactKind, HoldPlaced
from tests.builders import (
    at,
    basket,
    book,
    deliver,
    fact,
    faults_in_stock,
    item,
    make_chain,
    on_hand,
    order,
    place,
    placed,
    receipt,
    sell,
    step,
    take_holds,
)

pytestmark = pytest.mark.django_db(transaction=True)

READS = re.compile(
    r"\bFROM stock_shelf s WHERE\b|\bJOIN stock_shelf s\b.* FOR UPDATE|SELECT .*version.* FROM stock_shelf\b"
)
WRITES = re.compile(r"\bUPDATE stock_shelf\b")


class Statements(NamedTuple):
    """What a test's statements were, in order."""

    told: list[str]

    def numbers(self, pattern: re.Pattern[str]) -> list[int]:
        return [number for number, sql in enumerate(self.told) if pattern.search(sql)]

    def assert_locked_before_written(self) -> None:
        """Every shelf that is written was read in this transaction before, with the clause that locks it."""
        reads, writes = self.numbers(READS), self.numbers(WRITES)
        assert writes, "nothing was written"
        assert reads, "nothing was read"
        assert max(reads) < min(writes)
        if connection.vendor == "postgresql":
            assert all("FOR UPDATE" in self.told[number] for number in reads)
            assert all("ORDER BY" in self.told[number] for number in reads)


@contextmanager
def statements() -> Iterator[Statements]:
    noted = Statements([])
    with CaptureQueriesContext(connection) as captured:
        yield noted
    noted.told.extend(query["sql"] for query in captured.captured_queries)


@pytest.fixture
def source() -> int:
    source = make_chain("p1", "p2", stock={"milk": 50, "bread": 50, "apples": 9_000})
    deliver(source, {"bread": 50, "milk": 50}, place="p2")
    return source


def order_and_step(source: int, kind: Step) -> Callable[[], object]:
    one = placed(source, order("o-first", {"milk": 1, "bread": 1}))
    return lambda: step(source, "s1", one, kind)


def hold_and(source: int, act: Callable[[HoldPlaced], object]) -> Callable[[], object]:
    (held,) = take_holds(source, basket("h-first", {"milk": 1, "bread": 1}))
    assert isinstance(held, HoldPlaced)
    return lambda: act(held)


ACTS: dict[str, Callable[[int], Callable[[], object]]] = {
    "orders": lambda source: (
        lambda: place(source, order("o1", {"bread": 1, "milk": 1}), order("o2", {"milk": 2}, "p2"))
    ),
    "orders of a hold": lambda source: hold_and(
        source, lambda held: place(source, order("o1", {"milk": 1, "bread": 1}, hold=held.id))
    ),
    "picks": lambda source: order_and_step(source, Step.PICK),
    "cancellations": lambda source: order_and_step(source, Step.CANCEL),
    "holds": lambda source: lambda: take_holds(source, basket("h1", {"milk": 1, "bread": 1})),
    "releases": lambda source: hold_and(source, lambda held: release_holds([held.id])),
    "receipts": lambda source: lambda: sell(source, receipt("r1", item("milk", 1, 5), item("bread", 1, 5))),
    "returns": lambda source: lambda: sell(source, receipt("r1", item("milk", 1, 5), kind=Kind.RETURN)),
    "counts": lambda source: lambda: book(source, fact("f1", FactKind.COUNT, {"milk": 3, "bread": 4})),
    "transfers": lambda source: lambda: book(source, fact("f1", FactKind.TRANSFER, {"milk": 3}, to_place="p2")),
}


@pytest.mark.parametrize("act", ACTS)
def test_shelves_are_locked_before_they_are_written(source: int, act: str) -> None:
    run = ACTS[act](source)
    with statements() as noted:
        run()
    noted.assert_locked_before_written()
    assert faults_in_stock() == []


def test_shelves_are_locked_in_key_order_whatever_is_asked(source: int) -> None:
    keys = [ShelfKey(one.place_id, one.state, one.product_id) for one in Shelf.objects.order_by("-id")]
    with transaction.atomic(), statements() as noted:
        locked = lock_shelves([*keys, *reversed(keys)])

    assert list(locked) == sorted(keys)
    assert len(noted.told) <= 2


@pytest.mark.parametrize("places", [1, 2, 7, 30])
def test_many_places_are_locked_in_key_order_too(source: int, places: int) -> None:
    Place.objects.bulk_create(Place(code=f"x{n}", name="x", currency="USD", time_zone="UTC") for n in range(places))
    (product,) = set(Shelf.objects.filter(product__sku="milk").values_list("product_id", flat=True))
    ids = Place.objects.filter(code__startswith="x").order_by("-id").values_list("id", flat=True)
    keys = [ShelfKey(one, state, product) for one in ids for state in (End.STAGED, End.SELLABLE)]

    with transaction.atomic():
        locked = lock_shelves(keys, make=True)

    assert list(locked) == sorted(keys)
    assert Shelf.objects.filter(place__code__startswith="x").count() == 2 * places


@pytest.mark.parametrize(
    "lock",
    [lambda: lock_shelves([ShelfKey(1, 1, 1)]), lambda: lock_holds([]), lambda: open_book([], now=at(0))],
    ids=["shelves", "holds", "book"],
)
def test_nothing_is_locked_outside_a_transaction(lock: Callable[[], object]) -> None:
    with pytest.raises(OutsideTransactionError):
        lock()


def in_threads(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts at once, without `perform`: a deadlock would surface here."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            gate.wait(20)
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.parametrize("attempt", range(4))
def test_new_shelves_met_in_opposite_orders_deadlock_nobody(attempt: int) -> None:
    """Facts insert the shelves that are missing; all of them in key order, before any is locked."""
    source = make_chain("p1", "p2")
    skus = ["milk", "bread", "apples"]

    def facts(number: int) -> Callable[[], Sequence[object]]:
        ordered = skus if number % 2 else skus[::-1]
        codes = ("p1", "p2") if number % 3 else ("p2", "p1")
        batch = [
            fact(f"f{number}-{code}-{sku}", FactKind.DELIVERY, {sku: 1}, place=code)
            for code in codes
            for sku in ordered
        ]
        return lambda: book_movements(source, batch)

    outcomes = in_threads(*(facts(number) for number in range(6)))

    assert {type(one) for batch in outcomes for one in batch} == {FactBooked}
    assert [on_hand(sku, place_code=code) for code in ("p1", "p2") for sku in skus] == [6] * 6
    assert faults_in_stock() == []


def test_orders_sales_and_steps_at_once_deadlock_nobody(source: int) -> None:
    first = [placed(source, order(f"first-{number}", {"milk": 1, "bread": 1})) for number in range(3)]

    def orders(number: int) -> Callable[[], Sequence[object]]:
        lines = {"milk": 1, "bread": 1} if number % 2 else {"bread": 1, "milk": 1}
        codes = ("p1", "p2") if number % 2 else ("p2", "p1")
        calls = [OrderCall(source, order(f"o{number}-{code}", lines, code)) for code in codes]
        return lambda: place_orders(calls)

    outcomes = in_threads(
        *(orders(number) for number in range(3)),
        *(lambda one=one: step(source, f"pick-{one.number}", one, Step.PICK) for one in first),
        lambda: sell(source, receipt("r1", item("milk", 2, 5), item("bread", 2, 5))),
        lambda: sell(source, receipt("r2", item("bread", 2, 5), item("milk", 2, 5), place="p2")),
    )

    assert all(isinstance(one, OrderPlaced) for batch in outcomes[:3] for one in batch)
    assert (on_hand("milk"), on_hand("milk", state=End.STAGED), on_hand("milk", place_code="p2")) == (45, 3, 48)
    assert faults_in_stock() == []


def test_a_void_and_its_original_at_once_meet(source: int) -> None:
    """On PostgreSQL neither sees the other before it commits: without their turn the void would wait for ever."""
    for number in range(6):
        void = receipt(f"v{number}", kind=Kind.VOID, original=f"r{number}")
        again = receipt(f"w{number}", kind=Kind.VOID, original=f"r{number}")
        sale = receipt(f"r{number}", item("milk", 2, 5))
        in_threads(lambda: sell(source, void), lambda: sell(source, sale), lambda: sell(source, again))  # noqa: B023

        assert on_hand("milk") == 50
    assert faults_in_stock() == []


def test_the_same_step_at_once_is_taken_once(source: int) -> None:
    one = placed(source, order("o1", {"milk": 3}))
    request = OrderStep("s1", one.id, Step.PICK)

    outcomes = in_threads(*(lambda: step(source, request.key, one, Step.PICK) for _ in range(4)))

    assert len(set(outcomes)) == 1
    assert (on_hand("milk"), on_hand("milk", state=End.STAGED)) == (47, 3)
