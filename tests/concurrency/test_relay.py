"""No reader by position is overtaken, whatever order transactions commit in; a cursor by id is (the control).

On PostgreSQL two transactions are open at once, and the later id commits first. On SQLite a writing transaction holds
the only lock there is, so that ids and commits cannot change places: there the test shows that the second writer waits.
"""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection, connections, transaction

from onebasket.base import bulk, outbox
from onebasket.base.models import Event
from onebasket.base.relay import number_waiting

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")


def tell(name: str) -> None:
    outbox.record([outbox.News("order.placed", f"order/{name}", NOW, {})])


class SlowWriter:
    """A transaction in a thread of its own that has written its event and commits when it is told to."""

    def __init__(self, name: str) -> None:
        self.written, self.go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(name,))
        self._thread.start()
        assert self.written.wait(10)

    def _run(self, name: str) -> None:
        try:
            with transaction.atomic():
                tell(name)
                self.written.set()
                assert self.go.wait(30)
        finally:
            connections.close_all()

    def commit(self) -> None:
        self.go.set()
        self._thread.join()


class Reader:
    """Reads on from where it stood, by position or by id."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._at = 0
        self.seen: list[str] = []

    def read(self) -> None:
        rows = Event.objects.filter(**{f"{self._column}__gt": self._at}).order_by(self._column)
        for at, subject in rows.values_list(self._column, "subject"):
            self._at = at
            self.seen.append(subject)


@on_postgresql
def test_a_slow_transaction_is_not_overtaken() -> None:
    by_position, by_id = Reader("position"), Reader("id")
    slow = SlowWriter("slow")
    with transaction.atomic():
        tell("fast")
    number_waiting()
    by_position.read()
    by_id.read()
    assert by_position.seen == by_id.seen == ["order/fast"]

    slow.commit()
    number_waiting()
    by_position.read()
    by_id.read()

    assert by_position.seen == ["order/fast", "order/slow"]
    assert by_id.seen == ["order/fast"]  # the control: this reader never learns of it
    ids = dict(Event.objects.values_list("subject", "id"))
    assert ids["order/slow"] < ids["order/fast"]


@on_postgresql
def test_one_relay_runs_at_a_time() -> None:
    with transaction.atomic():
        tell("one")
    held = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            bulk.fetch("SELECT pg_advisory_xact_lock(%s)", [outbox.RELAY_LOCK])
            held.set()
            done.wait(10)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    assert number_waiting() == 0  # it does not wait: the other one does the work
    done.set()
    thread.join()
    assert number_waiting() == 1


def test_on_sqlite_the_second_writer_waits() -> None:
    if bulk.is_postgresql():
        pytest.skip("PostgreSQL lets them write side by side")
    slow = SlowWriter("slow")
    connection.close()
    connection.settings_dict["OPTIONS"]["timeout"], patience = 0.05, connection.settings_dict["OPTIONS"]["timeout"]
    try:
        with pytest.raises(OperationalError, match="locked"), transaction.atomic():
            tell("fast")
    finally:
        connection.close()
        connection.settings_dict["OPTIONS"]["timeout"] = patience
    slow.commit()
    with transaction.atomic():
        tell("fast")
    number_waiting()
    assert list(Event.objects.order_by("position").values_list("subject", flat=True)) == ["order/slow", "order/fast"]
    assert list(Event.objects.order_by("id").values_list("subject", flat=True)) == ["order/slow", "order/fast"]


def test_readers_beside_writers_and_relays_miss_nothing_and_see_nothing_twice() -> None:
    """Six writers of transactions of uneven length, two relays, one reader by position."""
    writers, each = 6, 15
    finished = threading.Event()

    def write(number: int) -> None:
        for n in range(each):
            with transaction.atomic():
                tell(f"{number}-{n}")
                time.sleep(0.002 * (number % 3))
        connections.close_all()

    def relay() -> None:
        while not finished.is_set():
            number_waiting()
        connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    relays = [threading.Thread(target=relay) for _ in range(2)]
    for thread in (*relays, *threads):
        thread.start()
    reader = Reader("position")
    until = time.monotonic() + 60
    while len(reader.seen) < writers * each and time.monotonic() < until:
        reader.read()
    finished.set()
    for thread in (*threads, *relays):
        thread.join()

    assert sorted(reader.seen) == sorted(f"order/{number}-{n}" for number in range(writers) for n in range(each))
    assert list(Event.objects.order_by("position").values_list("position", flat=True)) == list(
        range(1, writers * each + 1)
    )
