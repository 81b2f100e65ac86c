"""How many pages are made at once: as many as have a database connection for the asking, the others wait their turn.

A crowd that comes at once would otherwise wait for connections, and be told after seconds that there are none. Whoever
waits for the committer gives the seat and the connection to the next meanwhile.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from onebasket.base.committer import QueueFullError

PATIENCE_SECONDS = 25.0
"""Longer than this nobody waits for a page; then the shop is too busy, and says so."""
SEATS_WITHOUT_POOL = 16
KEPT_FREE = 4
"""Connections that the rest of the process, the API's reads and the pulse, has to itself."""


class Gate:
    """So many seats; `inside` is entered by the thread of a request, `outside` by the same one for a while."""

    def __init__(self, seats: int) -> None:
        """Begin with all seats free."""
        self._seats = threading.BoundedSemaphore(seats)
        self._mine = threading.local()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Take a seat for the time of a page.

        Raises:
            QueueFullError: nobody left for too long.
        """
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Leave the seat for the time of something else; a thread without one goes on as it is."""
        seated = getattr(self._mine, "seated", False)
        if seated:
            self._leave()
        try:
            yield
        finally:
            if seated:
                self._enter()

    def _enter(self) -> None:
        if not self._seats.acquire(timeout=PATIENCE_SECONDS):
            raise QueueFullError
        self._mine.seated = True

    def _leave(self) -> None:
        if not getattr(self._mine, "seated", False):
            return
        self._mine.seated = False
        give_back()
        self._seats.release()


def give_back() -> None:
    """Give this thread's connection back to the pool, where there is one and no transaction needs it."""
    if "pool" in connection.settings_dict.get("OPTIONS", {}) and not connection.in_atomic_block:
        connection.close()


def _seats() -> int:
    pool = connection.settings_dict.get("OPTIONS", {}).get("pool")
    return max(2, pool["max_size"] - KEPT_FREE) if isinstance(pool, dict) else SEATS_WITHOUT_POOL


GATE = Gate(_seats())
"""This process's own."""
