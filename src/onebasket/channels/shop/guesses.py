"""How often somebody may try what is not there: an order's page, a gift card's code. Secrets are not to be guessed.

Each process counts misses by address, in bounded memory; whoever has missed too often waits, also for a right one.
"""

import math
from collections import OrderedDict
from threading import Lock
from time import monotonic

from django.conf import settings
from django.http import HttpRequest

WINDOW_SECONDS = 300
MOST_MISSES = 20
MOST_KEPT = 10_000


def address_of(request: HttpRequest) -> str:
    """Return the address that a request came from: behind a proxy that is trusted, the one that it was told."""
    if settings.SECURE_PROXY_SSL_HEADER and (told := request.headers.get("X-Forwarded-For", "")):
        return told.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


class Misses:
    """The misses of the last minutes by address, as one process has seen them; safe for threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = Lock()

    def seconds_to_wait(self, address: str, *, now: float | None = None) -> int:
        """Return for how many seconds an address has to wait, 0 for not at all."""
        at = monotonic() if now is None else now
        with self._lock:
            recent = [miss for miss in self._kept.get(address, ()) if miss > at - WINDOW_SECONDS]
        if len(recent) < MOST_MISSES:
            return 0
        return max(1, math.ceil(recent[-MOST_MISSES] + WINDOW_SECONDS - at))

    def add(self, address: str, *, now: float | None = None) -> None:
        """Count a miss."""
        at = monotonic() if now is None else now
        with self._lock:
            self._kept[address] = [*self._kept.pop(address, [])[1 - MOST_MISSES :], at]
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


MISSES = Misses()
"""Orders' pages that were not there, as this process has seen them."""

WRONG_CODES = Misses()
"""Codes of gift cards that nobody has."""
