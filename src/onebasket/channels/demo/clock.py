"""The demo clock: the data's days on today's time, before the demo begins and while it runs.

The chosen day of the data is today. What happened on earlier days keeps its time of day and moves by whole days. The
chosen day up to the hour at which the demo begins is squeezed (or stretched) into today up to now, so that no receipt
lies in the future. From there on the data's time runs at a chosen speed, its nights ten times as fast.
"""

import time
from datetime import date, datetime, timedelta
from datetime import time as wall_time

import msgspec

from onebasket.channels.demo.slices import TIME_ZONE, ChainSlice, local_instant, moved
from onebasket.kernel.clock import zone

OPENS_AT = wall_time(11)
"""The data's local time at which the demo begins: the stores are busy."""
_MORNING, _NIGHT = 9 * 3_600, 22 * 3_600
_DAY = 86_400
_NIGHT_FACTOR = 10
_FIRST = date(2017, 1, 1)


class DemoDay(msgspec.Struct, frozen=True):
    """What a demo shows and when it was begun: which part of the data lies where on real time."""

    day: date
    stores: int
    history_days: int
    begun_at: datetime

    @property
    def part(self) -> ChainSlice:
        """Return the slice of the data that is loaded before the demo begins."""
        return ChainSlice(self.day, self.history_days, self.stores)

    @property
    def opens_at(self) -> datetime:
        """Return the data's instant that is the real instant `begun_at`."""
        return local_instant(self.day, OPENS_AT)

    @property
    def move_days(self) -> int:
        """Return by how many days the data is moved."""
        return (self.begun_at.astimezone(zone(TIME_ZONE)).date() - self.day).days

    def past(self, instant: datetime) -> datetime:
        """Return the real time of an instant of the data before `opens_at`; never after `begun_at`."""
        midnight = local_instant(self.day, wall_time())
        if instant < midnight:
            return moved(instant, self.move_days)
        today = moved(midnight, self.move_days)
        return today + (self.begun_at - today) * ((instant - midnight) / (self.opens_at - midnight))


def trading_second(instant: datetime) -> float:
    """Return an instant of the data on the demo's own scale, in which an hour of the night is six minutes."""
    local = instant.astimezone(zone(TIME_ZONE))
    second = (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(seconds=1)
    before = min(second, _MORNING) / _NIGHT_FACTOR
    by_day = min(max(second - _MORNING, 0), _NIGHT - _MORNING)
    after = max(second - _NIGHT, 0) / _NIGHT_FACTOR
    whole = (_MORNING + _DAY - _NIGHT) / _NIGHT_FACTOR + _NIGHT - _MORNING
    return (local.date() - _FIRST).days * whole + before + by_day + after


class DemoClock:
    """Says when an instant of the data is due, in seconds of this machine's monotonic clock."""

    def __init__(self, begins_at: datetime, *, speed: float) -> None:
        """Let the data's instant `begins_at` be now."""
        self._begins = trading_second(begins_at)
        self._started = time.monotonic()
        self._speed = speed

    def seconds_until(self, instant: datetime) -> float:
        """Return the real seconds until an instant of the data is due; negative when it is overdue."""
        due = self._started + (trading_second(instant) - self._begins) / self._speed
        return due - time.monotonic()
