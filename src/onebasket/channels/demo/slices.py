"""Which part of the data a demo shows: how many stores, which day, how much history."""

from datetime import UTC, date, datetime, time, timedelta

import msgspec

from onebasket.kernel.clock import zone

TIME_ZONE = "America/New_York"
FIRST_DAY = date(2017, 1, 1)
LAST_DAY = date(2017, 12, 31)
BUSIEST = 20
ALL_STORES = 0


class ChainSlice(msgspec.Struct, frozen=True):
    """The `stores` busiest stores (0 is all 457) on a day, with the days before it as history."""

    day: date = date(2017, 12, 23)
    history_days: int = 7
    stores: int = BUSIEST

    def begins_at(self) -> datetime:
        """Return when the history begins: midnight in the stores' time zone."""
        return local_instant(self.day - timedelta(days=self.history_days), time())

    def ends_at(self) -> datetime:
        """Return when the day ends (half-open)."""
        return local_instant(self.day + timedelta(days=1), time())


def local_instant(day: date, at: time) -> datetime:
    """Return the instant, in UTC, of a wall time in the stores' time zone."""
    return datetime.combine(day, at, zone(TIME_ZONE)).astimezone(UTC)


def moved(instant: datetime, days: int) -> datetime:
    """Move an instant by whole days of wall time in the stores' time zone, so that five o'clock stays five o'clock."""
    local = instant.astimezone(zone(TIME_ZONE))
    shifted = local.replace(tzinfo=None) + timedelta(days=days)
    return shifted.replace(tzinfo=zone(TIME_ZONE), fold=local.fold).astimezone(UTC)
