"""How often somebody may guess: wrong attempts are counted by who makes them, and too many shut the door for a while.

Counted in the process alone: several serving processes let through as many times more. It is the second line behind
secrets of 128 bits, and keeps a guesser from loading the database.
"""

import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class Guesses:
    """At most `most` wrong guesses by one guesser in `window` seconds."""

    most: int
    window: float
    _failures: "OrderedDict[Hashable, tuple[float, int]]" = field(default_factory=OrderedDict)

    def is_blocked(self, who: Hashable) -> bool:
        """Whether somebody has guessed wrong too often just now."""
        since, count = self._failures.get(who, (0.0, 0))
        return count >= self.most and time.monotonic() - since < self.window

    def note_wrong(self, who: Hashable) -> None:
        """Count a wrong guess."""
        now = time.monotonic()
        since, count = self._failures.pop(who, (now, 0))
        self._failures[who] = (since, count + 1) if now - since < self.window else (now, 1)
        if len(self._failures) > MOST_REMEMBERED:
            self._failures.popitem(last=False)

    def forget(self) -> None:
        """Drop what is counted: for tests."""
        self._failures.clear()
