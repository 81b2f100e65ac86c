"""Campaigns and coupons: set, ended, put on customers' cards, and read."""

from typing import Annotated

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.base.clock import database_now
from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.paging import Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.tokens import require_every_place
from onebasket.commerce.pricing.actions import add_serials, clip_coupons, end_coupons, set_campaigns, set_coupons
from onebasket.commerce.pricing.queries.listing import CampaignRead, CouponRead, read_campaigns, read_coupons
from onebasket.commerce.pricing.queries.offers import Offer, offers_for
from onebasket.commerce.pricing.rules.messages import (
    CampaignItem,
    ClipItem,
    CouponCode,
    CouponEnd,
    CouponItem,
    Medium,
    SerialsItem,
)

RESULTS = {200: Results[ItemResult]}


class CouponQuery(PageQuery, frozen=True, kw_only=True):
    """Which coupons: of this code, of this medium."""

    code: CouponCode | None = None
    medium: Medium | None = None


class OfferQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose offers."""

    loyalty_number: Annotated[str, Meta(min_length=1, max_length=64, description="The number on the card.")]


class Offers(msgspec.Struct, frozen=True):
    """The digital coupons for a customer, the one that ends first before the others."""

    items: tuple[Offer, ...]


@endpoint("PUT", "/campaigns", Contract(scope="promotions:write", body=Batch[CampaignItem], answers=RESULTS))
def put_campaigns(call: Call) -> HttpResponse:
    """Set campaigns, and the households that each is for.

    Promotions whose audience names the segment `campaign:<code>` are for these alone.
    """
    require_every_place(call.caller, "A campaign is for")
    items = call.body.items
    actor = call.caller.actor
    return results([item.key for item in items], run(lambda: set_campaigns(call.caller.source_id, items, actor=actor)))


@endpoint("GET", "/campaigns", Contract(scope="promotions:read", query=PageQuery, answers={200: Page[CampaignRead]}))
def list_campaigns(call: Call) -> HttpResponse:
    """List the campaigns that stand, in the order of their rows."""
    return page(call, *read_campaigns(after=after_of(call), limit=call.query.limit))


@endpoint("PUT", "/coupons", Contract(scope="promotions:write", body=Batch[CouponItem], answers=RESULTS))
def put_coupons(call: Call) -> HttpResponse:
    """Set how coupons are presented: on the card, on paper with a barcode, or by single-use codes.

    What a coupon is worth says the promotion whose `coupon.code` names it. An ended coupon comes back by being set.
    """
    require_every_place(call.caller, "A coupon is for")
    items = call.body.items
    actor = call.caller.actor
    return results([item.key for item in items], run(lambda: set_coupons(call.caller.source_id, items, actor=actor)))


@endpoint("POST", "/coupons/end", Contract(scope="promotions:write", body=Batch[CouponEnd], answers=RESULTS))
def end_many_coupons(call: Call) -> HttpResponse:
    """End coupons: presented, they are known no more."""
    require_every_place(call.caller, "A coupon is for")
    items = call.body.items
    actor = call.caller.actor
    return results([item.key for item in items], run(lambda: end_coupons(call.caller.source_id, items, actor=actor)))


@endpoint("POST", "/coupons/serials", Contract(scope="promotions:write", body=Batch[SerialsItem], answers=RESULTS))
def add_many_serials(call: Call) -> HttpResponse:
    """Make single-use codes known, each good once.

    The hub keeps their digests alone. Make them at random, with at least ten characters; blanks, hyphens and
    small letters count for nothing.
    """
    require_every_place(call.caller, "A coupon is for")
    items = call.body.items
    return results([item.key for item in items], run(lambda: add_serials(call.caller.source_id, items)))


@endpoint("POST", "/coupons/clip", Contract(scope="coupons:clip", body=Batch[ClipItem], answers=RESULTS))
def clip_many_coupons(call: Call) -> HttpResponse:
    """Put digital coupons on customers' cards, so that they apply by themselves.

    A coupon that is not meant for the customer is answered like one that there is not.
    """
    items = call.body.items
    return results([item.key for item in items], run(lambda: clip_coupons(call.caller.source_id, items)))


@endpoint("GET", "/coupons/offers", Contract(scope="coupons:clip", query=OfferQuery, answers={200: Offers}))
def list_offers(call: Call) -> HttpResponse:
    """List the digital coupons that a customer may use, and how each stands."""
    return reply(Offers(tuple(offers_for(call.query.loyalty_number, at=database_now()))))


@endpoint("GET", "/coupons", Contract(scope="promotions:read", query=CouponQuery, answers={200: Page[CouponRead]}))
def list_coupons(call: Call) -> HttpResponse:
    """List the coupons that stand, in the order of their rows."""
    query = call.query
    return page(
        call, *read_coupons(code=query.code or "", medium=query.medium, after=after_of(call), limit=query.limit)
    )
