"""When a partner is asked, and when an order that is not known may be asked for again: never before its list was sure.

A partner's list may lag behind its orders. So an order that was asked for and not answered is only asked for again
after two listings without it, the first of them and the call at least the partner's settling time ago. The same holds
for a list that shows only some of what was asked for: it is believed when it has been the same for so long.
"""

from datetime import datetime, timedelta

import msgspec

SETTLING = timedelta(minutes=10)
"""How long a partner may take to list what it took in, unless its option `settle_seconds` says otherwise."""
LONGEST_WAIT = timedelta(minutes=30)
FIRST_WAIT = timedelta(seconds=5)
GIVE_UP = timedelta(hours=48)
"""An order that could not be placed, or not be found out about, for so long is for people."""
MOST_LOST = 3
"""An order that was asked for so often, and neither confirmed nor listed, is for people: nothing else would end it."""
MANY_FAILURES = 5
"""After so many answers in a row that brought nothing people are told, and it is tried on."""
_SOON, _LATER = timedelta(minutes=10), timedelta(hours=6)
_YOUNG, _GROWN = timedelta(hours=2), timedelta(days=2)
NEVER_ENDS = timedelta(days=60)
"""An order that has not arrived by then is followed no more, and people are told."""


class Settling(msgspec.Struct, frozen=True):
    """How an unknown part stands: when it was asked for, and since when its partner's list has said the same."""

    asked_at: datetime
    alike_since: datetime | None
    looks: int = 0


def settled_at(settling: Settling, settle: timedelta) -> datetime | None:
    """Return from when what the list says is sure, None after the first listing that says so."""
    if settling.alike_since is None:
        return None
    return max(settling.asked_at, settling.alike_since) + settle


def is_sure(settling: Settling, settle: timedelta, now: datetime) -> bool:
    """Whether what the list says now may be acted on."""
    at = settled_at(settling, settle)
    return at is not None and at <= now


def next_look(settling: Settling, settle: timedelta, now: datetime) -> datetime:
    """Return when the list is looked at again: soon at first, in case it only lags, and when it is sure."""
    sure = max(settling.asked_at, settling.alike_since or now) + settle
    return min(sure, now + wait_after(settling.looks + 1))


def wait_after(failures: int) -> timedelta:
    """Return how long to wait after so many answers in a row that brought nothing."""
    times: int = 3 ** min(max(failures, 1) - 1, 8)
    return min(LONGEST_WAIT, FIRST_WAIT * times)


def poll_after(since: datetime, now: datetime) -> timedelta:
    """Return how long to wait before a placed part is asked about again; `since` it has stood as it does."""
    age = now - since
    if age < _YOUNG:
        return _SOON
    return timedelta(hours=1) if age < _GROWN else _LATER


def poll_seconds(options: dict[str, str], since: datetime, now: datetime) -> timedelta:
    """Return how long to wait before a part is asked about again; a partner's option `poll_seconds` says otherwise."""
    return option_seconds(options, "poll_seconds", poll_after(since, now))


def option_seconds(options: dict[str, str], name: str, default: timedelta) -> timedelta:
    """Return a partner's option in seconds; what is no number is as if it were not there."""
    text = str(options.get(name, ""))
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else default  # noqa: PLR2004 - a year has eight digits of seconds
