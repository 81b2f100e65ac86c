"""How often somebody may try to sign in: per address and name, and per address, so that guessing does not pay.

Each process counts for itself, in bounded memory and without a table: what several processes allow together is still
far too little to guess a password, and a database that is down or slow never decides who is let in.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from time import monotonic

WINDOW_SECONDS = 300
TRIES_PER_NAME = 5
"""From one address at one name, within the window."""
TRIES_PER_ADDRESS = 50
"""From one address at any name: a store's people may share one."""
MOST_KEPT = 10_000
"""Addresses and pairs that are remembered; the longest untouched are forgotten first."""


def seconds_to_wait(tries: Sequence[float], *, allowed: int, now: float) -> int:
    """Return after how many seconds the next try is allowed, 0 being now; `tries` are instants in order, in seconds."""
    recent = [at for at in tries if at > now - WINDOW_SECONDS]
    if len(recent) < allowed:
        return 0
    return max(1, math.ceil(recent[-allowed] + WINDOW_SECONDS - now))


class SignInTries:
    """The tries of the last minutes, as one process has seen them; safe for threads."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        """Begin with none."""
        self._kept: OrderedDict[tuple[str, ...], list[float]] = OrderedDict()
        self._most_kept = most_kept
        self._lock = Lock()

    def take(self, address: str, *, name: str, now: float | None = None) -> int:
        """Count a try before the password is looked at; return 0 when it may go on, else how many seconds to wait.

        A try that has to wait is not counted, or whoever waits would wait for ever.
        """
        at = monotonic() if now is None else now
        pair, alone = (address, name.strip().casefold()[:150]), (address,)
        with self._lock:
            wait = max(
                seconds_to_wait(self._kept.get(pair, ()), allowed=TRIES_PER_NAME, now=at),
                seconds_to_wait(self._kept.get(alone, ()), allowed=TRIES_PER_ADDRESS, now=at),
            )
            if not wait:
                self._add(alone, at)
                self._add(pair, at)
        return wait

    def forget(self, address: str, *, name: str) -> None:
        """Forget the tries at a name from an address, once the right password was given."""
        with self._lock:
            self._kept.pop((address, name.strip().casefold()[:150]), None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)

    def _add(self, label: tuple[str, ...], at: float) -> None:
        self._kept[label] = [*self._kept.pop(label, [])[1 - TRIES_PER_ADDRESS :], at]
        while len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)


TRIES = SignInTries()
"""This process's own."""
