"""Instants and business days."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FUTURE_TOLERANCE = timedelta(minutes=10)
EARLIEST_CREDIBLE = datetime(2000, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone; `ZoneInfoNotFoundError` (a KeyError) when there is none of that name."""
    return ZoneInfo(name)


def business_day(instant: datetime, *, time_zone: str, day_start_minutes: int) -> date:
    """Return a place's trading day: its local time less its day start, in minutes after local midnight."""
    return (instant.astimezone(zone(time_zone)) - timedelta(minutes=day_start_minutes)).date()


def is_credible(stated: datetime, *, now: datetime) -> bool:
    """Whether a machine's stated time can be taken as the time of the fact.

    A clock that runs more than ten minutes ahead, or stands before the year 2000 (a till whose battery died),
    is not; any other age is, because facts may be late by any span.
    """
    return EARLIEST_CREDIBLE <= stated <= now + FUTURE_TOLERANCE
