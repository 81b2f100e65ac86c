"""Reads for choosing places: what nearby ones have."""

from onebasket.commerce.sourcing.queries.nearby import (
    LOOKED_AT,
    NearbyFindings,
    NearbyStock,
    PlaceWithAll,
    Wanted,
    nearby_with_all,
    stock_near,
    whereabouts,
)

__all__ = [
    "LOOKED_AT",
    "NearbyFindings",
    "NearbyStock",
    "PlaceWithAll",
    "Wanted",
    "nearby_with_all",
    "stock_near",
    "whereabouts",
]
