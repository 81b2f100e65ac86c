"""What a place is, and which statements about one are refused."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.kernel.clock import zone
from onebasket.kernel.money import currencies

Code = Annotated[str, Meta(min_length=1, max_length=64)]


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


class PlaceItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A place as a source states it: ISO 4217 currency, IANA time zone, day start in minutes after local midnight."""

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    currency: str
    time_zone: str
    kind: Literal["store", "warehouse", "partner"] = "store"
    day_start_minutes: Annotated[int, Meta(ge=0, lt=1440)] = 0
    owner: Code = "chain"
    active: bool = True


class PlaceChanged(msgspec.Struct, frozen=True):
    """A place was made or changed, or closed (`active` false)."""

    code: str
    name: str
    kind: str
    currency: str
    time_zone: str
    day_start_minutes: int
    owner: str
    active: bool


EVENTS: dict[str, type[msgspec.Struct]] = {"place.changed": PlaceChanged}
"""The data of each event type that places emit."""


def stated_place(item: PlaceItem) -> PlaceChanged:
    """Return the place as it will stand."""
    return PlaceChanged(
        code=item.code,
        name=item.name,
        kind=item.kind,
        currency=item.currency,
        time_zone=item.time_zone,
        day_start_minutes=item.day_start_minutes,
        owner=item.owner,
        active=item.active,
    )


def place_problem(item: PlaceItem, known: PlaceChanged | None) -> str:
    """Say what is wrong with a statement about a place that may be known already, or nothing."""
    if item.currency not in currencies():
        return f"currency: {item.currency!r} is no ISO 4217 currency code, such as USD."
    if not _is_time_zone(item.time_zone):
        return f"time_zone: {item.time_zone!r} is no IANA time zone, such as America/New_York."
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
