"""From a place's weekly plan to the slots of a day, by the place's own clock, days of clock changes included.

A window states wall times; its slots are cut by elapsed time from its first instant to its last, so each lasts its
full length on every day. A wall time that the clocks skip means the instant of the change, one that comes twice means
its first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

import msgspec

from onebasket.kernel.clock import zone

DAY_MINUTES = 1440
MOST_DAYS = 31
"""How many days ahead slots are listed and may be taken."""

ID_MINUTES = 100_000_000
LAST_ID = 2**53 - 1
"""Ids stay where every reader of JSON keeps whole numbers exact."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


class Window(msgspec.Struct, frozen=True, gc=False):
    """When a place hands out: minutes after local midnight, in slots of `slot_minutes` with room for `capacity` each.

    A slot may be taken until `cutoff_minutes` before it begins.
    """

    from_minutes: int
    to_minutes: int
    slot_minutes: int
    capacity: int
    cutoff_minutes: int = 0


class PlannedSlot(NamedTuple):
    """A slot as the plan has it: half-open in time; promises are taken before `cutoff_at`."""

    id: int
    place_id: int
    starts_at: datetime
    ends_at: datetime
    cutoff_at: datetime
    capacity: int


class SlotPlan(msgspec.Struct, frozen=True):
    """A place's plan: windows by weekday (0 is Monday), and days on which others hold (none: closed)."""

    place_id: int
    time_zone: str
    weekly: Mapping[int, Sequence[Window]] = {}
    exceptions: Mapping[date, Sequence[Window]] = {}

    def windows(self, day: date) -> Sequence[Window]:
        """Return the windows of a local date."""
        if day in self.exceptions:
            return self.exceptions[day]
        return self.weekly.get(day.weekday(), ())


def slot_id(place_id: int, starts_at: datetime) -> int:
    """Return the id of the slot that begins at a place at an instant: ids are the same before and after it is made.

    They sort by place, then time. The instant is a whole minute from the year 2000 on.
    """
    return place_id * ID_MINUTES + (starts_at - _EPOCH) // _MINUTE


def place_of(identity: int) -> int:
    """Return the place id that a slot's id names."""
    return identity // ID_MINUTES


def start_of(identity: int) -> datetime:
    """Return the instant at which the slot of this id begins."""
    return _EPOCH + timedelta(minutes=identity % ID_MINUTES)


def may_be_slot(identity: int, *, now: datetime) -> bool:
    """Whether an id could be that of a slot yet to begin, near enough to be taken."""
    return 0 < identity <= LAST_ID and now < start_of(identity) <= now + timedelta(days=MOST_DAYS)


def local_date(instant: datetime, time_zone: str) -> date:
    """Return the date that a place's clock shows at an instant."""
    return instant.astimezone(zone(time_zone)).date()


def plan_day(plan: SlotPlan, day: date) -> Iterator[PlannedSlot]:
    """Give the slots of a local date, in order of time."""
    where = zone(plan.time_zone)
    for window in sorted(plan.windows(day), key=lambda one: one.from_minutes):
        length = timedelta(minutes=window.slot_minutes)
        cutoff = timedelta(minutes=window.cutoff_minutes)
        at, until = wall_instant(day, window.from_minutes, where), wall_instant(day, window.to_minutes, where)
        while at + length <= until:
            yield PlannedSlot(slot_id(plan.place_id, at), plan.place_id, at, at + length, at - cutoff, window.capacity)
            at += length


def plan_days(plan: SlotPlan, *, first: date, days: int) -> Iterator[PlannedSlot]:
    """Give the slots of so many local dates from the first on."""
    for number in range(days):
        yield from plan_day(plan, first + timedelta(days=number))


def planned(plan: SlotPlan, identities: Iterable[int]) -> dict[int, PlannedSlot]:
    """Return the slots of these ids that the plan has; an id that it does not have is left out."""
    wanted = set(identities)
    dates = {local_date(start_of(identity), plan.time_zone) for identity in wanted}
    # An id is a stranger's word: only what the plan gives is believed.
    return {slot.id: slot for day in sorted(dates) for slot in plan_day(plan, day) if slot.id in wanted}


def wall_instant(day: date, minutes: int, where: tzinfo) -> datetime:
    """Return the instant at which a place's clock shows so many minutes after midnight of a date, in UTC.

    A time that is skipped means the instant of the change; one that comes twice means its first.
    """
    wall = datetime(day.year, day.month, day.day, tzinfo=where) + timedelta(minutes=minutes)
    instant = wall.astimezone(UTC)
    if instant.astimezone(where).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    return _change_before(instant, where)


def _change_before(instant: datetime, where: tzinfo) -> datetime:
    """Return the instant of the clocks' change that lies within the day before an instant."""
    after = instant.astimezone(where).utcoffset()
    low, high = 0, DAY_MINUTES  # minutes back: at `low` the new time holds, at `high` the old one
    while high - low > 1:
        middle = (low + high) // 2
        if (instant - timedelta(minutes=middle)).astimezone(where).utcoffset() == after:
            low = middle
        else:
            high = middle
    return instant - timedelta(minutes=low)


def at_place(instant: datetime, time_zone: str) -> datetime:
    """Return an instant as a place's clock shows it, with the place's distance from UTC in whole minutes."""
    local = instant.astimezone(zone(time_zone))
    offset = local.utcoffset() or timedelta()
    return instant.astimezone(timezone(offset))
