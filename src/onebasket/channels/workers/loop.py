"""The workers' loop: jobs that take turns in a few threads, wait when idle, and stand back when the database is gone.

On PostgreSQL it runs as `onebasket worker`, as often as wanted. On SQLite the hub's committer takes the turns of what
writes, between its batches, so that the file has one writer; only what waits for the network has a thread there.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from onebasket.base.committer import UnavailableError
from onebasket.base.letters import Write, send_letters
from onebasket.base.relay import number_waiting, prune_events
from onebasket.base.subscriptions import dispatch
from onebasket.base.webhooks import Deliveries, fan_out
from onebasket.channels.workers.subscriptions import CALLING, WRITING
from onebasket.commerce.insights.actions.erasing import forget_late
from onebasket.commerce.insights.actions.merging import gather_points
from onebasket.commerce.orders.actions import expire_orders
from onebasket.commerce.partners.actions.driving import place_parts
from onebasket.commerce.partners.actions.following import follow_parts
from onebasket.commerce.partners.actions.polling import poll_commissions
from onebasket.commerce.partners.actions.pushing import look_into_pushes
from onebasket.commerce.partners.actions.reading import read_catalogues
from onebasket.commerce.payments.actions import expire_balances, pay_back, settle_unknown
from onebasket.commerce.sales.actions.journalising import Journalising
from onebasket.commerce.slots.actions import release_expired_slots
from onebasket.commerce.stock.actions import release_expired

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
STOP_SECONDS = 30.0
BUSY_SECONDS = 0.05
"""News comes with every batch: a turn for several of them costs one commit."""

_AT_ONCE_SQLITE, _AT_ONCE_POSTGRESQL = 50, 200


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again: `run` returns how much it did.

    It rests for `idle` seconds after it found nothing to do, and for `busy` seconds after it did something. `end` sees
    through what it has under way when the loop stops.
    """

    name: str
    run: Callable[[], int]
    idle: float
    busy: float = 0.0
    end: Callable[[], None] | None = None


class Turns:
    """Jobs that take turns in one thread, so that no job starves another; each rests after it found nothing to do."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        """Keep the jobs; all are due at once."""
        self._jobs = tuple(jobs)
        self._due = [0.0] * len(jobs)
        self._failures = [0] * len(jobs)

    def take(self) -> float:
        """Let every job that is due have one turn; return the seconds until the next is due."""
        for index, job in enumerate(self._jobs):
            if self._due[index] > time.monotonic():
                continue
            done = _turn(job, self._failures[index])
            self._failures[index] = self._failures[index] + 1 if done is None else 0
            self._due[index] = time.monotonic() + _rest(job, done, self._failures[index])
        return max(0.0, min(self._due) - time.monotonic())

    def end(self) -> None:
        """Let every job see through what it has under way; one that cannot says so in the log."""
        for job in self._jobs:
            if job.end:
                try:
                    job.end()
                except Exception:
                    logger.exception("%s did not end well", job.name)


class Loop:
    """Runs groups of jobs, a thread a group; within a group they take turns, so that no job starves another."""

    def __init__(self, groups: Sequence[Sequence[Job]]) -> None:
        """Keep the jobs; nothing runs before `start`."""
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
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self, jobs: tuple[Job, ...]) -> None:
        turns = Turns(jobs)
        try:
            while not self._stopping.is_set():
                self._stopping.wait(turns.take())
            turns.end()
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
    return job.busy if done else job.idle


def standing_jobs(write: Write) -> list[list[Job]]:
    """Return what always runs, by thread: what writes to the database, and what waits for the network."""
    return [writing_jobs(), *network_jobs(write)]


def network_jobs(write: Write) -> list[list[Job]]:
    """Return what waits for others on the network, by thread: whom one waits for keeps no other waiting.

    `write` makes a mail of a letter; the channel whose pages it leads to knows how.
    """
    deliveries = Deliveries()
    return [
        [Job("webhooks", deliveries.turn, 0.5, end=deliveries.end)],
        [Job("cards", settle_unknown, 0.5), Job("refunds", pay_back, 0.5)],
        [Job("partner parts", place_parts, 0.5)],
        [Job("partner pushes", look_into_pushes, 0.5), Job("partner orders", follow_parts, 1.0)],
        [Job("calls", lambda: dispatch(CALLING), 0.5)],
        [Job("letters", lambda: send_letters(write), 0.5)],
        [Job("catalogues", read_catalogues, 2.0)],
        [Job("commission", poll_commissions, 5.0)],
    ]


def writing_jobs() -> list[Job]:
    """Return what writes to the database, each turn a short transaction."""
    at_once = _AT_ONCE_SQLITE if connection.vendor == "sqlite" else _AT_ONCE_POSTGRESQL
    return [
        Job("relay", number_waiting, 0.2, BUSY_SECONDS),
        Job("fan-out", fan_out, 0.5, BUSY_SECONDS),
        Job("subscriptions", lambda: dispatch(WRITING), 0.2, BUSY_SECONDS),
        Job("holds", lambda: release_expired(at_once), 5.0),
        Job("slots", lambda: release_expired_slots(at_once), 5.0),
        Job("orders", lambda: expire_orders(at_once), 5.0),
        Job("balances", lambda: expire_balances(at_once), 60.0),
        Job("journal", Journalising().turn, 1.0, BUSY_SECONDS),
        Job("points of merged cards", gather_points, 60.0),
        Job("late facts", forget_late, 3600.0),
        Job("prune", lambda: prune_events(settings.EVENT_DAYS), 600.0),
    ]
