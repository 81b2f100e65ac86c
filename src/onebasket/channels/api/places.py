"""Places: loaded, read, and found by where the asker is."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.paging import Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.problems import refuse
from onebasket.channels.api.tokens import require_places
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.queries import NearbyPlace, find_spots, nearest, stated_places
from onebasket.commerce.places.queries.spots import COORDINATES, coordinates
from onebasket.commerce.places.rules import PlaceAddress, PlaceChanged, PlaceFacts, PlaceItem, Spot
from onebasket.kernel.patterns import exactly

EVERY = 100_000
_FACTS = tuple(name for name in PlaceFacts.__struct_fields__ if name != "id")


class PlaceQuery(PageQuery, frozen=True, kw_only=True):
    """All places by code; or the active stores, nearest first, from where the asker is."""

    near: (
        Annotated[str, Meta(pattern=exactly(COORDINATES), description="Decimal degrees, such as 39.1072,-84.502.")]
        | None
    ) = None
    postcode: (
        Annotated[str, Meta(min_length=1, max_length=120, description="A postcode or a town, such as Columbus, OH.")]
        | None
    ) = None


class PlaceRead(PlaceChanged, frozen=True):
    """A place as it stands; `distance_metres` from where was asked, null where no spot was given."""

    distance_metres: int | None = None


@endpoint("PUT", "/places", Contract(scope="places:write", body=Batch[PlaceItem], answers={200: Results[ItemResult]}))
def put_places(call: Call) -> HttpResponse:
    """Make or change places: stores, warehouses, partners."""
    items = call.body.items
    require_places(call.caller, {item.code for item in items})
    return results([item.key for item in items], run(lambda: upsert_places(call.caller.source_id, items)))


@endpoint("GET", "/places", Contract(scope="places:read", query=PlaceQuery, answers={200: Page[PlaceRead]}))
def list_places(call: Call) -> HttpResponse:
    """List the places that the token reaches, closed ones too, by code.

    With `near` or `postcode` the active stores that have coordinates, nearest first.
    """
    after, query = after_of(call), call.query
    if query.near is None and query.postcode is None:
        rows = [_read(place) for place in stated_places(call.caller.places) if after is None or place.code > after[0]]
        following = (rows[query.limit - 1].code, "") if len(rows) > query.limit else None
        return page(call, rows[: query.limit], following)
    found = nearest(_spot(query), limit=EVERY, codes=call.caller.places)
    met = [(place.distance_metres or 0, place.place.code, place) for place in found]
    if after is not None:
        passed = int(after[0]) if after[0].isdecimal() else 0, after[1]
        met = [one for one in met if one[:2] > passed]
    last = met[query.limit - 1] if len(met) > query.limit else None
    rows = list(_near(place for _, _, place in met[: query.limit]))
    return page(call, rows, (str(last[0]), last[1]) if last else None)


def _spot(query: PlaceQuery) -> Spot:
    if query.near is not None and query.postcode is not None:
        raise refuse(422, "one_of", "Say where by near or by postcode: one of the two.")
    if query.near is not None:
        spot = coordinates(query.near)
        if spot is None:
            raise refuse(422, "unknown_spot", "Latitudes end at 90 degrees, longitudes at 180.")
        return spot
    spots = find_spots(query.postcode or "")
    if not spots:
        raise refuse(422, "unknown_spot", "Nobody here knows where that is. Send near with coordinates instead.")
    return spots[0]


def _read(place: PlaceChanged) -> PlaceRead:
    return PlaceRead(*msgspec.structs.astuple(place))


def _near(found: Iterable[NearbyPlace]) -> Iterable[PlaceRead]:
    for one in found:
        facts = {name: getattr(one.place, name) for name in _FACTS}
        address = {name: getattr(one.address, name) for name in PlaceAddress.__struct_fields__}
        yield PlaceRead(**facts, **address, distance_metres=one.distance_metres)
