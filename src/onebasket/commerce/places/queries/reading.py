"""Places by code and id: what every batch reads, and the whole as it was stated."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from onebasket.base import bulk
from onebasket.base.columns import Row
from onebasket.commerce.places.rules import OpeningHours, PlaceChanged, PlaceFacts

FACTS = "id, code, name, kind, currency, time_zone, day_start_minutes, owner, active"
_SELECT = f"SELECT {FACTS} FROM places_place"  # noqa: S608 - constants
PLACE_COLUMNS = ", ".join(f"p.{name}" for name in FACTS.split(", "))
"""What `facts` reads, for statements that join the table of places as `p`."""
ADDRESS = "street, city, postcode, region, country, phone, latitude, longitude, opening_hours"
_hours = msgspec.json.Decoder(tuple[OpeningHours, ...]).decode


def places_by_code(codes: Iterable[str]) -> dict[str, PlaceFacts]:
    """Return the places that these codes name; a code that nobody knows is left out."""
    return ask_places(codes)()


def ask_places(codes: Iterable[str]) -> bulk.Later[dict[str, PlaceFacts]]:
    """Ask for the places that these codes name; nothing is asked where there is no code."""
    wanted = set(codes)
    asked = bulk.ask(f"{_SELECT} WHERE {bulk.in_list('code')}", [bulk.list_parameter(wanted)]) if wanted else None
    return lambda: {place.code: place for place in map(facts, asked.rows())} if asked else {}


def places_by_id(ids: Iterable[int]) -> dict[int, PlaceFacts]:
    """Return the places of these ids."""
    found = _fetch(f"{_SELECT} WHERE {bulk.in_list('id')}", [bulk.list_parameter(set(ids))])
    return {place.id: place for place in found}


def all_places() -> list[PlaceFacts]:
    """Return every place, retired ones too, by code."""
    return _fetch(f"{_SELECT} ORDER BY code", [])


def stated_places(codes: Iterable[str] | None = None) -> list[PlaceChanged]:
    """Return places whole, as they stand, by code: those of these codes, or every one, retired ones too."""
    where, parameters = "", []
    if codes is not None:
        where, parameters = f" WHERE {bulk.in_list('code')}", [bulk.list_parameter(set(codes))]
    sql = f"SELECT {FACTS}, {ADDRESS} FROM places_place{where} ORDER BY code"  # noqa: S608 - constants
    return [PlaceChanged(*[*row[1:8], bool(row[8]), *row[9:17], hours(row[17])]) for row in bulk.fetch(sql, parameters)]


def hours(fetched: object) -> tuple[OpeningHours, ...]:
    """Return opening hours out of their column: JSON text on both databases."""
    return _hours(str(fetched))


def facts(row: Row) -> PlaceFacts:
    """Return a place out of its first nine columns."""
    return PlaceFacts(*[*row[:8], bool(row[8])])


def _fetch(sql: str, parameters: Sequence[Any]) -> list[PlaceFacts]:
    return [facts(row) for row in bulk.fetch(sql, parameters)]
