"""The workers' loop: jobs take turns, stand back when the database is gone, and stop when asked."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction

from onebasket.base import outbox
from onebasket.base.models import Event
from onebasket.base.relay import number_waiting
from onebasket.channels.workers.loop import Job, Loop, Turns, writing_jobs
from onebasket.channels.workers.subscriptions import SUBSCRIPTIONS
from onebasket.commerce.stock.models import HoldLine
from onebasket.project.eventpage import EVENTS
from tests.builders import running
from tests.scenario import Chain, open_chain

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_jobs_of_a_group_take_turns_and_rest_when_there_is_nothing() -> None:
    log: list[str] = []

    def job(name: str, left: int) -> Job:
        def run() -> int:
            log.append(name)
            return log.count(name) < left

        return Job(name, run, idle=60.0)

    loop = Loop([[job("a", 3), job("b", 2)]])
    loop.start()
    assert wait_for(lambda: len(log) >= 5)
    time.sleep(0.05)
    assert loop.stop(5)
    assert log == ["a", "b", "a", "b", "a"]


def test_a_job_that_fails_is_tried_again_and_its_neighbour_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[str] = []

    def gone() -> int:
        tries.append("gone")
        if tries.count("gone") < 3:
            raise OperationalError("server closed the connection")
        return 0

    def fine() -> int:
        tries.append("fine")
        return 0

    loop = Loop([[Job("gone", gone, 60.0), Job("fine", fine, 60.0)]])
    loop.start()
    assert wait_for(lambda: tries.count("gone") == 3)
    assert loop.stop(5)
    assert tries[:2] == ["gone", "fine"]
    assert [record.message for record in caplog.records] == [
        "gone waits: the database cannot serve: server closed the connection"
    ]


def test_stopping_lets_the_turn_in_hand_finish() -> None:
    began, finished = threading.Event(), threading.Event()

    def slow() -> int:
        began.set()
        time.sleep(0.2)
        finished.set()
        return 1

    loop = Loop([[Job("slow", slow, 0.0)]])
    loop.start()
    assert began.wait(5)
    assert loop.stop(5)
    assert finished.is_set()


def test_a_committer_takes_the_turns_of_what_writes_between_its_batches() -> None:
    chain: Chain = open_chain()
    chain.hold("h1", "milk", 2, seconds=1)
    waiting = Event.objects.filter(position__isnull=True)
    assert waiting.exists()
    with running({}, chores=Turns(writing_jobs()).take):
        assert wait_for(lambda: not waiting.exists())
        assert wait_for(lambda: HoldLine.objects.get().state == "expired")


def test_the_worker_command_numbers_events_and_stops_on_sigterm(
    command: tuple[str, ...], spare_database_url: str, tmp_path: Path
) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "onebasket.project.settings", "DATABASE_URL": spare_database_url,
        "ONEBASKET_ENV": "test",
    }  # fmt: skip
    with (tmp_path / "out").open("w+") as out:
        process = subprocess.Popen([*command, "worker"], env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            assert wait_for(lambda: "running" in (tmp_path / "out").read_text())
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, (tmp_path / "out").read_text()
        finally:
            process.kill()
            process.wait()


def test_every_subscription_has_a_name_of_its_own_and_types_that_there_are() -> None:
    assert len({one.name for one in SUBSCRIPTIONS}) == len(SUBSCRIPTIONS)
    assert [one.name for one in SUBSCRIPTIONS if not one.types or one.types - EVENTS.keys()] == []


def test_a_turn_of_the_relay_is_short_on_sqlite() -> None:
    """What it may number in one transaction is bounded; how long that takes is for the benchmarks."""
    with transaction.atomic():
        outbox.record([outbox.News("order.placed", f"order/{n}", NOW, {}) for n in range(1200)])
    turns = []
    while done := number_waiting():
        turns.append(done)
    assert turns == ([1200] if connection.vendor == "postgresql" else [500, 500, 200])
