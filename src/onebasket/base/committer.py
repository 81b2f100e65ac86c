"""Group commit: concurrent requests are gathered into one batch, decided one after the other, committed once.

One thread a process serves a queue per action in turn. A batch that loses a race is repeated by key; a batch that
fails otherwise is halved until the bad request stands alone, so that it never fails its neighbours.
"""

import logging
import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from onebasket.base.bulk import GuardError
from onebasket.base.tuning import tune_process, tune_writer

logger = logging.getLogger(__name__)

MAX_REQUESTS = 256
MAX_WEIGHT = 2_000
MAX_QUEUED = 2_048
MAX_REPEATS = 8
_LOST_RACES = ("40P01", "40001")  # PostgreSQL: deadlock detected, serialisation failure

Action = Callable[[Sequence[Any]], Sequence[Any]]


class QueueFullError(Exception):
    """More is waiting than can be answered soon; `retry_after` is in seconds."""

    retry_after = 1


class UnavailableError(Exception):
    """The database cannot be reached or cannot write; nothing was kept. Safe to send again with the same key."""

    retry_after = 2


@dataclass(slots=True)
class _Waiting:
    request: Any
    weight: int
    future: Future[Any]


class Committer:
    """The process's one writer of hot actions: `actions` by name, each taking a sequence and owning a transaction."""

    def __init__(self, actions: Mapping[str, Action], *, max_queued: int = MAX_QUEUED) -> None:
        """Keep the actions; the thread starts with the first request, so after any fork."""
        self._actions = dict(actions)
        self._queues: dict[str, deque[_Waiting]] = {name: deque() for name in actions}
        self._max_queued = max_queued
        self._ready = threading.Condition()
        self._pid = 0
        self.batches = 0
        self.requests = 0

    def submit(self, action: str, request: object, *, weight: int = 1) -> Future[Any]:
        """Queue a request (`weight`: its lines) and return its future; QueueFullError when too much is waiting."""
        future: Future[Any] = Future()
        with self._ready:
            queue = self._queues[action]
            if len(queue) >= self._max_queued:
                raise QueueFullError
            queue.append(_Waiting(request, weight, future))
            if self._pid != os.getpid():
                self._start()
            self._ready.notify()
        return future

    def waiting(self) -> dict[str, int]:
        """Return how many requests wait, by action."""
        with self._ready:
            return {name: len(queue) for name, queue in self._queues.items()}

    def _start(self) -> None:
        self._pid = os.getpid()
        threading.Thread(target=self._serve, name="committer", daemon=True).start()

    def _serve(self) -> None:
        tune_process()
        tuned: object = None
        while True:
            if tuned is not connection.connection or tuned is None:
                tuned = _tuned_connection()
            for name in self._actions:
                if batch := self._take(name):
                    self._run(name, batch)
            with self._ready:
                while not any(self._queues.values()):
                    self._ready.wait()

    def _take(self, name: str) -> list[_Waiting]:
        batch: list[_Waiting] = []
        weight = 0
        with self._ready:
            queue = self._queues[name]
            while queue and len(batch) < MAX_REQUESTS and (not batch or weight + queue[0].weight <= MAX_WEIGHT):
                item = queue.popleft()
                if item.future.set_running_or_notify_cancel():
                    batch.append(item)
                    weight += item.weight
        return batch

    def _run(self, name: str, batch: list[_Waiting]) -> None:
        self.batches += 1
        self.requests += len(batch)
        try:
            outcomes = perform(self._actions[name], [item.request for item in batch])
        except Exception as error:  # noqa: BLE001 - whatever failed belongs to the waiting requests
            self._failed(name, batch, error)
            return
        for item, outcome in zip(batch, outcomes, strict=True):
            item.future.set_result(outcome)

    def _failed(self, name: str, batch: list[_Waiting], error: Exception) -> None:
        if isinstance(error, UnavailableError) or len(batch) == 1:
            if not isinstance(error, UnavailableError):
                logger.error("%s failed for one request", name, exc_info=error)
            for item in batch:
                item.future.set_exception(error)
            return
        middle = len(batch) // 2
        self._run(name, batch[:middle])
        self._run(name, batch[middle:])


def _tuned_connection() -> object:
    """Tune the thread's connection, a new one after each loss; None while the database cannot be reached."""
    try:
        tune_writer()
    except (OperationalError, InterfaceError) as error:
        logger.warning("the database cannot be reached: %s", error)
    return connection.connection


def perform(action: Action, requests: Sequence[Any]) -> Sequence[Any]:
    """Run an action, repeating it when it lost a race; UnavailableError when the database is gone or full."""
    for attempt in range(MAX_REPEATS):
        try:
            return action(requests)
        except (OperationalError, InterfaceError, GuardError) as error:
            if not lost_race(error):
                logger.warning("the database cannot serve: %s", error)
                connection.close()
                raise UnavailableError(str(error)) from error
        time.sleep(random.uniform(0, 0.005) * 2**attempt)  # noqa: S311 - jitter, no secret
    message = "the batch lost every race"
    raise UnavailableError(message)


def lost_race(error: Exception) -> bool:
    """Whether repeating the transaction can help: deadlock, serialisation failure, a lost guard, a busy SQLite."""
    if isinstance(error, GuardError):
        return True
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in _LOST_RACES:
        return True
    return getattr(cause, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
