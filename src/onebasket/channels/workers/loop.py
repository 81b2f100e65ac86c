"""The workers' loop: jobs that take turns in a few threads, wait when idle, and stand back when the database is gone.

On PostgreSQL it runs as `onebasket worker`, as often as wanted; on SQLite the hub runs it inside its own process.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from onebasket.base import presence
from onebasket.base.committer import UnavailableError
from onebasket.base.relay import number_waiting, prune_events
from onebasket.base.webhooks import deliver_due, fan_out
from onebasket.commerce.orders.actions import expire_orders
from onebasket.commerce.stock.actions import release_expired

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
STOP_SECONDS = 30.0
_AT_ONCE_SQLITE, _AT_ONCE_POSTGRESQL = 50, 200


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again: `run` returns how much it did; after nothing it rests for `idle` seconds."""

    name: str
    run: Callable[[], int]
    idle: float


class Loop:
    """Runs groups of jobs, a thread a group; within a group they take turns, so that no job starves another."""

    def __init__(self, groups: Sequence[Sequence[Job]], *, announced: IO[str] | None = None) -> None:
        """Keep the jobs, and the file by which others know of us; nothing runs before `start`."""
        self._announced = announced
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(tuple(group),), name=f"worker-{group[0].name}", daemon=True)
            for group in groups
            if group
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = STOP_SECONDS) -> bool:
        """Let every job finish its turn, and stop; whether all did so in time."""
        self._stopping.set()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if self._announced:
            self._announced.close()
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self, jobs: tuple[Job, ...]) -> None:
        due = dict.fromkeys(range(len(jobs)), 0.0)
        failures = dict.fromkeys(range(len(jobs)), 0)
        try:
            while not self._stopping.is_set():
                for index, job in enumerate(jobs):
                    if due[index] > time.monotonic() or self._stopping.is_set():
                        continue
                    done = _turn(job, failures[index])
                    failures[index] = failures[index] + 1 if done is None else 0
                    due[index] = time.monotonic() + _rest(job, done, failures[index])
                self._stopping.wait(max(0.0, min(due.values()) - time.monotonic()))
        finally:
            connection.close()


def _turn(job: Job, failures: int) -> int | None:
    """Take one turn; None when it failed, which is logged once for a row of failures that are alike."""
    try:
        return job.run()
    except (DatabaseError, InterfaceError, UnavailableError) as error:
        if not failures:
            logger.warning("%s waits: the database cannot serve: %s", job.name, error)
        connection.close()
    except Exception:
        logger.exception("%s failed", job.name)
        connection.close()
    return None


def _rest(job: Job, done: int | None, failures: int) -> float:
    if done is None:
        return min(LONGEST_PAUSE, 0.5 * 2.0 ** min(failures, 10))
    return 0.0 if done else job.idle


def standing_jobs() -> list[list[Job]]:
    """Return what always runs, by thread; what writes to the database takes turns, the network waits apart."""
    at_once = _AT_ONCE_SQLITE if connection.vendor == "sqlite" else _AT_ONCE_POSTGRESQL
    return [
        [
            Job("relay", number_waiting, 0.2),
            Job("fan-out", fan_out, 0.5),
            Job("holds", lambda: release_expired(at_once), 5.0),
            Job("orders", lambda: expire_orders(at_once), 5.0),
            Job("prune", lambda: prune_events(settings.EVENT_DAYS), 600.0),
        ],
        [Job("webhooks", deliver_due, 0.5)],
    ]


def start_in_process() -> Loop | None:
    """Start the loop in the hub's own serving process, where the database is SQLite; None on PostgreSQL.

    Others know from then on, until the loop stops or the process ends, that a hub serves the file. Keep the loop: with
    it goes the announcement.
    """
    if connection.vendor != "sqlite":
        return None
    loop = Loop(standing_jobs(), announced=presence.announce())
    loop.start()
    return loop
