"""Hours by weekday, as people state them: times of a place's own clock."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebasket.kernel.clock import zone
from onebasket.kernel.patterns import exactly

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""In the order of `date.weekday()`."""

ClockTime = Annotated[
    str, Meta(pattern=exactly("(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"), description="Such as 08:30; 24:00 ends a day.")
]
MOST_HOURS = 28


class OpeningHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A place is open on a weekday from `opens` to `closes` (half-open); past midnight is stated as two days."""

    weekday: Weekday
    opens: ClockTime
    closes: ClockTime


def minutes_of(text: str) -> int:
    """Return the minutes after midnight that a clock time states."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def clock_text(minutes: int) -> str:
    """Return minutes after midnight as a clock time; 1440 is 24:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def hours_problem(stated: Iterable[OpeningHours]) -> str:
    """Say what is wrong with stated hours, or nothing: each ends after it begins, none overlap."""
    by_day: dict[int, list[tuple[int, int]]] = {}
    for one in stated:
        opens, closes = minutes_of(one.opens), minutes_of(one.closes)
        if opens >= closes:
            return f"opening_hours: {one.weekday} closes at {one.closes}, which is not after {one.opens}."
        by_day.setdefault(WEEKDAYS.index(one.weekday), []).append((opens, closes))
    for day, spans in by_day.items():
        if any(before[1] > after[0] for before, after in pairwise(sorted(spans))):
            return f"opening_hours: hours of {WEEKDAYS[day]} overlap."
    return ""


def hours_of(stated: Sequence[OpeningHours], day: date) -> list[tuple[str, str]]:
    """Return when a place is open on a local date, as (opens, closes), in order; nothing where it is closed."""
    name = WEEKDAYS[day.weekday()]
    return sorted((one.opens, one.closes) for one in stated if one.weekday == name)


def is_open(stated: Sequence[OpeningHours], instant: datetime, time_zone: str) -> bool:
    """Whether the place's own clock shows a time within its hours; a place without hours says nothing: not open."""
    local = instant.astimezone(zone(time_zone))
    now = f"{local:%H:%M}"
    return any(opens <= now < closes for opens, closes in hours_of(stated, local.date()))
