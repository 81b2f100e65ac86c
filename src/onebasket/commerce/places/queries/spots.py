"""From a postcode or a town to a spot on the map: the chain's own addresses, and US ZIP codes where they are installed.

The ZIP codes come with the extra `shop` (PyPI `zipcodes`); without it, a shopper finds the towns in which there is a
place.
"""

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from onebasket.base import bulk
from onebasket.commerce.places.rules.distance import DEGREE, Spot, middle

zipcodes: Any = import_module("zipcodes") if find_spec("zipcodes") else None

LONGEST = 120
MOST_SPOTS = 5
_ZIP = re.compile(r"[0-9]{5}(-[0-9]{4})?")
_DEGREES = r"-?[0-9]{1,3}(?:\.[0-9]{1,8})?"
COORDINATES = f"{_DEGREES}, ?{_DEGREES}"
"""How a spot is stated: latitude, longitude, in decimal degrees."""
_SPOT = re.compile(COORDINATES)


def find_spots(text: str) -> list[Spot]:
    """Return the spots that a text may mean, likeliest first, at most five: coordinates, a postcode, a town.

    A town is named alone or with its region (`Columbus, OH`). Of several towns of one name, those where the chain has
    places come first, then the bigger (by number of ZIP codes).
    """
    wanted = " ".join(text.split())
    if not wanted or len(wanted) > LONGEST or "\x00" in wanted:
        return []
    if spot := coordinates(wanted):
        return [spot]
    found = [*_own(wanted), *_known(wanted)]
    named: dict[str, Spot] = {}
    for one in found:
        named.setdefault(one.name.lower(), one)
    return list(named.values())[:MOST_SPOTS]


def coordinates(text: str) -> Spot | None:
    """Return the spot of decimal degrees such as `39.1072,-84.502`; nothing for any other text."""
    if _SPOT.fullmatch(text.strip()) is None:
        return None
    latitude, longitude = (_microdegrees(part) for part in text.split(","))
    if abs(latitude) > 90 * DEGREE or abs(longitude) > 180 * DEGREE:
        return None
    return Spot(latitude, longitude, text.strip())


def _own(text: str) -> list[Spot]:
    """Return where the chain has places of this postcode or town; case does not count, in any script."""
    wanted = text.casefold()
    town, region = _parts(wanted)
    sql = "SELECT city, region, postcode, latitude, longitude FROM places_place WHERE active AND latitude IS NOT NULL"
    groups: dict[str, list[Spot]] = {}
    for city, where, postcode, latitude, longitude in bulk.fetch(sql):
        if postcode.casefold() == wanted:
            groups.setdefault(postcode, []).append(Spot(latitude, longitude))
        elif city.casefold() == town and region in {"", where.casefold()}:
            groups.setdefault(_name(city, where), []).append(Spot(latitude, longitude))
    return list(_by_size(groups))


def _parts(text: str) -> tuple[str, str]:
    """Return the town and the region of `town, region`."""
    town, _, region = text.partition(",")
    return town.strip(), region.strip()


def _known(text: str) -> list[Spot]:
    if zipcodes is None:
        return []
    if _ZIP.fullmatch(text):
        return [Spot(*_degrees(row), text) for row in zipcodes.matching(text)[:1] if _is_town(row)]
    town, region = _parts(text)
    wanted = {"city": town.title()} | ({"state": region.upper()} if region else {})
    groups: dict[str, list[Spot]] = {}
    for row in filter(_is_town, zipcodes.filter_by(**wanted)):
        groups.setdefault(_name(row["city"], row["state"]), []).append(Spot(*_degrees(row)))
    return list(_by_size(groups))


def _is_town(row: Mapping[str, str]) -> bool:
    """Whether a ZIP code is of a town: not of a fleet or a base abroad, of which the list has no spot."""
    return row["zip_code_type"] != "MILITARY"


def _by_size(groups: Mapping[str, list[Spot]]) -> Iterable[Spot]:
    """Give the middle of each group, the biggest first."""
    for name, spots in sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        yield middle(spots, name=name)


def _name(city: str, region: str) -> str:
    return f"{city}, {region}" if region else city


def _degrees(row: Mapping[str, str]) -> tuple[int, int]:
    return _microdegrees(row["lat"]), _microdegrees(row["long"])


def _microdegrees(text: str) -> int:
    return round(float(text) * DEGREE)
