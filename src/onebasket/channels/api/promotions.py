"""Promotions: set as drafts or live, launched, ended, and read with their history."""

import msgspec
from django.http import HttpResponse

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.paging import Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.problems import unknown
from onebasket.channels.api.tokens import require_every_place
from onebasket.commerce.pricing.actions import end_promotions, launch_promotions, set_promotions
from onebasket.commerce.pricing.queries.listing import PromotionFilter, PromotionRead, read_promotion, read_promotions
from onebasket.commerce.pricing.rules.messages import (
    CouponCode,
    PromotionCode,
    PromotionEnd,
    PromotionItem,
    PromotionLaunch,
    State,
)

RESULTS = {200: Results[ItemResult]}


class PromotionQuery(PageQuery, frozen=True, kw_only=True):
    """Which promotions: of this code, in this state, asking for this coupon; `current` leaves history out."""

    code: PromotionCode | None = None
    state: State | None = None
    coupon: CouponCode | None = None
    current: bool = True


class PromotionWhole(msgspec.Struct, frozen=True):
    """What stands of a promotion: what is live or ended, and the draft that waits beside it."""

    versions: tuple[PromotionRead, ...]


@endpoint("PUT", "/promotions", Contract(scope="promotions:write", body=Batch[PromotionItem], answers=RESULTS))
def put_promotions(call: Call) -> HttpResponse:
    """Set promotions, as drafts or live at once.

    A draft waits beside what is live under its code until it is launched. No version is ever overwritten.
    """
    require_every_place(call.caller, "A promotion is for")
    items = call.body.items
    actor = call.caller.actor
    return results([item.key for item in items], run(lambda: set_promotions(call.caller.source_id, items, actor=actor)))


@endpoint(
    "POST", "/promotions/launch", Contract(scope="promotions:write", body=Batch[PromotionLaunch], answers=RESULTS)
)
def launch_many_promotions(call: Call) -> HttpResponse:
    """Let drafts go live, in the place of what was live under their codes."""
    require_every_place(call.caller, "A promotion is for")
    items = call.body.items
    actor = call.caller.actor
    return results(
        [item.key for item in items], run(lambda: launch_promotions(call.caller.source_id, items, actor=actor))
    )


@endpoint("POST", "/promotions/end", Contract(scope="promotions:write", body=Batch[PromotionEnd], answers=RESULTS))
def end_many_promotions(call: Call) -> HttpResponse:
    """End promotions now, their drafts too, or at an instant to come."""
    require_every_place(call.caller, "A promotion is for")
    items = call.body.items
    actor = call.caller.actor
    return results([item.key for item in items], run(lambda: end_promotions(call.caller.source_id, items, actor=actor)))


@endpoint(
    "GET", "/promotions", Contract(scope="promotions:read", query=PromotionQuery, answers={200: Page[PromotionRead]})
)
def list_promotions(call: Call) -> HttpResponse:
    """List promotions as they stand, in the order of their rows.

    With `current=false` every version that was ever recorded. Long lists of SKUs are named as groups `list:<id>`.
    """
    query = call.query
    wanted = PromotionFilter(query.code or "", query.state, query.coupon or "", query.current)
    return page(call, *read_promotions(wanted, after=after_of(call), limit=query.limit))


@endpoint(
    "GET",
    "/promotions/{code}",
    Contract(scope="promotions:read", answers={200: PromotionWhole}, errors=(404,)),
)
def get_promotion(call: Call, code: str) -> HttpResponse:  # noqa: ARG001 - who may call is decided by then
    """Return what stands of a promotion, with every SKU it names."""
    found = read_promotion(code)
    if not found:
        raise unknown("promotion")
    return reply(PromotionWhole(tuple(found)))
