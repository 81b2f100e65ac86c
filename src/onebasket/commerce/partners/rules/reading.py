"""How a partner's catalogue is read by its cursor: what a page means for where the reading stands.

A whole pass begins with an empty cursor and ends where the partner has no more; from there the cursor goes on with what
changes. From time to time a whole pass shows what the cursor left out. A cursor that does not move on, or that leaves
offers out, is the partner's mistake: it is told, nothing is ended by it, and the reading comes back later.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

WHOLE_EVERY = timedelta(hours=24)
POLL = timedelta(minutes=1)
LISTING_EVERY = timedelta(hours=1)
"""How often a catalogue is read whole whose cursor does not go on with changes."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
MOST_REPEATS = 5
"""After so many answers in a row with the same cursor a whole pass is given up and begun anew."""
TOLD_AFTER = 5
"""After so many failures in a row people are told, and it is tried on."""
ROUNDS = 3
SLACK = 1_000
"""A pass that has listed more than so many times the partner's total, and this, goes in circles."""
FEW_GONE, MOST_GONE = 20, 5
"""More offers than so many, and than one in so many, do not end at once before a person has said so."""


class Mistake(StrEnum):
    """What a partner's cursor did wrong."""

    REPEATS = "cursor_repeats"
    SKIPS = "cursor_skips"
    MANY_GONE = "many_gone"


class Standing(msgspec.Struct, frozen=True):
    """Where a reading stands: the cursor, whether it is a whole pass, what that has listed, failures in a row."""

    cursor: str
    is_whole: bool
    listed: int = 0
    failures: int = 0


class Following(msgspec.Struct, frozen=True):
    """Where the reading stands after a page; `wait` None: it goes on at once.

    `is_complete`: a whole pass has come to its end. `is_given_up`: it has to be begun anew.
    """

    cursor: str
    listed: int
    failures: int = 0
    wait: timedelta | None = None
    mistake: Mistake | None = None
    explanation: str = ""
    is_complete: bool = False
    is_given_up: bool = False


def begins_anew(cursor: str, since: datetime | None, now: datetime) -> bool:
    """Whether the next page is the first of a whole pass."""
    return not cursor or since is None or since + WHOLE_EVERY <= now


def follow(standing: Standing, cursor: str, *, has_more: bool, count: int, total: int | None) -> Following:
    """Return where the reading stands after a page with so many things, odd ones counted too."""
    listed = standing.listed + count
    circles = standing.is_whole and total is not None and listed > ROUNDS * total + SLACK
    if has_more and (cursor == standing.cursor or circles):
        return _repeated(standing, cursor, circles=circles)
    if has_more:
        return Following(cursor, listed)
    if standing.is_whole and total is not None and listed < total:
        failures = standing.failures + 1
        return Following(
            cursor,
            listed,
            failures,
            wait_after(failures),
            Mistake.SKIPS,
            f"The pass listed {listed} offers, and there are {total} as the partner says: its cursor leaves some out. "
            "Nothing was ended by it, and the catalogue is read once more.",
            is_given_up=True,
        )
    return Following(cursor, listed, wait=POLL if cursor else LISTING_EVERY, is_complete=standing.is_whole)


def _repeated(standing: Standing, cursor: str, *, circles: bool) -> Following:
    """Stay where it stood: what comes again is no progress."""
    failures = standing.failures + 1
    return Following(
        standing.cursor,
        standing.listed,
        failures,
        wait_after(failures),
        Mistake.REPEATS,
        f"The cursor does not move on from {standing.cursor[:80]!r}: the partner answers with {cursor[:80]!r} again, "
        "and says that there is more.",
        is_given_up=circles or (standing.is_whole and failures >= MOST_REPEATS),
    )


def wait_after(failures: int, stated: int | None = None) -> timedelta:
    """Return how long to wait after so many failures in a row; what the partner asks for counts, within bounds."""
    usual: timedelta = FIRST_WAIT * 2 ** min(max(failures, 1) - 1, 10)
    asked = timedelta(seconds=min(stated or 0, 86_400))
    return min(max(usual, asked), LONGEST_WAIT)


def are_too_many(unseen: int, live: int) -> bool:
    """Whether more offers would end at once than a partner gives up on an ordinary day: a person has to say so."""
    return unseen > FEW_GONE and unseen * MOST_GONE > live
