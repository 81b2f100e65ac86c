"""Returns: goods taken back, and what was paid back for them."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import commit
from onebasket.channels.api.contract import Contract, without_key
from onebasket.channels.api.fields import PlaceCode, Since, instant
from onebasket.channels.api.metering import count_outcomes
from onebasket.channels.api.paging import Page, PageQuery, after_of, page
from onebasket.channels.api.problems import refuse
from onebasket.channels.api.tokens import narrow_to, require_places
from onebasket.commerce.fulfilment.actions import ReturnCall
from onebasket.commerce.fulfilment.queries.reading import ReturnFilter, ReturnRead, read_returns
from onebasket.commerce.fulfilment.rules.messages import (
    ReturnAccepted,
    ReturnConflict,
    ReturnOutcome,
    ReturnRequest,
)

ReturnBody: Any = without_key(ReturnRequest, "ReturnBody")
OrderId = Annotated[UUID, Meta(description="The id of the order that goods came back of.")]


class ReturnQuery(PageQuery, frozen=True, kw_only=True):
    """Which returns."""

    place: PlaceCode | None = None
    order: OrderId | None = None
    since: Since | None = None


@endpoint(
    "POST", "/returns", Contract(scope="returns:write", body=ReturnBody, answers={200: ReturnAccepted}, key=True)
)  # fmt: skip
def take_back(call: Call) -> HttpResponse:
    """Take goods back at a place, and pay back what was paid for them.

    Of an order that was handed over (at any place of the chain), of a till's receipt, or without either, by the lowest
    recent price and as store credit. A refusal is a problem with its `code`. The code of store credit is in the first
    answer alone: the same key again gets the same answer without it.
    """
    request = ReturnRequest(call.key, *msgspec.structs.astuple(call.body))
    require_places(call.caller, {request.place})
    asked = ReturnCall(call.caller.source_id, request, call.caller.places)
    outcomes = commit("returns", [asked], weights=[len(request.lines)])
    count_outcomes("return", outcomes)
    outcome: ReturnOutcome = outcomes[0]
    if isinstance(outcome, ReturnAccepted):
        return reply(outcome)
    if isinstance(outcome, ReturnConflict):
        raise refuse(409, "key_conflict", outcome.message)
    raise refuse(422, outcome.code, outcome.message)


@endpoint("GET", "/returns", Contract(scope="returns:read", query=ReturnQuery, answers={200: Page[ReturnRead]}))
def list_returns(call: Call) -> HttpResponse:
    """List returns, the newest first, with their lines and how they were paid back."""
    query = call.query
    narrow_to(call.caller, query.place)
    wanted = ReturnFilter(query.place or "", query.order, instant(query.since))
    return page(call, *read_returns(call.caller.places, wanted, after=after_of(call), limit=query.limit))
