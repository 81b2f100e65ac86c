"""Reads of places, one statement each."""

from onebasket.commerce.places.queries.finding import NearbyPlace, addresses_of, nearest, search_places
from onebasket.commerce.places.queries.reading import (
    PLACE_COLUMNS,
    all_places,
    ask_places,
    facts,
    places_by_code,
    places_by_id,
    stated_places,
)
from onebasket.commerce.places.queries.spots import find_spots

__all__ = [
    "PLACE_COLUMNS",
    "NearbyPlace",
    "addresses_of",
    "all_places",
    "ask_places",
    "facts",
    "find_spots",
    "nearest",
    "places_by_code",
    "places_by_id",
    "search_places",
    "stated_places",
]
