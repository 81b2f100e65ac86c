"""One cached set of figures per scope and process, computed at most once in two seconds for all viewers.

Whoever comes while another computes is given the last figures; only the very first waits. When computing fails, the
last figures stay on show with their true age, for as long as they are younger than a minute.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from typing import Generic, TypeVar

from django.db import DatabaseError

REST_SECONDS = 2.0
SHARE_OF_TIME = 10
KEPT_WHEN_FAILING_SECONDS = 60.0
SCOPES_KEPT = 256

logger = logging.getLogger(__name__)
T = TypeVar("T")


class FiguresUnavailableError(Exception):
    """The database cannot answer and there are no figures young enough to show."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """Figures, what they cost, and the moment (monotonic) that they were taken at; `version` names their content."""

    figures: T
    version: str
    taken: float
    cost_seconds: float

    def age(self) -> float:
        """Return how old the figures are, in seconds."""
        return time.monotonic() - self.taken

    def rests(self, seconds: float) -> bool:
        """Whether it is too early to compute again: so many seconds, or ten times what it cost."""
        return self.age() < max(seconds, self.cost_seconds * SHARE_OF_TIME)


@dataclass(slots=True)
class _Slot(Generic[T]):
    lock: Lock = field(default_factory=Lock)
    reading: Reading[T] | None = None


class Live(Generic[T]):
    """A cache of readings by scope; `versioned` picks what of the figures makes a new version.

    Figures are computed again after `rest` seconds at the earliest; an empty text as soon as any others.
    """

    def __init__(self, versioned: Callable[[T], object], *, rest: float = REST_SECONDS) -> None:
        self._versioned = versioned
        self._rest = rest
        self._slots: OrderedDict[Hashable, _Slot[T]] = OrderedDict()
        self._guard = Lock()

    def read(self, scope: Hashable, compute: Callable[[], T]) -> Reading[T]:
        """Return the scope's figures, computed now if they have rested; FiguresUnavailableError when they cannot be."""
        slot = self._slot(scope)
        reading = slot.reading
        if reading is not None and self._rests(reading):
            return reading
        if not slot.lock.acquire(blocking=reading is None):
            return reading if reading is not None else self.read(scope, compute)
        try:
            if slot.reading is None or not self._rests(slot.reading):
                slot.reading = self._compute(compute, slot.reading)
            return slot.reading
        finally:
            slot.lock.release()

    def _rests(self, reading: Reading[T]) -> bool:
        return reading.rests(REST_SECONDS if reading.figures == "" else self._rest)

    def forget(self) -> None:
        """Drop every reading."""
        with self._guard:
            self._slots.clear()

    def _slot(self, scope: Hashable) -> _Slot[T]:
        with self._guard:
            slot = self._slots.pop(scope, None) or _Slot[T]()
            self._slots[scope] = slot
            while len(self._slots) > SCOPES_KEPT:
                self._slots.popitem(last=False)
            return slot

    def _compute(self, compute: Callable[[], T], last: Reading[T] | None) -> Reading[T]:
        started = time.monotonic()
        try:
            figures = compute()
        except DatabaseError as error:
            if last is None or last.age() > KEPT_WHEN_FAILING_SECONDS:
                raise FiguresUnavailableError from error
            logger.warning("The pulse shows figures that are %.0f s old: %s", last.age(), error)
            return last
        version = blake2b(repr(self._versioned(figures)).encode(), digest_size=8).hexdigest()
        return Reading(figures=figures, version=version, taken=started, cost_seconds=time.monotonic() - started)
