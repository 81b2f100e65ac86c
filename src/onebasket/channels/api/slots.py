"""Collection slots: what a place offers, and the plans that it comes from."""

from datetime import datetime
from typing import Annotated

import msgspec
from django.http import HttpResponse
from msgspec import Meta
from ninja import Path

from onebasket.base.clock import database_now
from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.paging import Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.problems import unknown
from onebasket.channels.api.tokens import require_places
from onebasket.commerce.places.queries import all_places, places_by_code
from onebasket.commerce.slots.actions import set_slot_exceptions, set_slot_plans
from onebasket.commerce.slots.queries import open_slots, stated_plans
from onebasket.commerce.slots.rules.messages import SlotExceptionItem, SlotPlanItem, StatedPlan
from onebasket.commerce.slots.rules.planning import MOST_DAYS, at_place

PathCode = Annotated[str, Path(min_length=1, max_length=64)]
"""A place's code in a path."""


class SlotsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how many days, from today on by the place's own clock."""

    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)] = 7


class SlotRead(msgspec.Struct, frozen=True):
    """A slot: half-open in time, as the place's clock shows it; taken before `order_until`; `free` may be zero."""

    id: int
    starts_at: datetime
    ends_at: datetime
    order_until: datetime
    capacity: int
    free: int


class PlaceSlots(msgspec.Struct, frozen=True):
    """The slots of a place that may be taken yet, full ones too, in order of time."""

    place: str
    time_zone: str
    slots: tuple[SlotRead, ...]


@endpoint(
    "GET",
    "/places/{place}/slots",
    Contract(scope="storefront", query=SlotsQuery, answers={200: PlaceSlots}, errors=(404,)),
)
def list_slots(call: Call, place: PathCode) -> HttpResponse:
    """List a place's collection slots.

    What is free is good for showing. Taking a slot for a basket is decided when it is asked for, and may be refused.
    """
    # No code holds a NUL character, which PostgreSQL could not even compare.
    found = None if "\x00" in place else places_by_code([place]).get(place)
    if found is None or not call.caller.reaches(place):
        raise unknown("place")
    slots = open_slots(found, now=database_now(), days=call.query.days)
    name = found.time_zone
    rows = tuple(
        SlotRead(
            one.id, at_place(one.starts_at, name), at_place(one.ends_at, name), at_place(one.order_until, name),
            one.capacity, one.free,
        )
        for one in slots
    )  # fmt: skip
    return reply(PlaceSlots(place, name, rows))


@endpoint(
    "PUT", "/slots/plans", Contract(scope="places:write", body=Batch[SlotPlanItem], answers={200: Results[ItemResult]})
)
def put_slot_plans(call: Call) -> HttpResponse:
    """State when places hand out, by weekday; each plan is whole and takes the place of the one before.

    Slots that are taken keep their times and their takers; their room follows, also to none.
    """
    items = call.body.items
    require_places(call.caller, {item.place for item in items})
    return results([item.key for item in items], run(lambda: set_slot_plans(call.caller.source_id, items)))


@endpoint(
    "PUT",
    "/slots/exceptions",
    Contract(scope="places:write", body=Batch[SlotExceptionItem], answers={200: Results[ItemResult]}),
)
def put_slot_exceptions(call: Call) -> HttpResponse:
    """State dates on which other windows hold than the weekly plan's, or none: the place hands nothing out."""
    items = call.body.items
    require_places(call.caller, {item.place for item in items})
    return results([item.key for item in items], run(lambda: set_slot_exceptions(call.caller.source_id, items)))


@endpoint("GET", "/slots/plans", Contract(scope="places:read", query=PageQuery, answers={200: Page[StatedPlan]}))
def list_slot_plans(call: Call) -> HttpResponse:
    """List the plans of places that hand out by slots, with the exceptions from today on, by place code."""
    after, limit = after_of(call), call.query.limit
    reached = [place for place in all_places() if call.caller.reaches(place.code)]
    rows = stated_plans([place for place in reached if after is None or place.code > after[0]], now=database_now())
    following = (rows[limit - 1].place, "") if len(rows) > limit else None
    return page(call, rows[:limit], following)
