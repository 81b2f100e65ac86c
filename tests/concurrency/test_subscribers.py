"""Several workers, one subscription: each event is acted on once; without the cursor's lock some are twice."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction

from onebasket.base import outbox
from onebasket.base.committer import UnavailableError
from onebasket.base.models import SubscriptionCursor, TrailEntry
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import Heard, Subscription, dispatch, dispatching

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVENTS, WORKERS = 120, 4


def act(events: Sequence[Heard]) -> None:
    for event in events:
        TrailEntry.objects.create(at=NOW, actor="worker", action="hear", target=event.subject)


ONE = Subscription("one", frozenset({"order.placed"}), act, at_once=10)


def run_workers() -> list[str]:
    """Dispatch in several threads while events come; return what was acted on, in the order of the rows."""
    gate = threading.Barrier(WORKERS)

    def work(number: int) -> None:
        try:
            gate.wait(20)
            for turn in range(12):
                if number == 0:
                    with transaction.atomic():
                        names = [f"order/{turn * 10 + n:03}" for n in range(10)]
                        outbox.record([outbox.News("order.placed", name, NOW, {}) for name in names])
                    number_waiting()
                with suppress(UnavailableError):  # the control's workers lose races on purpose
                    dispatch([ONE])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    number_waiting()
    dispatch([ONE])
    return list(TrailEntry.objects.order_by("pk").values_list("target", flat=True))


def test_each_event_is_acted_on_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "SCANNED", 7)
    heard = run_workers()
    while dispatch([ONE]):
        heard = list(TrailEntry.objects.order_by("pk").values_list("target", flat=True))
    assert heard == [f"order/{n:03}" for n in range(EVENTS)]
    assert SubscriptionCursor.objects.get().position == EVENTS


def test_without_the_lock_some_are_acted_on_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control. On SQLite a writing transaction has the file's one lock from its first statement on."""
    if connection.vendor != "postgresql":
        pytest.skip("one transaction at a time writes to SQLite")

    def unlocked(name: str) -> int:
        dispatching._make(name)
        position = SubscriptionCursor.objects.get(name=name).position
        time.sleep(0.02)  # the others read it, too
        return position

    monkeypatch.setattr(dispatching, "_lock_cursor", unlocked)
    heard = run_workers()
    assert len(heard) > EVENTS
