"""Two who work the same row at the same moment: whichever comes second waits, and neither fails."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import msgspec
import pytest
from django.db import connection, connections, transaction

from onebasket.base import inbox, quarantine, replaying
from onebasket.base.inbox import Claim, Claimed
from onebasket.base.models import InboxEntry, QuarantineItem
from onebasket.base.replaying import Replayed, ReplayOutcome, mend_item
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.orders.rules.messages import OrderRefused, Shortfall
from onebasket.commerce.sales.actions import book_sales, mend_line
from onebasket.commerce.sales.actions.replaying import replay_quarantined
from onebasket.commerce.sales.models import LineException
from onebasket.commerce.sales.models import Receipt as ReceiptRow
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked, ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Kind, Receipt
from onebasket.commerce.stock.actions import set_buffers
from onebasket.commerce.stock.models import Buffer
from onebasket.commerce.stock.rules.buffers import BufferOutcome, BufferSetting
from onebasket.commerce.stock.rules.messages import HoldPlaced
from tests.actions.test_baskets import change, changing, held, opening, stands
from tests.builders import (
    at,
    basket,
    counts_of,
    deliver,
    faults_in_stock,
    item,
    make_chain,
    on_hand,
    order,
    place,
    receipt,
    sell,
    take_holds,
)

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20


def beside(act: Callable[[], object]) -> "tuple[ThreadPoolExecutor, Future[object]]":
    """Act in a thread with a connection of its own."""

    def run() -> object:
        try:
            return act()
        finally:
            connections.close_all()

    pool = ThreadPoolExecutor(1)
    return pool, pool.submit(run)


def await_waiting(waiting: "Future[object]") -> None:
    """Wait until the other one's transaction waits for this one (SQLite does not tell: there for a moment)."""
    until = time.monotonic() + PATIENCE
    while connection.vendor == "postgresql" and not waiting.done() and time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    time.sleep(0.1)


def set_buffer(source: int, key: str, quantity: int) -> Sequence[BufferOutcome]:
    return set_buffers(source, [BufferSetting(key, "p1", quantity, "web", sku="milk")])


def test_two_make_the_same_buffer_at_once() -> None:
    source = make_chain()
    with transaction.atomic():
        assert set_buffer(source, "b1", 3) == [BufferOutcome("set")]
        pool, second = beside(lambda: set_buffer(source, "b2", 5))
        await_waiting(second)
    with pool:
        assert second.result(PATIENCE) == [BufferOutcome("set")]
    assert list(Buffer.objects.values_list("quantity", flat=True)) == [5]


def test_a_buffer_that_was_set_while_an_order_waited_is_kept_back() -> None:
    source = make_chain(stock={"milk": 10})
    with transaction.atomic():
        assert isinstance(take_holds(source, basket("h1", {"milk": 1}))[0], HoldPlaced)
        pool, waiting = beside(lambda: place(source, order("o1", {"milk": 5})))
        await_waiting(waiting)
        set_buffer(source, "b1", 6)
    with pool:
        (refused,) = cast("list[OrderRefused]", waiting.result(PATIENCE))
    assert (refused.code, refused.shortfalls) == ("short", (Shortfall(1, "milk", 5, 3, 2),))


def test_a_void_beside_the_mending_of_a_line_takes_both_back() -> None:
    source = make_chain(stock={"milk": 10, "bread": 10})
    sell(source, receipt("s", item("silk", 2, 5), item("milk", 1, 199)))
    ((line,),) = LineException.objects.values_list("pk")
    with transaction.atomic():
        mend_line(line, sku="bread", quantity=None, actor="ann", source_id=source)
        pool, voided = beside(lambda: sell(source, receipt("v", kind=Kind.VOID, original="s", when=at(5))))
        await_waiting(voided)
    with pool:
        assert isinstance(voided.result(PATIENCE)[0], ReceiptBooked)  # type: ignore[index] # a list of one
    assert (on_hand("milk"), on_hand("bread")) == (10, 10)
    assert faults_in_stock() == []


def unreadable(source: int) -> tuple[int, Receipt]:
    """Keep a receipt that does not tie and mend its text; return the item, and the receipt as it should have come."""
    sound = receipt("r1", item("milk", 1, 199))
    sell(source, receipt("r1", item("milk", 1, 199), change=7))
    (kept,) = QuarantineItem.objects.values_list("id", flat=True)
    mend_item(kept, content=msgspec.json.encode(sound).decode(), actor="tests")
    return kept, sound


class Meeting:
    """The replay has its row, and the till's own second try its key, before either goes on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.row, self.key = threading.Event(), threading.Event()
        self._lock_open, self._claim = quarantine.lock_open, inbox.claim
        patch.setattr(replaying, "lock_open", self.lock_open)
        patch.setattr(inbox, "claim", self.claim)

    def lock_open(self, item_id: int) -> QuarantineItem:
        locked = self._lock_open(item_id)
        self.row.set()
        self.key.wait(1)
        return locked

    def claim(self, kind: str, claims: Sequence[Claim]) -> Claimed:
        claimed = self._claim(kind, claims)
        if threading.current_thread() is not threading.main_thread():
            self.key.set()
        return claimed

    def second_try(self, source: int, sound: Receipt) -> list[ReceiptOutcome]:
        assert self.row.wait(PATIENCE)
        return book_sales(source, [sound])


def test_a_replay_and_the_tills_second_try_do_not_block_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_chain(stock={"milk": 10})
    kept, sound = unreadable(source)
    meeting = Meeting(monkeypatch)
    pool, tried = beside(lambda: meeting.second_try(source, sound))
    with pool:
        replayed: ReplayOutcome = replay_quarantined(kept, actor="tests")
        outcome = tried.result(PATIENCE)

    assert replayed == Replayed(kept)
    assert outcome == [ReceiptBooked(ReceiptRow.objects.get().pk)]
    assert QuarantineItem.objects.get().state == "replayed"
    assert InboxEntry.objects.filter(key="r1").count() == 1
    assert (on_hand("milk"), counts_of(ReceiptRow), faults_in_stock()) == (9, [1], [])


def test_a_replay_leaves_no_key_behind_when_it_fails_again() -> None:
    source = make_chain()
    sell(source, receipt("r1", item("milk", 1, 199), change=7))
    (kept,) = QuarantineItem.objects.values_list("id", flat=True)

    outcome = replay_quarantined(kept, actor="tests")

    assert isinstance(outcome, replaying.StillOpen)
    assert outcome.reason == "does_not_tie"
    assert not InboxEntry.objects.filter(key="r1").exists()
    assert [type(one) for one in sell(source, receipt("r1", item("milk", 1, 199)))] == [ReceiptBooked]


def test_a_basket_that_is_moved_while_another_waits_for_it_is_still_there() -> None:
    """Locked together with the place that it was at, it would be gone when the wait is over."""
    source = make_chain("p1", "p2", stock={"milk": 10, "bread": 10})
    deliver(source, {"milk": 10}, place="p2", key="there")
    one = stands(source, opening("b1", {"milk": 2}))
    with transaction.atomic():
        stands(source, changing("b2", one.id, place="p2"))
        pool, second = beside(lambda: change(source, changing("b3", one.id, {"milk": 3})))
        await_waiting(second)
    with pool:
        (outcome,) = cast("list[BasketStands]", second.result(PATIENCE))
    assert (outcome.place, held(outcome), outcome.version) == ("p2", {"milk": (3, 3)}, 3)
    assert faults_in_stock() == []
