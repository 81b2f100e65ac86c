"""Which statements about plans are refused, and that windows are read back as they were stated."""

from datetime import date

import pytest

from onebasket.commerce.access.rules import shape_problem
from onebasket.commerce.places.rules.hours import Weekday
from onebasket.commerce.slots.rules.messages import (
    SlotDaysItem,
    SlotExceptionItem,
    SlotPlanItem,
    StatedWindow,
    WeeklyWindow,
    exception_problem,
    plan_problem,
    stated_window,
    weekly_after,
    weekly_window,
    weekly_windows,
    window_of,
)
from onebasket.commerce.slots.rules.planning import Window

MORNING = WeeklyWindow("monday", "08:00", "12:00", 60, 4, 120)
LATE = WeeklyWindow("sunday", "22:00", "24:00", 30, 1)


def plan(*windows: WeeklyWindow) -> SlotPlanItem:
    return SlotPlanItem("k", "p1", windows)


def exception(*windows: StatedWindow, **more: object) -> SlotExceptionItem:
    return SlotExceptionItem("k", "p1", date(2026, 12, 24), windows, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (plan(), ""),
        (plan(LATE, MORNING), ""),
        (plan(MORNING, WeeklyWindow("monday", "12:00", "13:00", 30, 1)), ""),
        (plan(WeeklyWindow("friday", "12:00", "11:00", 30, 1)), "windows: on friday, 11:00 is not after 12:00."),
        (plan(WeeklyWindow("friday", "12:00", "12:00", 30, 1)), "windows: on friday, 12:00 is not after 12:00."),
        (
            plan(WeeklyWindow("friday", "12:00", "12:20", 30, 1)),
            "windows: on friday, from 12:00 to 12:20 is too short for a slot of 30 minutes.",
        ),
        (plan(MORNING, WeeklyWindow("monday", "11:59", "13:00", 30, 1)), "windows: those of monday overlap."),
        (
            plan(*(WeeklyWindow("monday", f"{hour:02}:00", f"{hour:02}:30", 30, 1) for hour in range(13))),
            "windows: monday has more than 12.",
        ),
    ],
)
def test_what_is_wrong_with_a_plan(item: SlotPlanItem, problem: str) -> None:
    assert plan_problem(weekly_after(item, {})) == problem


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (exception(), ""),
        (exception(StatedWindow("09:00", "12:00", 60, 1), note="Christmas Eve"), ""),
        (exception(StatedWindow("09:00", "08:00", 60, 1)), "windows: on 2026-12-24, 08:00 is not after 09:00."),
        (
            exception(StatedWindow("11:00", "13:00", 60, 1), StatedWindow("09:00", "12:00", 60, 1)),
            "windows: those of 2026-12-24 overlap.",
        ),
        (exception(removed=True), ""),
        (exception(removed=True, note="no"), "removed: leave windows and note out; the weekly plan holds again."),
    ],
)
def test_what_is_wrong_with_an_exception(item: SlotExceptionItem, problem: str) -> None:
    assert exception_problem(item) == problem


@pytest.mark.parametrize(
    ("window", "problem"),
    [
        (MORNING, ""),
        (WeeklyWindow("monday", "8:00", "12:00", 60, 4), "windows[0].opens: Expected `str` matching regex"),
        (WeeklyWindow("monday", "24:01", "12:00", 60, 4), "windows[0].opens: Expected `str` matching regex"),
        (WeeklyWindow("Monday", "08:00", "12:00", 60, 4), "windows[0].weekday: Invalid enum value 'Monday'."),  # type: ignore[arg-type]
        (WeeklyWindow("monday", "08:00", "12:00", 4, 4), "windows[0].slot_minutes: Expected `int` >= 5."),
        (WeeklyWindow("monday", "08:00", "12:00", 1441, 4), "windows[0].slot_minutes: Expected `int` <= 1440."),
        (WeeklyWindow("monday", "08:00", "12:00", 60, -1), "windows[0].capacity: Expected `int` >= 0."),
        (WeeklyWindow("monday", "08:00", "12:00", 60, 10_001), "windows[0].capacity: Expected `int` <= 10000."),
        (WeeklyWindow("monday", "08:00", "12:00", 60, 1, -1), "windows[0].cutoff_minutes: Expected `int` >= 0."),
        (
            WeeklyWindow("monday", "08:00", "12:00", 60, 1, 10_081),
            "windows[0].cutoff_minutes: Expected `int` <= 10080.",
        ),
    ],
)
def test_the_bounds_of_a_window(window: WeeklyWindow, problem: str) -> None:
    assert shape_problem(plan(window)).startswith(problem)
    assert bool(shape_problem(plan(window))) is bool(problem)


def test_windows_are_read_back_as_stated() -> None:
    assert weekly_windows((LATE, MORNING)) == {0: (Window(480, 720, 60, 4, 120),), 6: (Window(1320, 1440, 30, 1),)}
    assert weekly_window(0, window_of(MORNING)) == MORNING
    assert weekly_window(6, window_of(LATE)) == LATE
    stated = StatedWindow("09:05", "24:00", 5, 0, 10_080)
    assert stated_window(window_of(stated)) == stated


DAY = Window(480, 720, 60, 4, 120)
LUNCH = Window(720, 780, 30, 2)


@pytest.mark.parametrize(
    ("weekdays", "windows", "beside", "expected"),
    [
        (("tuesday",), (LUNCH,), False, {0: (DAY,), 1: (LUNCH,)}),
        (("monday", "tuesday"), (LUNCH,), False, {0: (LUNCH,), 1: (LUNCH,)}),
        (("monday", "tuesday"), (LUNCH,), True, {0: (DAY, LUNCH), 1: (LUNCH,)}),
        (("monday",), (DAY,), True, {0: (DAY,)}),
        (("monday",), (), False, {}),
        (("monday",), (), True, {0: (DAY,)}),
    ],
)
def test_some_days_of_a_plan_are_stated_and_the_others_stay(
    weekdays: tuple[Weekday, ...], windows: tuple[Window, ...], expected: object, *, beside: bool
) -> None:
    item = SlotDaysItem("k", "p1", weekdays, tuple(map(stated_window, windows)), beside)

    assert weekly_after(item, {0: (DAY,)}) == expected
