"""Where the demo's stores lie and when they are open: made up, because the data does not say, and labelled so.

The stores stand on ZIP codes of Ohio around Cincinnati: the busiest of the year in the middle, the others farther out,
no two on one ZIP code and none within 3 km of another. A store has the same spot in every slice of the data.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import zipcodes

from onebasket.commerce.places.rules import WEEKDAYS, OpeningHours, Spot, distance_metres
from onebasket.commerce.places.rules.distance import DEGREE
from onebasket.commerce.slots.rules.messages import WeeklyWindow

REGION, COUNTRY = "OH", "US"
MIDDLE = "45202"
APART_METRES = 3_000
LABEL = "Illustrative location"
"""Stands where a street would: no shopper takes the spot for a real store's."""

_HOURS = (("06:00", "23:00", "22:00"), ("00:00", "24:00", "24:00"), ("07:00", "22:00", "20:00"))
_ROOM = (8, 12, 6)
"""Opens, closes, and closes on Sundays; orders a collection slot: one of three sorts of store."""


class StoreSpot(msgspec.Struct, frozen=True):
    """A ZIP code's town and coordinates, in millionths of a degree."""

    postcode: str
    city: str
    latitude: int
    longitude: int


def locate(stores: Sequence[int]) -> dict[int, StoreSpot]:
    """Return a spot for each store, given busiest first."""
    return dict(zip(stores, _spots(len(stores)), strict=True))


@lru_cache(maxsize=1)
def _spots(count: int) -> tuple[StoreSpot, ...]:
    """Return so many ZIP codes from the middle outwards, each at least 3 km from those before it."""
    find: Any = zipcodes.filter_by  # the package does not state its types
    rows = find(state=REGION, zip_code_type="STANDARD", active=True)
    spots = [StoreSpot(row["zip_code"], row["city"], _degrees(row["lat"]), _degrees(row["long"])) for row in rows]
    (middle,) = [_on_map(spot) for spot in spots if spot.postcode == MIDDLE]
    spots.sort(key=lambda spot: (distance_metres(middle, _on_map(spot)), spot.postcode))
    taken: list[StoreSpot] = []
    for spot in spots:
        if len(taken) == count:
            break
        if all(distance_metres(_on_map(spot), _on_map(other)) >= APART_METRES for other in taken):
            taken.append(spot)
    return tuple(taken)


def opening_hours(store: int) -> tuple[OpeningHours, ...]:
    """Return when a store is open: one of three sorts, by its number."""
    opens, closes, on_sunday = _HOURS[store % len(_HOURS)]
    return tuple(OpeningHours(day, opens, on_sunday if day == "sunday" else closes) for day in WEEKDAYS)


def slot_windows(store: int) -> tuple[WeeklyWindow, ...]:
    """Return when a store hands out: by the hour from 9 to 20, on Sundays from 11 to 18, two hours after the order."""
    room = _ROOM[store % len(_ROOM)]
    return tuple(
        WeeklyWindow(
            day, "11:00" if day == "sunday" else "09:00", "18:00" if day == "sunday" else "20:00", 60, room, 120
        )
        for day in WEEKDAYS
    )


def _on_map(spot: StoreSpot) -> Spot:
    return Spot(spot.latitude, spot.longitude)


def _degrees(text: str) -> int:
    return round(float(text) * DEGREE)
