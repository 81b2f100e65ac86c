"""Orders: placed, one or many, and read."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import BASE, Call, endpoint, reply
from onebasket.channels.api.committing import commit
from onebasket.channels.api.contract import Contract, without_key
from onebasket.channels.api.fields import Channel, PlaceCode, Since, instant
from onebasket.channels.api.metering import count_outcomes
from onebasket.channels.api.paging import Page, PageQuery, Result, Results, after_of, page, results
from onebasket.channels.api.problems import ProblemError, problem, refuse, unknown
from onebasket.channels.api.tokens import narrow_to, require_places
from onebasket.commerce.orders.actions import OrderCall
from onebasket.commerce.orders.queries.reading import OrderFilter, OrderRead, read_order, read_orders
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.orders.rules.messages import (
    OrderConflict,
    OrderOutcome,
    OrderPlaced,
    OrderRefused,
    OrderRequest,
)

OrderBody: Any = without_key(OrderRequest, "OrderBody")
MOST_AT_ONCE = 200


class OrderBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Orders to place, each with its own key."""

    items: Annotated[tuple[OrderRequest, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class OrderResult(Result[OrderOutcome], frozen=True):
    """What became of the order of this key."""


class OrderQuery(PageQuery, frozen=True, kw_only=True):
    """Which orders."""

    place: PlaceCode | None = None
    status: Status | None = None
    channel: Channel | None = None
    since: Since | None = None


@endpoint(
    "POST", "/orders", Contract(scope="orders:write", body=OrderBody, answers={201: OrderPlaced}, key=True)
)  # fmt: skip
def place_order(call: Call) -> HttpResponse:
    """Place an order.

    All lines or none, unless `partial`; at one place, or at the first of several that serves it whole. It is priced as
    a basket is, through promotions, with the card and the coupons that it names; their uses are claimed with it. A
    refusal is a problem with its `code` and, where there is not enough, its `shortfalls`; with `expected_total`, what
    comes to another amount is refused too. First and repeated alike answer 201.
    """
    request = OrderRequest(call.key, *msgspec.structs.astuple(call.body))
    _require_reach(call, (request,))
    outcomes = commit("orders", [OrderCall(call.caller.source_id, request)], weights=[len(request.lines)])
    count_outcomes("order", outcomes)
    outcome: OrderOutcome = outcomes[0]
    if isinstance(outcome, OrderPlaced):
        return reply(outcome, 201, headers={"Location": f"{BASE}orders/{outcome.id}"})
    raise _refused(outcome)


@endpoint("POST", "/orders/batch", Contract(scope="orders:write", body=OrderBatch, answers={200: Results[OrderResult]}))
def place_order_batch(call: Call) -> HttpResponse:
    """Place many orders.

    Each item has its own key and its own result: placed, refused or conflict. None fails its neighbours.
    """
    items = call.body.items
    _require_reach(call, items)
    calls = [OrderCall(call.caller.source_id, item) for item in items]
    outcomes = commit("orders", calls, weights=[len(item.lines) for item in items])
    count_outcomes("order", outcomes)
    return results([item.key for item in items], outcomes)


@endpoint("GET", "/orders", Contract(scope="orders:read", query=OrderQuery, answers={200: Page[OrderRead]}))
def list_orders(call: Call) -> HttpResponse:
    """List orders, the newest first."""
    query = call.query
    narrow_to(call.caller, query.place)
    wanted = OrderFilter(query.place or "", query.status or "", query.channel or "", instant(query.since))
    return page(call, *read_orders(call.caller.places, wanted, after=after_of(call), limit=query.limit))


@endpoint("GET", "/orders/{order_id}", Contract(scope="orders:read", answers={200: OrderRead}))
def get_order(call: Call, order_id: UUID) -> HttpResponse:
    """Get an order with its lines and fulfilments."""
    found = read_order(call.caller.places, order_id)
    if found is None:
        raise unknown("order")
    return reply(found)


def _require_reach(call: Call, requests: tuple[OrderRequest, ...]) -> None:
    if call.caller.places is not None:
        require_places(call.caller, {place for request in requests for place in request.places})


def _refused(outcome: OrderRefused | OrderConflict) -> ProblemError:
    if isinstance(outcome, OrderConflict):
        return refuse(409, "key_conflict", outcome.message)
    return ProblemError(
        problem(
            422,
            outcome.code,
            outcome.message,
            place=outcome.place,
            shortfalls=outcome.shortfalls,
            skus=outcome.skus,
            **({} if outcome.total is None else {"total": outcome.total}),
        )
    )
