"""Which place serves, and why: decisions over frozen values."""

from onebasket.commerce.sourcing.rules.choosing import Candidate, Choice, Need, Shortage, choose_place
from onebasket.commerce.sourcing.rules.nearby import (
    Lacking,
    Nearby,
    NearbyCandidate,
    Standing,
    Whereabouts,
    nearest_with_all,
    places_with_all,
    tell_whereabouts,
)

__all__ = [
    "Candidate",
    "Choice",
    "Lacking",
    "Nearby",
    "NearbyCandidate",
    "Need",
    "Shortage",
    "Standing",
    "Whereabouts",
    "choose_place",
    "nearest_with_all",
    "places_with_all",
    "tell_whereabouts",
]
