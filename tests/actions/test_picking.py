"""Picking: the order in which one walks, what a scan is, weighed goods, what presses, and two phones at once."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from onebasket.base.committer import perform
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem
from onebasket.commerce.fulfilment.actions import UnknownOrderError, scan_code, scanning, stage_order
from onebasket.commerce.fulfilment.locking import lock_scans
from onebasket.commerce.fulfilment.models import PickScan, Staging
from onebasket.commerce.fulfilment.queries.picking import NO_SHOW_HOURS, orders_ready, orders_to_pick, pick_lines
from onebasket.commerce.fulfilment.rules.picking import (
    PickLine,
    Scanned,
    in_shelf_order,
    is_no_show,
    is_overdue,
    remember,
    scan,
    urgency,
)
from onebasket.commerce.orders.actions import CheckoutCall, check_out
from onebasket.commerce.orders.queries.following import Followed, follow_order
from onebasket.commerce.orders.queries.quoting import quote_basket
from onebasket.commerce.orders.rules.baskets import Checkout, Contact
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced
from tests.actions.test_baskets import opening, stands
from tests.builders import EAN, MORNING, Clock, make_chain, step

WEIGHED = "2000000000008"


def pick_line(number: int, name: str, **more: Any) -> PickLine:
    line = PickLine(number, number, name, name, "each", 0, "D", "C", promised=2, found=0, picked=None)
    return line._replace(**more)


def ordered(source: int, key: str = "b1", **lines: int) -> OrderPlaced:
    basket = stands(source, opening(key, lines))
    quoted = quote_basket(basket, now=MORNING)
    request = Checkout(f"c{key}", basket.id, basket.version, quoted.basket.total, Contact("Ada", phone="1"))  # type: ignore[union-attr]
    (placed,) = check_out([CheckoutCall(source, request, basket.version, quoted)])
    assert isinstance(placed, OrderPlaced), placed
    return placed


def followed(order: UUID) -> Followed:
    found = follow_order(order, places=None)
    assert found is not None
    return found


def found_of(order: UUID) -> dict[int, int]:
    return dict(PickScan.objects.filter(order_id=order).values_list("line", "found"))


def test_lines_come_as_one_walks_and_what_is_picked_comes_last() -> None:
    lines = [
        pick_line(1, "Yoghurt", department="Dairy", category="Cultured"),
        pick_line(2, "Apples", department="Produce"),
        pick_line(3, "Butter", department="Dairy", category="Butter", picked=2),
        pick_line(4, "Milk", department="Dairy", category="Milk"),
        pick_line(5, "Kefir", department="Dairy", category="Cultured"),
    ]
    assert [line.name for line in in_shelf_order(lines)] == ["Kefir", "Yoghurt", "Milk", "Apples", "Butter"]


@pytest.mark.parametrize(
    ("product", "steps", "line", "said"),
    [
        (1, 1, {}, Scanned("found", 1, 1, "Milk")),
        (1, 1, {"found": 1}, Scanned("complete", 1, 2, "Milk")),
        (1, 1, {"found": 2}, Scanned("too_much", 1, 2, "Milk")),
        (1, 3, {}, Scanned("too_much", 1, 0, "Milk")),
        (1, 1, {"picked": 2, "found": 2}, Scanned("picked_before", 1, 2, "Milk")),
        (9, 1, {}, Scanned("other_product", name="Gum")),
        (None, 1, {}, Scanned("unknown_code")),
    ],
)
def test_a_scan_is_one_of_these(product: int | None, steps: int, line: dict[str, Any], said: Scanned) -> None:
    assert scan([pick_line(1, "Milk", **line)], product, steps, "Gum") == said


@pytest.mark.parametrize(
    ("slot", "placed", "said"),
    [
        (61, 0, ""), (60, 0, "soon"), (1, 0, "soon"), (0, 0, "late"), (-30, 0, "late"),
        (None, -179, ""), (None, -180, "soon"), (None, -240, "late"),
    ],
)  # fmt: skip
def test_an_order_presses_by_its_slot_or_by_how_long_it_has_waited(slot: int | None, placed: int, said: str) -> None:
    starts = None if slot is None else MORNING + timedelta(minutes=slot)
    assert urgency(starts, MORNING + timedelta(minutes=placed), now=MORNING) == said


def test_who_did_not_come_in_the_slot_is_overdue_and_a_day_later_a_no_show() -> None:
    ended = MORNING - timedelta(hours=24)
    assert (is_overdue(MORNING, now=MORNING), is_overdue(MORNING + timedelta(1), now=MORNING)) == (True, False)
    assert is_no_show(ended, MORNING, now=MORNING, hours=24)
    assert not is_no_show(ended + timedelta(seconds=1), ended, now=MORNING, hours=24)
    assert is_no_show(None, ended, now=MORNING, hours=24)
    assert not is_no_show(None, None, now=MORNING, hours=24)


def test_keys_of_old_scans_are_forgotten() -> None:
    keys = ""
    for number in range(40):
        keys = remember(keys, f"{number:022}")
    assert len(keys) <= 500
    assert [int(key) for key in keys.split()] == list(range(28, 40))


@pytest.mark.django_db
def test_a_scan_counts_once_even_after_another_phones(monkeypatch: pytest.MonkeyPatch) -> None:
    order = ordered(make_chain("p1", stock={"milk": 10}), milk=5)
    first = scan_code(followed(order.id), EAN, key="a")
    assert first == Scanned("found", 1, 1, "Milk")
    assert scan_code(followed(order.id), EAN, key="b") == Scanned("found", 1, 2, "Milk")
    again = scan_code(followed(order.id), EAN, key="a")
    assert (again.outcome, again.found) == ("found", 2)
    monkeypatch.setattr(scanning, "remember", lambda _keys, key: key)  # the control: only the last key is kept
    scan_code(followed(order.id), EAN, key="c")
    scan_code(followed(order.id), EAN, key="d")
    assert scan_code(followed(order.id), EAN, key="c").outcome == "complete"
    assert found_of(order.id) == {1: 5}


@pytest.mark.django_db
def test_the_last_scan_sent_again_is_complete_again() -> None:
    order = ordered(make_chain("p1", stock={"milk": 10}), milk=1)
    said = Scanned("complete", 1, 1, "Milk")
    assert [scan_code(followed(order.id), EAN, key="a") for _ in range(2)] == [said, said]
    assert scan_code(followed(order.id), EAN, key="b") == Scanned("too_much", 1, 1, "Milk")


@pytest.mark.django_db
def test_a_sku_counts_as_a_scan_unless_it_is_some_products_code() -> None:
    source = make_chain("p1", stock={"milk": 10})
    order = ordered(source, milk=2)
    assert scan_code(followed(order.id), " milk ", key="a") == Scanned("found", 1, 1, "Milk")
    assert scan_code(followed(order.id), "mil", key="b") == Scanned("unknown_code")
    upsert_products(source, [ProductItem("eggs-1", EAN, "Eggs", "ea")])
    assert scan_code(followed(order.id), EAN, key="c") == Scanned("complete", 1, 2, "Milk")


@pytest.mark.django_db
def test_goods_weighed_in_the_shop_are_found_by_one_scan() -> None:
    source = make_chain("p1", stock={"apples": 5_000})
    apples = ProductItem("apples-2", "apples", "Apples", "kg", weighed=True, barcodes=(BarcodeItem(WEIGHED),))
    upsert_products(source, [apples])
    order = ordered(source, apples=1_250)
    assert scan_code(followed(order.id), WEIGHED, key="a") == Scanned("complete", 1, 1_250, "Apples")
    (line,) = pick_lines(followed(order.id))
    assert (line.found, line.missing, line.decimals) == (1_250, 0, 3)


@pytest.mark.django_db
def test_what_is_picked_stands_somewhere_and_nothing_else_does() -> None:
    source = make_chain("p1", "p2", stock={"milk": 10})
    order = ordered(source, milk=1)
    with pytest.raises(UnknownOrderError):
        stage_order(order.id, "Fridge", actor="ann", places=None)
    step(source, "pick", order, Step.PICK)
    with pytest.raises(UnknownOrderError):
        stage_order(order.id, "Fridge", actor="ann", places=frozenset({"p2"}))
    stage_order(order.id, "Fridge", actor="ann", places=frozenset({"p1"}))
    stage_order(order.id, " Box 7 ", actor="ben", places=None)
    assert Staging.objects.values_list("spot", "staged_by").get() == ("Box 7", "ben")


@pytest.mark.django_db
def test_the_lists_say_what_is_late_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock().hold_still(monkeypatch)
    source = make_chain("p1", "p2", stock={"milk": 10})
    waits, ready = ordered(source, "b1", milk=1), ordered(source, "b2", milk=1)
    step(source, "pick", ready, Step.PICK)
    later = MORNING + timedelta(hours=5)
    assert [(one.order_id, one.urgency) for one in orders_to_pick("p1", now=MORNING)] == [(waits.id, "")]
    assert [(one.order_id, one.urgency) for one in orders_to_pick("p1", now=later)] == [(waits.id, "late")]
    assert orders_to_pick("p2", now=later) == []
    assert [[one.order_id for one in found] for found in orders_ready("p1", now=later)] == [[ready.id], []]
    day = MORNING + timedelta(hours=NO_SHOW_HOURS)
    assert [[one.order_id for one in found] for found in orders_ready("p1", now=day)] == [[], [ready.id]]


PHONES, SCANS = 2, 10


def scan_at_once(order: Followed, *, of: int) -> list[str]:
    """Let each phone scan so many times at once; return what they were told."""
    start, said = Barrier(PHONES), list[str]()

    def work(phone: int) -> None:
        try:
            start.wait()
            for number in range(of):
                (scanned,) = perform(lambda keys: [scan_code(order, EAN, key=keys[0])], [f"{phone}-{number}"])
                said.append(scanned.outcome)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(phone,)) for phone in range(PHONES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.mark.django_db(transaction=True)
def test_two_phones_that_scan_at_once_count_every_unit_once() -> None:
    order = ordered(make_chain("p1", stock={"milk": 50}), milk=PHONES * SCANS - 5)
    said = scan_at_once(followed(order.id), of=SCANS)
    assert sorted(said) == ["complete"] + ["found"] * (PHONES * SCANS - 6) + ["too_much"] * 5
    assert found_of(order.id) == {1: PHONES * SCANS - 5}


def read_together(meet: Barrier, real: Callable[..., Any]) -> Callable[..., Any]:
    def read(*arguments: Any) -> Any:
        found = real(*arguments)
        meet.wait(timeout=20)
        return found

    return read


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_scan_would_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: both phones read before either writes, which the lock does not let happen."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, lock or no lock")
    order = ordered(make_chain("p1", stock={"milk": 50}), milk=10)
    with transaction.atomic():
        lock_scans(order.id, [1])

    def unlocked(order_id: UUID, _lines: object) -> dict[int, PickScan]:
        return {row.line: row for row in PickScan.objects.filter(order_id=order_id)}

    monkeypatch.setattr(scanning, "lock_scans", unlocked)
    monkeypatch.setattr(scanning, "pick_lines", read_together(Barrier(PHONES), pick_lines))
    assert scan_at_once(followed(order.id), of=1) == ["found", "found"]
    assert found_of(order.id) == {1: 1}


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="inside one outer transaction"):
        lock_scans(UUID(int=1), [1])
