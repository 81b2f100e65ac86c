"""The store finder: which places are near, what they are called, and where."""

from collections.abc import Iterable
from typing import Any

import msgspec

from onebasket.base import bulk
from onebasket.base.columns import Row
from onebasket.commerce.places.queries.reading import ADDRESS, facts, hours
from onebasket.commerce.places.rules import PlaceAddress, PlaceFacts, Spot, distance_metres

MOST_FOUND = 500
_COLUMNS = f"id, code, name, kind, currency, time_zone, day_start_minutes, owner, active, {ADDRESS}"
_SELECT = f"SELECT {_COLUMNS} FROM places_place"  # noqa: S608 - constants


class NearbyPlace(msgspec.Struct, frozen=True):
    """A place with its address; `distance_metres` from where was asked, or nothing where no spot was given."""

    place: PlaceFacts
    address: PlaceAddress
    distance_metres: int | None = None


def addresses_of(ids: Iterable[int]) -> dict[int, PlaceAddress]:
    """Return where places are and when they are open, by place id."""
    return {identity: _address(row) for identity, row in _whole(ids).items()}


def nearest(spot: Spot, *, limit: int, kind: str = "store", codes: Iterable[str] | None = None) -> list[NearbyPlace]:
    """Return the active places of a kind that have coordinates, nearest first; ties by code.

    `codes` narrows them to places that the asker may see. Two statements; distances are worked out for all of them,
    which takes about 2 µs a place.
    """
    parameters: list[Any]
    where, parameters = "active AND kind = %s AND latitude IS NOT NULL", [kind]
    if codes is not None:
        where, parameters = f"{where} AND {bulk.in_list('code')}", [kind, bulk.list_parameter(set(codes))]
    # Distances first, on bare rows: of a big chain few are shown.
    sql = f"SELECT id, code, latitude, longitude FROM places_place WHERE {where}"  # noqa: S608 - constants
    far = sorted(
        (distance_metres(spot, Spot(latitude, longitude)), code, identity)
        for identity, code, latitude, longitude in bulk.fetch(sql, parameters)
    )[: max(0, limit)]
    rows = _whole(identity for _, _, identity in far)
    return [
        NearbyPlace(facts(rows[identity]), _address(rows[identity]), metres)
        for metres, _, identity in far
        if identity in rows
    ]


def search_places(
    text: str, *, limit: int = 50, kind: str = "store", codes: Iterable[str] | None = None
) -> list[NearbyPlace]:
    """Return active places with a word in name or city that begins so, or such a postcode or code; all without a text.

    By name, then code. Case does not count, in any script: so texts are compared here and not by the database.
    """
    wanted = " ".join(text.split()).casefold()
    allowed = None if codes is None else set(codes)
    sql = "SELECT id, code, name, city, postcode FROM places_place WHERE active AND kind = %s"
    met = sorted(
        (name, code, identity)
        for identity, code, name, city, postcode in bulk.fetch(sql, [kind])
        if (allowed is None or code in allowed) and _means(wanted, code, name, city, postcode)
    )[: max(0, min(limit, MOST_FOUND))]
    rows = _whole(identity for _, _, identity in met)
    return [NearbyPlace(facts(rows[one]), _address(rows[one])) for _, _, one in met if one in rows]


def _means(wanted: str, code: str, *texts: str) -> bool:
    return code.casefold() == wanted or any(f" {wanted}" in f" {text.casefold()}" for text in texts)


def _whole(ids: Iterable[int]) -> dict[int, Row]:
    found = bulk.fetch(f"{_SELECT} WHERE {bulk.in_list('id')}", [bulk.list_parameter(set(ids))])
    return {row[0]: row for row in found}


def _address(row: Row) -> PlaceAddress:
    return PlaceAddress(*[*row[9:17], hours(row[17])])
