"""How far apart two spots are, in whole metres."""

from math import asin, cos, radians, sin, sqrt

import msgspec

DEGREE = 1_000_000
EARTH_METRES = 6_371_009
"""The mean radius (2a + b) / 3 of the WGS 84 ellipsoid, IUGG."""


class Spot(msgspec.Struct, frozen=True, gc=False):
    """A spot on the map in millionths of a degree, and how people name it."""

    latitude: int
    longitude: int
    name: str = ""


def distance_metres(one: Spot, other: Spot) -> int:
    """Return the great-circle distance of two spots by the haversine formula; within 0.6 % of the ellipsoid's."""
    south, north = radians(one.latitude / DEGREE), radians(other.latitude / DEGREE)
    up = sin((north - south) / 2) ** 2
    along = sin(radians((other.longitude - one.longitude) / DEGREE) / 2) ** 2
    half = min(1.0, up + cos(south) * cos(north) * along)
    return round(2 * EARTH_METRES * asin(sqrt(half)))


def middle(spots: list[Spot], *, name: str = "") -> Spot:
    """Return the mean of spots that lie close together: of one town, say."""
    count = len(spots)
    return Spot(sum(s.latitude for s in spots) // count, sum(s.longitude for s in spots) // count, name)
