"""Holds: a basket's promise, taken for a while and given back."""

from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse

from onebasket.channels.api.application import Call, endpoint, nothing, reply
from onebasket.channels.api.committing import commit
from onebasket.channels.api.contract import Contract, without_key
from onebasket.channels.api.metering import count_outcomes
from onebasket.channels.api.problems import ProblemError, problem, refuse, unknown
from onebasket.channels.api.tokens import require_places
from onebasket.commerce.hotpath.actions import ReleaseCall
from onebasket.commerce.orders.rules.messages import Shortfall
from onebasket.commerce.stock.actions.holds import HoldCall
from onebasket.commerce.stock.queries.reading import is_hold_of
from onebasket.commerce.stock.rules.messages import HoldPlaced, HoldRequest, KeyConflict

HoldBody: Any = without_key(HoldRequest, "HoldBody")
LINES_A_RELEASE = 5


@endpoint("POST", "/holds", Contract(scope="orders:write", body=HoldBody, answers={201: HoldPlaced}, key=True))
def hold_stock(call: Call) -> HttpResponse:
    """Hold stock for a basket.

    All lines or none, at one place, for so many seconds. An order that names the hold takes its promise over.
    """
    request = HoldRequest(call.key, *msgspec.structs.astuple(call.body))
    require_places(call.caller, {request.place})
    outcomes = commit("holds", [HoldCall(call.caller.source_id, request)], weights=[len(request.lines)])
    count_outcomes("hold", outcomes)
    (outcome,) = outcomes
    if isinstance(outcome, HoldPlaced):
        return reply(outcome, 201)
    if isinstance(outcome, KeyConflict):
        raise refuse(409, "key_conflict", outcome.message)
    shortfalls = tuple(Shortfall(*msgspec.structs.astuple(short)) for short in outcome.shortfalls)
    raise ProblemError(problem(422, outcome.code, outcome.message, shortfalls=shortfalls, skus=outcome.skus))


@endpoint("DELETE", "/holds/{hold_id}", Contract(scope="orders:write", answers={204: None}))
def release_hold(call: Call, hold_id: UUID) -> HttpResponse:
    """Give a hold back before its time.

    Only the source that took it can; giving it back again changes nothing.
    """
    if not is_hold_of(call.caller.source_id, hold_id, places=call.caller.places):
        raise unknown("hold")
    commit("releases", [ReleaseCall(call.caller.source_id, hold_id)], weights=[LINES_A_RELEASE])
    return nothing()
