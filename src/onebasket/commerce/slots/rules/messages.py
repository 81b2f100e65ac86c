"""What is stated about slots: a place's weekly plan, and dates on which it does not hold."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.commerce.places.rules.hours import WEEKDAYS, ClockTime, Weekday, clock_text, minutes_of
from onebasket.commerce.places.rules.places import Code
from onebasket.commerce.slots.rules.planning import Window

MOST_WINDOWS = 84
MOST_A_DAY = 12
MOST_ROOM = 10_000
LONGEST_CUTOFF = 10_080

Weekly = Mapping[int, Sequence[Window]]
"""The windows of a plan by weekday, 0 being Monday."""

Minutes = Annotated[int, Meta(ge=5, le=1440)]
Room = Annotated[int, Meta(ge=0, le=MOST_ROOM)]
Cutoff = Annotated[int, Meta(ge=0, le=LONGEST_CUTOFF)]


class StatedWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Hand out from `opens` to `closes` in slots of `slot_minutes`, each with room for `capacity` orders.

    A slot may be taken until `cutoff_minutes` before it begins. Times are of the place's own clock.
    """

    opens: ClockTime
    closes: ClockTime
    slot_minutes: Minutes
    capacity: Room
    cutoff_minutes: Cutoff = 0


class WeeklyWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Hand out on a weekday from `opens` to `closes` in slots of `slot_minutes`, each with room for `capacity` orders.

    A slot may be taken until `cutoff_minutes` before it begins. Times are of the place's own clock.
    """

    weekday: Weekday
    opens: ClockTime
    closes: ClockTime
    slot_minutes: Minutes
    capacity: Room
    cutoff_minutes: Cutoff = 0


class SlotPlanItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A place's weekly plan, whole: it takes the place of the one before. Without windows the place has no slots."""

    place: Code
    windows: Annotated[tuple[WeeklyWindow, ...], Meta(max_length=MOST_WINDOWS)]


class SlotDaysItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """Some weekdays of a place's plan: these windows take the place of theirs or, `beside`, come to them."""

    place: Code
    weekdays: Annotated[tuple[Weekday, ...], Meta(min_length=1, max_length=7)]
    windows: Annotated[tuple[StatedWindow, ...], Meta(max_length=MOST_A_DAY)]
    beside: bool = False


class SlotExceptionItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A date on which other windows hold than the weekly plan's; none: closed. `removed` lets the plan hold again."""

    place: Code
    date: date
    windows: Annotated[tuple[StatedWindow, ...], Meta(max_length=MOST_A_DAY)] = ()
    note: Annotated[str, Meta(max_length=200)] = ""
    removed: bool = False


class SlotException(msgspec.Struct, frozen=True):
    """A date on which other windows hold than the weekly plan's."""

    date: date
    windows: tuple[StatedWindow, ...]
    note: str = ""


class StatedPlan(msgspec.Struct, frozen=True):
    """A place's weekly plan and the dates from today on that are exceptions."""

    place: str
    windows: tuple[WeeklyWindow, ...]
    exceptions: tuple[SlotException, ...]


def window_of(stated: StatedWindow | WeeklyWindow) -> Window:
    """Return a stated window in minutes."""
    return Window(
        minutes_of(stated.opens), minutes_of(stated.closes), stated.slot_minutes, stated.capacity, stated.cutoff_minutes
    )


def stated_window(window: Window) -> StatedWindow:
    """Return a window as it is stated."""
    opens, closes = clock_text(window.from_minutes), clock_text(window.to_minutes)
    return StatedWindow(opens, closes, window.slot_minutes, window.capacity, window.cutoff_minutes)


def weekly_window(weekday: int, window: Window) -> WeeklyWindow:
    """Return a weekday's window as it is stated."""
    opens, closes = clock_text(window.from_minutes), clock_text(window.to_minutes)
    name = WEEKDAYS[weekday]
    return WeeklyWindow(name, opens, closes, window.slot_minutes, window.capacity, window.cutoff_minutes)


def weekly_windows(windows: Iterable[WeeklyWindow]) -> dict[int, tuple[Window, ...]]:
    """Return stated windows by weekday, each day's in order of time."""
    found: dict[int, list[Window]] = {}
    for one in windows:
        found.setdefault(WEEKDAYS.index(one.weekday), []).append(window_of(one))
    return {day: tuple(sorted(of_day, key=lambda one: one.from_minutes)) for day, of_day in sorted(found.items())}


def weekly_after(item: SlotPlanItem | SlotDaysItem, before: Weekly) -> Weekly:
    """Return the windows of a plan, by weekday and in order of time, as a statement leaves them."""
    if isinstance(item, SlotPlanItem):
        return weekly_windows(item.windows)
    stated = [window_of(one) for one in item.windows]
    after = dict(before)
    for name in item.weekdays:
        day = WEEKDAYS.index(name)
        of_day = {*stated, *(before.get(day, ()) if item.beside else ())}
        after[day] = tuple(sorted(of_day, key=lambda one: (one.from_minutes, one.to_minutes)))
    return {day: windows for day, windows in sorted(after.items()) if windows}


def plan_problem(weekly: Weekly) -> str:
    """Say what is wrong with the windows of a plan, or nothing."""
    for day, windows in weekly.items():
        if len(windows) > MOST_A_DAY:
            return f"windows: {WEEKDAYS[day]} has more than {MOST_A_DAY}."
        if problem := windows_problem(windows, WEEKDAYS[day]):
            return problem
    return ""


def exception_problem(item: SlotExceptionItem) -> str:
    """Say what is wrong with an exception, or nothing."""
    if item.removed and (item.windows or item.note):
        return "removed: leave windows and note out; the weekly plan holds again."
    windows = sorted((window_of(one) for one in item.windows), key=lambda one: one.from_minutes)
    return windows_problem(windows, item.date.isoformat())


def windows_problem(windows: Sequence[Window], day: str) -> str:
    """Say what is wrong with the windows of a day, in order of time, or nothing."""
    for one in windows:
        opens, closes = clock_text(one.from_minutes), clock_text(one.to_minutes)
        if one.from_minutes >= one.to_minutes:
            return f"windows: on {day}, {closes} is not after {opens}."
        if one.from_minutes + one.slot_minutes > one.to_minutes:
            return f"windows: on {day}, from {opens} to {closes} is too short for a slot of {one.slot_minutes} minutes."
    if any(before.to_minutes > after.from_minutes for before, after in pairwise(windows)):
        return f"windows: those of {day} overlap."
    return ""
