"""Which statements about places are refused, when they are open, and how far apart they are."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.places.rules import (
    OpeningHours,
    PlaceItem,
    Spot,
    distance_metres,
    hours_of,
    is_open,
    place_problem,
    stated_place,
)
from onebasket.commerce.places.rules.hours import clock_text, minutes_of

EARLY, LATE = OpeningHours("monday", "06:00", "12:00"), OpeningHours("monday", "13:30", "24:00")
SUNDAY = OpeningHours("sunday", "00:00", "01:00")


def place(**changes: object) -> PlaceItem:
    stated = {"key": "k", "code": "s1", "name": "One", "currency": "USD", "time_zone": "America/New_York"}
    return PlaceItem(**(stated | changes))  # type: ignore[arg-type] # a table of fields


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"currency": "usd"}, "currency: 'usd' is no ISO 4217 currency code, such as USD."),
        ({"time_zone": "Mars/Base"}, "time_zone: 'Mars/Base' is no IANA time zone, such as America/New_York."),
        ({"time_zone": ""}, "time_zone: '' is no IANA time zone, such as America/New_York."),
        ({"time_zone": "../../etc"}, "time_zone: '../../etc' is no IANA time zone, such as America/New_York."),
        ({"time_zone": "America"}, "time_zone: 'America' is no IANA time zone, such as America/New_York."),
        ({"latitude": 1}, "latitude, longitude: state both or neither."),
        ({"longitude": 0}, "latitude, longitude: state both or neither."),
        ({"latitude": 0, "longitude": 0}, ""),
        ({"opening_hours": (EARLY, LATE, SUNDAY)}, ""),
        ({"opening_hours": (EARLY, OpeningHours("monday", "12:00", "13:30"), LATE)}, ""),
        (
            {"opening_hours": (OpeningHours("friday", "12:00", "12:00"),)},
            "opening_hours: friday closes at 12:00, which is not after 12:00.",
        ),
        (
            {"opening_hours": (LATE, OpeningHours("monday", "11:00", "13:31"))},
            "opening_hours: hours of monday overlap.",
        ),
    ],
)
def test_what_is_wrong_with_a_place(changes: dict[str, object], problem: str) -> None:
    assert place_problem(place(**changes), None) == problem


def test_the_currency_of_a_place_stands() -> None:
    known = stated_place(place())

    assert place_problem(place(name="Uno"), known) == ""
    assert place_problem(place(currency="CAD"), known) == (
        "currency: s1 trades in USD, and what is booked there is counted in it. "
        "Close the place and open one with another code."
    )


def test_hours_of_a_date() -> None:
    assert hours_of((LATE, SUNDAY, EARLY), date(2026, 3, 2)) == [("06:00", "12:00"), ("13:30", "24:00")]
    assert hours_of((LATE, SUNDAY, EARLY), date(2026, 3, 3)) == []


@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [(10, 59, False), (11, 0, True), (16, 59, True), (17, 0, False), (18, 30, True), (28, 59, True), (29, 0, False)],
)
def test_open_by_the_places_own_clock(hour: int, minute: int, *, expected: bool) -> None:
    """Monday 2 March in New York, five hours behind UTC."""
    instant = datetime(2026, 3, 2 + hour // 24, hour % 24, minute, tzinfo=UTC)

    assert is_open((EARLY, LATE), instant, "America/New_York") is expected
    assert is_open((), instant, "America/New_York") is False


@given(st.integers(0, 1440))
def test_clock_times_are_read_as_written(minutes: int) -> None:
    assert minutes_of(clock_text(minutes)) == minutes


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        (Spot(39_107_200, -84_502_000), Spot(39_107_200, -84_502_000), 0),
        (Spot(0, 0), Spot(0, 1), 0),
        (Spot(0, 0), Spot(0, 1_000_000), 111_195),  # a degree along the equator: 2πR / 360
        (Spot(0, 0), Spot(1_000_000, 0), 111_195),
        (Spot(0, 179_000_000), Spot(0, -179_000_000), 222_390),  # over the date line
        (Spot(90_000_000, 0), Spot(-90_000_000, 0), 20_015_115),  # from pole to pole: πR
        (Spot(0, 0), Spot(0, 180_000_000), 20_015_115),
        (Spot(39_961_200, -82_998_800), Spot(39_103_100, -84_512_000), 161_072),  # Columbus to Cincinnati
    ],
)
def test_distances(one: Spot, other: Spot, metres: int) -> None:
    assert distance_metres(one, other) == metres
    assert distance_metres(other, one) == metres


SPOTS = st.builds(Spot, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))


@given(SPOTS, SPOTS, SPOTS)
def test_a_detour_is_never_shorter(one: Spot, other: Spot, third: Spot) -> None:
    straight = distance_metres(one, other)

    assert 0 <= straight <= 20_015_116
    assert straight <= distance_metres(one, third) + distance_metres(third, other) + 2
