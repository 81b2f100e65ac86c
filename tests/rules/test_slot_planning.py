"""Slots out of weekly plans: cut by elapsed time, by the place's own clock, on days of clock changes too."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.slots.rules.planning import (
    DAY_MINUTES,
    MOST_DAYS,
    PlannedSlot,
    SlotPlan,
    Window,
    at_place,
    local_date,
    may_be_slot,
    place_of,
    plan_day,
    plan_days,
    planned,
    slot_id,
    start_of,
    wall_instant,
)
from onebasket.kernel.clock import zone

NEW_YORK = "America/New_York"
MONDAY = date(2026, 3, 2)
FORWARD, BACK = date(2026, 3, 8), date(2026, 11, 1)
"""In New York 02:00 becomes 03:00 on the one, and 02:00 becomes 01:00 on the other."""


def every_day(*windows: Window, time_zone: str = NEW_YORK) -> SlotPlan:
    return SlotPlan(7, time_zone, dict.fromkeys(range(7), windows))


def walls(plan: SlotPlan, day: date) -> list[str]:
    """Return each slot as the place's clock shows it, with its distance from UTC."""
    return [
        f"{at_place(slot.starts_at, plan.time_zone):%H:%M%z}-{at_place(slot.ends_at, plan.time_zone):%H:%M}"
        for slot in plan_day(plan, day)
    ]


def test_a_window_is_cut_into_slots() -> None:
    plan = every_day(Window(600, 720, 60, 4, cutoff_minutes=90))

    assert list(plan_day(plan, MONDAY)) == [
        PlannedSlot(
            713_762_980, 7,
            datetime(2026, 3, 2, 15, tzinfo=UTC), datetime(2026, 3, 2, 16, tzinfo=UTC),
            datetime(2026, 3, 2, 13, 30, tzinfo=UTC), 4,
        ),
        PlannedSlot(
            713_763_040, 7,
            datetime(2026, 3, 2, 16, tzinfo=UTC), datetime(2026, 3, 2, 17, tzinfo=UTC),
            datetime(2026, 3, 2, 14, 30, tzinfo=UTC), 4,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ((Window(600, 690, 60, 1),), ["10:00-0500-11:00"]),  # what is left is too short for a slot
        ((Window(600, 630, 60, 1),), []),
        ((Window(900, 960, 60, 1), Window(600, 660, 60, 1)), ["10:00-0500-11:00", "15:00-0500-16:00"]),
        ((Window(1380, 1440, 30, 1),), ["23:00-0500-23:30", "23:30-0500-00:00"]),
        ((), []),
    ],
)
def test_windows_of_a_day(windows: tuple[Window, ...], expected: list[str]) -> None:
    assert walls(every_day(*windows), MONDAY) == expected


def test_weekdays_have_windows_of_their_own() -> None:
    plan = SlotPlan(7, NEW_YORK, {0: [Window(600, 660, 60, 1)], 5: [Window(480, 540, 60, 1)]})

    found = [at_place(slot.starts_at, NEW_YORK) for slot in plan_days(plan, first=MONDAY, days=8)]

    assert [f"{one:%a %d %H:%M}" for one in found] == ["Mon 02 10:00", "Sat 07 08:00", "Mon 09 10:00"]


def test_an_exception_takes_the_place_of_the_weekly_plan() -> None:
    usual = [Window(600, 660, 60, 1)]
    plan = SlotPlan(
        7, NEW_YORK, dict.fromkeys(range(7), usual), {MONDAY: [], date(2026, 3, 3): [Window(720, 780, 60, 9)]}
    )

    assert walls(plan, MONDAY) == []
    assert walls(plan, date(2026, 3, 3)) == ["12:00-0500-13:00"]
    assert walls(plan, date(2026, 3, 4)) == ["10:00-0500-11:00"]


