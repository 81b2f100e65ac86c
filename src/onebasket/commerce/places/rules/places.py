"""What a place is, and which statements about one are refused."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.commerce.places.rules.hours import MOST_HOURS, OpeningHours, hours_problem
from onebasket.kernel.clock import zone
from onebasket.kernel.money import currencies
from onebasket.kernel.patterns import exactly

Code = Annotated[str, Meta(min_length=1, max_length=64)]
Latitude = Annotated[int, Meta(ge=-90_000_000, le=90_000_000)]
Longitude = Annotated[int, Meta(ge=-180_000_000, le=180_000_000)]
Country = Annotated[str, Meta(pattern=exactly("([A-Z]{2})?"), description="ISO 3166-1 alpha-2, such as US.")]


class PlaceFacts(msgspec.Struct, frozen=True, gc=False):
    """A place as every batch reads it; `day_start_minutes` after local midnight."""

    id: int
    code: str
    name: str
    kind: str
    currency: str
    time_zone: str
    day_start_minutes: int
    owner: str
    active: bool


class PlaceAddress(msgspec.Struct, frozen=True):
    """Where shoppers find a place, and when it is open; coordinates in millionths of a degree, both or neither."""

    street: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    latitude: int | None = None
    longitude: int | None = None
    opening_hours: tuple[OpeningHours, ...] = ()


class PlaceItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A place as a source states it: ISO 4217 currency, IANA time zone, day start in minutes after local midnight.

    Coordinates are millionths of a degree (WGS 84), both or neither. What is left out is empty, also where it was
    stated before.
    """

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    currency: str
    time_zone: str
    kind: Literal["store", "warehouse", "partner"] = "store"
    day_start_minutes: Annotated[int, Meta(ge=0, lt=1440)] = 0
    owner: Code = "chain"
    active: bool = True
    street: Annotated[str, Meta(max_length=200)] = ""
    city: Annotated[str, Meta(max_length=120)] = ""
    postcode: Annotated[str, Meta(max_length=16)] = ""
    region: Annotated[str, Meta(max_length=120)] = ""
    country: Country = ""
    phone: Annotated[str, Meta(max_length=40)] = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    opening_hours: Annotated[tuple[OpeningHours, ...], Meta(max_length=MOST_HOURS)] = ()


class PlaceChanged(msgspec.Struct, frozen=True):
    """A place was made or changed, or closed (`active` false); coordinates in millionths of a degree."""

    code: str
    name: str
    kind: str
    currency: str
    time_zone: str
    day_start_minutes: int
    owner: str
    active: bool
    street: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    latitude: int | None = None
    longitude: int | None = None
    opening_hours: tuple[OpeningHours, ...] = ()


EVENTS: dict[str, type[msgspec.Struct]] = {"place.changed": PlaceChanged}
"""The data of each event type that places emit."""


def stated_place(item: PlaceItem) -> PlaceChanged:
    """Return the place as it will stand."""
    return PlaceChanged(*(getattr(item, name) for name in PlaceChanged.__struct_fields__))


def place_problem(item: PlaceItem, known: PlaceChanged | None) -> str:
    """Say what is wrong with a statement about a place that may be known already, or nothing."""
    if item.currency not in currencies():
        return f"currency: {item.currency!r} is no ISO 4217 currency code, such as USD."
    if not _is_time_zone(item.time_zone):
        return f"time_zone: {item.time_zone!r} is no IANA time zone, such as America/New_York."
    if (item.latitude is None) != (item.longitude is None):
        return "latitude, longitude: state both or neither."
    if problem := hours_problem(item.opening_hours):
        return problem
    if known is not None and known.currency != item.currency:
        return (
            f"currency: {item.code} trades in {known.currency}, and what is booked there is counted in it. "
            "Close the place and open one with another code."
        )
    return ""


def _is_time_zone(name: str) -> bool:
    try:
        zone(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
