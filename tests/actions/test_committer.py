"""Group commit: gathered, bounded, in order; a poisoned request fails alone, a full queue refuses."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from onebasket.base import committer
from onebasket.base.bulk import GuardError
from onebasket.base.committer import Committer, QueueFullError, UnavailableError, perform
from tests.builders import running

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20
Start = Callable[..., Committer]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start committers that give their connection back when the test is over."""
    with ExitStack() as stack:
        yield lambda actions, **more: stack.enter_context(running(actions, **more))


class Recorder:
    """An action that notes its batches; the first waits until it is let go, so that the rest queues up behind it."""

    def __init__(self, poison: frozenset[int] = frozenset()) -> None:
        self.batches: list[list[int]] = []
        self.began, self.go = threading.Event(), threading.Event()
        self._poison = poison

    def __call__(self, requests: Sequence[Any]) -> Sequence[Any]:
        self.batches.append(list(requests))
        self.began.set()
        assert self.go.wait(PATIENCE)
        if poisoned := self._poison & set(requests):
            raise ValueError(sorted(poisoned))
        return [request * 10 for request in requests]


def behind_the_first(one: Committer, action: Recorder, name: str = "a") -> Future[Any]:
    first = one.submit(name, 0)
    assert action.began.wait(PATIENCE)
    return first


def test_what_waits_is_decided_in_one_batch_and_in_order(start: Start) -> None:
    action = Recorder()
    one = start({"a": action})
    futures = [behind_the_first(one, action), *(one.submit("a", number) for number in range(1, 6))]
    assert one.waiting()["a"] == 5

    action.go.set()

    assert [future.result(PATIENCE) for future in futures] == [0, 10, 20, 30, 40, 50]
    assert action.batches == [[0], [1, 2, 3, 4, 5]]
    assert (one.batches, one.requests) == (2, 6)


def test_a_batch_is_bounded_by_weight_and_by_number(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "MAX_REQUESTS", 3)
    monkeypatch.setattr(committer, "MAX_WEIGHT", 10)
    action = Recorder()
    one = start({"a": action})
    futures = [behind_the_first(one, action)]
    for number, weight in enumerate((4, 6, 1, 1, 1, 1, 30, 2), 1):
        futures.append(one.submit("a", number, weight=weight))
    action.go.set()

    assert [future.result(PATIENCE) for future in futures] == [number * 10 for number in range(9)]
    assert action.batches == [[0], [1, 2], [3, 4, 5], [6], [7], [8]]


def test_a_full_queue_refuses_and_recovers(start: Start) -> None:
    action = Recorder()
    one = start({"a": action, "b": action}, max_queued=2)
    futures = [behind_the_first(one, action), one.submit("a", 1), one.submit("a", 2)]

    with pytest.raises(QueueFullError) as refused:
        one.submit("a", 3)
    assert refused.value.retry_after == 1
    futures.append(one.submit("b", 4))
    action.go.set()

    assert [future.result(PATIENCE) for future in futures] == [0, 10, 20, 40]
    assert one.submit("a", 5).result(PATIENCE) == 50


@pytest.mark.parametrize("poison", [{1}, {4}, {1, 8}, {3, 4}, set(range(1, 9))])
def test_halving_leaves_the_poisoned_alone(start: Start, poison: set[int], caplog: pytest.LogCaptureFixture) -> None:
    action = Recorder(frozenset(poison))
    one = start({"a": action})
    first = behind_the_first(one, action)
    futures = {number: one.submit("a", number) for number in range(1, 9)}
    action.go.set()

    assert first.result(PATIENCE) == 0
    failed = {number for number, future in futures.items() if future.exception(PATIENCE) is not None}
    assert failed == poison
    assert all(str(futures[number].exception()) == f"[{number}]" for number in poison)
    assert all(futures[number].result() == number * 10 for number in futures.keys() - poison)
    assert len([record for record in caplog.records if "failed for one request" in record.message]) == len(poison)


def test_a_request_that_was_given_up_is_not_decided(start: Start) -> None:
    action = Recorder()
    one = start({"a": action})
    behind_the_first(one, action)
    given_up, kept = one.submit("a", 1), one.submit("a", 2)
    assert given_up.cancel()
    action.go.set()

    assert kept.result(PATIENCE) == 20
    assert action.batches == [[0], [2]]


def test_queues_are_served_in_turn(start: Start) -> None:
    action = Recorder()
    one = start({"a": action, "b": action})
    behind_the_first(one, action)
    futures = [one.submit(name, number) for number, name in ((1, "a"), (2, "b"), (3, "a"), (4, "b"))]
    action.go.set()

    assert [future.result(PATIENCE) for future in futures] == [10, 20, 30, 40]
    assert sorted(action.batches[1:]) == [[1, 3], [2, 4]]


class Driver(Exception):  # noqa: N818 - as a driver names them
    def __init__(self, *, sqlstate: str = "", sqlite_errorname: str = "") -> None:
        self.sqlstate, self.sqlite_errorname = sqlstate, sqlite_errorname


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        raised(OperationalError("deadlock"), Driver(sqlstate="40P01")),
        raised(OperationalError("serialisation"), Driver(sqlstate="40001")),
        raised(OperationalError("busy"), Driver(sqlite_errorname="SQLITE_BUSY_SNAPSHOT")),
        raised(OperationalError("locked"), Driver(sqlite_errorname="SQLITE_LOCKED")),
        GuardError("guard"),
    ],
    ids=str,
)
def test_a_lost_race_is_run_again(error: Exception) -> None:
    calls: list[int] = []

    def action(requests: Sequence[Any]) -> Sequence[Any]:
        calls.append(1)
        if len(calls) < 3:
            raise error
        return requests

    assert perform(action, [7]) == [7]
    assert len(calls) == 3


@pytest.mark.parametrize(
    "error",
    [
        raised(OperationalError("disk full"), Driver(sqlite_errorname="SQLITE_FULL")),
        raised(OperationalError("gone"), Driver(sqlstate="57P01")),
        InterfaceError("connection already closed"),
    ],
    ids=str,
)
def test_a_database_that_cannot_serve_fails_the_whole_batch_at_once(error: Exception) -> None:
    calls: list[list[int]] = []

    def action(requests: Sequence[Any]) -> Sequence[Any]:
        calls.append(list(requests))
        raise error

    with pytest.raises(UnavailableError, match=str(error)):
        perform(action, [1, 2])
    assert calls == [[1, 2]]


def test_a_race_lost_every_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)

    def action(requests: Sequence[Any]) -> Sequence[Any]:
        raise GuardError

    with pytest.raises(UnavailableError, match="the batch lost every race"):
        perform(action, [1])
