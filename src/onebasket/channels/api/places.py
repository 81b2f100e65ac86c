"""Places: loaded and read."""

from django.http import HttpResponse

from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.paging import Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.tokens import require_places
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.places.rules import PlaceChanged, PlaceItem


@endpoint("PUT", "/places", Contract(scope="places:write", body=Batch[PlaceItem], answers={200: Results[ItemResult]}))
def put_places(call: Call) -> HttpResponse:
    """Make or change places: stores, warehouses, partners."""
    items = call.body.items
    require_places(call.caller, {item.code for item in items})
    return results([item.key for item in items], run(lambda: upsert_places(call.caller.source_id, items)))


@endpoint("GET", "/places", Contract(scope="places:read", query=PageQuery, answers={200: Page[PlaceChanged]}))
def list_places(call: Call) -> HttpResponse:
    """List the places that the token reaches, closed ones too, by code."""
    after, limit = after_of(call), call.query.limit
    names = PlaceChanged.__struct_fields__
    rows = [
        PlaceChanged(**{name: getattr(place, name) for name in names})
        for place in sorted(all_places(), key=lambda place: place.code)
        if call.caller.reaches(place.code) and (after is None or place.code > after[0])
    ]
    following = (rows[limit - 1].code, "") if len(rows) > limit else None
    return page(call, rows[:limit], following)