@pytest.mark.parametrize(
    ("day", "window", "expected"),
    [
        # The window keeps its wall times on both sides of the change.
        (FORWARD, Window(480, 600, 60, 1), ["08:00-0400-09:00", "09:00-0400-10:00"]),
        (BACK, Window(480, 600, 60, 1), ["08:00-0500-09:00", "09:00-0500-10:00"]),
        # Across it every slot lasts its full hour: one fewer in spring, one more in autumn.
        (FORWARD, Window(0, 240, 60, 1), ["00:00-0500-01:00", "01:00-0500-03:00", "03:00-0400-04:00"]),
        (
            BACK,
            Window(0, 180, 60, 1),
            ["00:00-0400-01:00", "01:00-0400-01:00", "01:00-0500-02:00", "02:00-0500-03:00"],
        ),
        # A wall time that is skipped means the instant of the change.
        (FORWARD, Window(135, 240, 30, 1), ["03:00-0400-03:30", "03:30-0400-04:00"]),
        (FORWARD, Window(60, 150, 30, 1), ["01:00-0500-01:30", "01:30-0500-03:00"]),
        (FORWARD, Window(120, 180, 30, 1), []),
        # One that comes twice means its first.
        (BACK, Window(60, 90, 30, 1), ["01:00-0400-01:30"]),
        (BACK, Window(90, 120, 30, 1), ["01:30-0400-01:00", "01:00-0500-01:30", "01:30-0500-02:00"]),
    ],
)
def test_days_of_clock_changes(day: date, window: Window, expected: list[str]) -> None:
    plan = every_day(window)

    assert walls(plan, day) == expected
    assert {slot.ends_at - slot.starts_at for slot in plan_day(plan, day)} <= {timedelta(minutes=window.slot_minutes)}


@pytest.mark.parametrize(
    ("name", "day", "minutes", "expected"),
    [
        ("Africa/Cairo", date(2026, 4, 24), 0, "2026-04-23T22:00"),  # midnight itself is skipped
        ("Africa/Cairo", date(2026, 4, 24), 30, "2026-04-23T22:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), 135, "2026-10-03T15:30"),  # half an hour only
        ("Europe/London", date(2026, 10, 25), 60, "2026-10-25T00:00"),
        ("Asia/Kathmandu", MONDAY, 0, "2026-03-01T18:15"),
        ("UTC", MONDAY, DAY_MINUTES, "2026-03-03T00:00"),
    ],
)
def test_instants_of_wall_times(name: str, day: date, minutes: int, expected: str) -> None:
    assert f"{wall_instant(day, minutes, zone(name)):%Y-%m-%dT%H:%M}" == expected


ZONES = st.sampled_from(
    [NEW_YORK, "Europe/London", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "Chile/Continental"]
)
DAYS = st.dates(date(2025, 1, 1), date(2029, 12, 31))


@given(ZONES, DAYS, st.lists(st.integers(0, DAY_MINUTES), min_size=2, max_size=9, unique=True), st.integers(1, 240))
def test_slots_never_overlap_and_keep_to_their_day(name: str, day: date, bounds: list[int], length: int) -> None:
    bounds.sort()
    windows = [Window(*pair, length, 1) for pair in pairwise(bounds)]
    plan = SlotPlan(7, name, dict.fromkeys(range(7), windows))
    slots = [*plan_day(plan, day), *plan_day(plan, day + timedelta(days=1))]

    assert all(one.ends_at <= after.starts_at for one, after in pairwise(slots))
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=length) for slot in slots)
    assert all(local_date(slot.starts_at, name) == day for slot in plan_day(plan, day))
    assert planned(plan, [slot.id for slot in slots]) == {slot.id: slot for slot in slots}


@given(st.integers(1, 90_000_000), st.datetimes(datetime(2000, 1, 1), datetime(2150, 1, 1)))  # noqa: DTZ001 - naive bounds
def test_an_id_says_place_and_start(place: int, moment: datetime) -> None:
    start = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    identity = slot_id(place, start)

    assert (place_of(identity), start_of(identity)) == (place, start)
    assert identity < 2**53


def test_ids_that_no_plan_has_are_left_out() -> None:
    plan = every_day(Window(600, 720, 60, 4))
    (first, _) = plan_day(plan, MONDAY)

    strange = [first.id + 30, first.id + 1, slot_id(7, datetime(2026, 3, 2, 3, tzinfo=UTC))]

    assert planned(plan, [*strange, first.id]) == {first.id: first}


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (slot_id(7, datetime(2026, 3, 2, 15, 0, tzinfo=UTC)), False),  # it begins now
        (slot_id(7, datetime(2026, 3, 2, 15, 1, tzinfo=UTC)), True),
        (slot_id(7, datetime(2026, 3, 2, 15, 0, tzinfo=UTC) + timedelta(days=MOST_DAYS)), True),
        (slot_id(7, datetime(2026, 3, 2, 15, 1, tzinfo=UTC) + timedelta(days=MOST_DAYS)), False),
        (0, False),
        (-1, False),
        (2**53, False),
        (2**70, False),
    ],
)
def test_which_ids_are_near_enough_to_be_looked_for(identity: int, *, expected: bool) -> None:
    assert may_be_slot(identity, now=datetime(2026, 3, 2, 15, tzinfo=UTC)) is expected
