"""News by position: whoever reads on from the last position has missed nothing and been overtaken by nothing."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from django.db.models import Min, Q
from django.http import HttpResponse
from msgspec import Meta

from onebasket.base.cloudevents import TYPE_PREFIX, envelope
from onebasket.base.models import Event
from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.bodies import unfit
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.problems import refuse
from onebasket.channels.api.tokens import Caller
from onebasket.commerce.hotpath.rules import EVENTS
from onebasket.kernel.patterns import exactly

BATCH = "application/cloudevents-batch+json"
LARGEST_POSITION = 2**63 - 1
_encode = msgspec.json.Encoder().encode
TYPE_SCHEMA = {"type": "string", "enum": sorted(EVENTS)}
"""An event type, for the document: messages keep it as text, so that an unknown one is refused by its name."""
_TYPE = f"({re.escape(TYPE_PREFIX)})?({'|'.join(re.escape(name) for name in sorted(EVENTS))})"
TYPES_SCHEMA = {"pattern": exactly(f"{_TYPE}(,{_TYPE})*")}
"""Types split by commas, for the document alone, likewise."""


class EventQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events: those after a position, of all types or of these (split by commas), at most so many."""

    after: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=LARGEST_POSITION,
                description="The last position that was read; not stated, from the oldest event that is kept.",
            ),
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=500, description="At most so many events.")] = 100
    types: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="Types such as order.placed,order.cancelled, with or without com.onebasket.",
                extra_json_schema=TYPES_SCHEMA,
            ),
        ]
        | None
    ) = None


class CloudEvent(msgspec.Struct, frozen=True):
    """An event in the envelope of CloudEvents 1.0; `position` is an extension attribute, and the cursor."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    position: int
    data: dict[str, Any]


@endpoint(
    "GET",
    "/events",
    Contract(scope="events:read", query=EventQuery, answers={200: list[CloudEvent]}, media_type=BATCH, errors=(410,)),
)
def list_events(call: Call) -> HttpResponse:
    """Read events after a position, in the order of their positions.

    Keep the position of the last event and ask again after it. Events of one subject keep their order. A token that is
    bound to places sees theirs, and what belongs to no place (products, chain prices); customers only with the scope
    customers:read.

    Where events after the position were deleted for their age, the answer is 410 (`pruned`) with the `oldest` position
    that is kept: read the state anew, then go on after the position before it.
    """
    query = call.query
    rows = Event.objects.filter(_seen_by(call.caller), position__gt=query.after or 0)
    if query.types is not None:
        types = [name.removeprefix(TYPE_PREFIX) for name in query.types.split(",")]
        require_types(("types", name) for name in types)
        rows = rows.filter(type__in=types)
    events = [envelope(event) for event in rows.order_by("position")[: query.limit]]
    if query.after is not None:
        _require_kept(query.after)
    return HttpResponse(_encode(events), content_type=BATCH)


def _require_kept(after: int) -> None:
    """Refuse to pass over what was deleted: positions have no gaps. Asked after the reading, as deletion goes on."""
    oldest = Event.objects.filter(position__gt=after).aggregate(oldest=Min("position"))["oldest"]
    if oldest is not None and oldest > after + 1:
        detail = f"Events after {after} were deleted for their age; the oldest one kept has the position {oldest}."
        raise refuse(410, "pruned", detail, oldest=oldest)


def _seen_by(caller: Caller) -> Q:
    seen = Q() if caller.places is None else Q(place_code__in=["", *sorted(caller.places)])
    return seen if "customers:read" in caller.token.scopes else seen & ~Q(type__startswith="customer.")


def require_types(stated: Iterable[tuple[str, str]]) -> None:
    """Refuse the first (field, type) that no event has: whoever waits for it would wait for ever."""
    for field, name in stated:
        if name not in EVENTS:
            raise unfit(field, f"There is no event type {name[:48]!r}; docs/api/events.md lists them")
