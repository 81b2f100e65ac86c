"""What a place is, where it lies and when it is open; which statements about one are refused."""

from onebasket.commerce.places.rules.distance import Spot, distance_metres
from onebasket.commerce.places.rules.hours import WEEKDAYS, OpeningHours, hours_of, is_open
from onebasket.commerce.places.rules.places import (
    EVENTS,
    Code,
    PlaceAddress,
    PlaceChanged,
    PlaceFacts,
    PlaceItem,
    place_problem,
    stated_place,
)

__all__ = [
    "EVENTS",
    "WEEKDAYS",
    "Code",
    "OpeningHours",
    "PlaceAddress",
    "PlaceChanged",
    "PlaceFacts",
    "PlaceItem",
    "Spot",
    "distance_metres",
    "hours_of",
    "is_open",
    "place_problem",
    "stated_place",
]
