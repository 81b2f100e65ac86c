"""Reads of places, one statement each."""

from collections.abc import Iterable, Sequence
from typing import Any

from onebasket.base import bulk
from onebasket.commerce.places.rules import PlaceFacts

_SELECT = (
    "SELECT id, code, name, kind, currency, time_zone, day_start_minutes, owner, active FROM places_place"
)  # fmt: skip


def places_by_code(codes: Iterable[str]) -> dict[str, PlaceFacts]:
    """Return the places that these codes name; a code that nobody knows is left out."""
    found = _fetch(f"{_SELECT} WHERE {bulk.in_list('code')}", [bulk.list_parameter(set(codes))])
    return {place.code: place for place in found}


def places_by_id(ids: Iterable[int]) -> dict[int, PlaceFacts]:
    """Return the places of these ids."""
    found = _fetch(f"{_SELECT} WHERE {bulk.in_list('id')}", [bulk.list_parameter(set(ids))])
    return {place.id: place for place in found}


def all_places() -> list[PlaceFacts]:
    """Return every place, retired ones too, by code."""
    return _fetch(f"{_SELECT} ORDER BY code", [])


def _fetch(sql: str, parameters: Sequence[Any]) -> list[PlaceFacts]:
    return [
        PlaceFacts(identity, code, name, kind, currency, time_zone, day_start_minutes, owner, bool(active))
        for identity, code, name, kind, currency, time_zone, day_start_minutes, owner, active in bulk.fetch(
            sql, parameters
        )
    ]
