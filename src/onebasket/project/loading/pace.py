"""How large a batch may be: as asked, or so small that a hub beside us on the same SQLite file hardly notices."""

import time
from collections.abc import Callable

from onebasket.base.presence import hub_is_serving

TARGET_SECONDS = 0.04
"""A transaction's length beside a hub; 50 ms is what everybody else may take."""

LOOK_EVERY = 1.0
FIRST_GUESS = 20


class Pace:
    """Says how many items the next batch takes, and learns from how long the last one took."""

    def __init__(self, most: int, *, beside_hub: Callable[[], bool] = hub_is_serving) -> None:
        self._most = most
        self._beside_hub = beside_hub
        self._size = float(min(FIRST_GUESS, most))
        self._careful = False
        self._looked_at = 0.0

    @property
    def size(self) -> int:
        """Return how many items the next batch may hold."""
        now = time.monotonic()
        if not self._looked_at or now - self._looked_at > LOOK_EVERY:
            self._looked_at, self._careful = now, self._beside_hub()
        return max(1, int(self._size)) if self._careful else self._most

    def learn(self, count: int, seconds: float, *, rest: bool = True) -> None:
        """Take in how long a batch of so many took; with `rest`, let a hub have the database for as long again."""
        if not self._careful or not count:
            return
        fitting = count * TARGET_SECONDS / max(seconds, 0.001)
        self._size = min(float(self._most), max(1.0, self._size / 2, min(fitting, self._size * 2)))
        if rest:
            # SQLite's waiters look again every few dozen milliseconds; without a gap they would never get in.
            time.sleep(min(seconds, TARGET_SECONDS))
