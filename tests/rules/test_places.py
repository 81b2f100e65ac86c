"""Which statements about places are refused."""

import pytest

from onebasket.commerce.places.rules import PlaceItem, place_problem, stated_place


def place(**changes: str) -> PlaceItem:
    stated = {"key": "k", "code": "s1", "name": "One", "currency": "USD", "time_zone": "America/New_York"}
    return PlaceItem(**(stated | changes))  # type: ignore[arg-type] # a table of text fields


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"currency": "usd"}, "currency: 'usd' is no ISO 4217 currency code, such as USD."),
        ({"time_zone": "Mars/Base"}, "time_zone: 'Mars/Base' is no IANA time zone, such as America/New_York."),
        ({"time_zone": ""}, "time_zone: '' is no IANA time zone, such as America/New_York."),
        ({"time_zone": "../../etc"}, "time_zone: '../../etc' is no IANA time zone, such as America/New_York."),
        ({"time_zone": "America"}, "time_zone: 'America' is no IANA time zone, such as America/New_York."),
    ],
)
def test_what_is_wrong_with_a_place(changes: dict[str, str], problem: str) -> None:
    assert place_problem(place(**changes), None) == problem


def test_the_currency_of_a_place_stands() -> None:
    known = stated_place(place())

    assert place_problem(place(name="Uno"), known) == ""
    assert place_problem(place(currency="CAD"), known) == (
        "currency: s1 trades in USD, and what is booked there is counted in it. "
        "Close the place and open one with another code."
    )
