"""Partners' offers as a shopper finds them: by words, narrowed, each thing once; and one by its id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.base.clock import database_now
from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import Id, PlaceCode
from onebasket.channels.api.partners import PartnerCode
from onebasket.channels.api.problems import problem, refuse, respond, unknown
from onebasket.channels.api.tokens import narrow_to
from onebasket.commerce.matching.rules import Why
from onebasket.commerce.partners.queries.offers import PricedOffer, priced_offers
from onebasket.commerce.partners.rules.offers import Unsellable
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.search.queries import IndexMissingError
from onebasket.commerce.search.queries.finding_offers import OfferGroup, OfferPage, find_offers
from onebasket.commerce.search.queries.suggesting_offers import suggest_offers
from onebasket.commerce.search.rules.offer_messages import (
    FARTHEST_OFFER,
    LONGEST_OFFER_PAGE,
    Narrowing,
    OfferSort,
    PartnerCount,
)
from onebasket.front.going import go_address
from onebasket.front.stores import open_stores
from onebasket.kernel.money import MAX_AMOUNT

CHANNEL = "api"
LONGEST_ASKED = 10_000
SCOPE, OR_SCOPE = "catalogue:read", "storefront"
"""As for products: who may show the chain's goods may show its partners'."""

Text = Annotated[str, Meta(max_length=LONGEST_ASKED, description="What a shopper typed; its first 200 characters.")]
Price = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="Minor units of the place's currency, inclusive.")]


class OffersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is looked for, and in which money: the place's, else that of the chain's first store."""

    text: Text = ""
    place: PlaceCode | None = None
    partner: PartnerCode | None = None
    brand: Annotated[str, Meta(max_length=120)] = ""
    price_from: Price | None = None
    price_to: Price | None = None
    sort: OfferSort = "relevance"
    offset: Annotated[int, Meta(ge=0, le=FARTHEST_OFFER, description="So many hits are passed over.")] = 0
    limit: Annotated[int, Meta(ge=1, le=LONGEST_OFFER_PAGE, description="At most so many things.")] = 24


class OneOfferQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """In which money: the place's, else that of the chain's first store."""

    place: PlaceCode | None = None


class Sum(msgspec.Struct, frozen=True):
    """Money: minor units of an ISO 4217 currency."""

    amount: int
    currency: str


class OfferTold(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's offer as a shopper may see it now, by what the partner stated at `stated_at`.

    `price` and `shipping` (null: told before it is paid) are in the shopper's money, `cost` in the partner's own.
    `fresh` says that the price is young enough to be sold without asking the partner again; `can_buy` that it can be
    put in a basket, else `refused` says why not. `merchant` is who is party to the contract: principal is the chain,
    agent the partner. `refer` leads to the partner's own page, null where shoppers are not sent there.
    """

    id: int
    partner: str
    partner_name: str
    title: str
    brand: str
    category: str
    gtin: str
    model: str
    seller: str
    description: str
    price: Sum | None
    shipping: Sum | None
    cost: Sum
    days_from: int | None
    days_to: int | None
    stock: int | None
    available: bool
    stated_at: datetime
    fresh: bool
    can_buy: bool
    refused: Unsellable | None
    merchant: Merchant
    return_days: int
    refer: str | None


class ThingTold(msgspec.Struct, frozen=True):
    """Something that partners offer, the offer to be told first at the front; `count` is how many there are of it.

    `product_id` is the chain's own product that is the same thing; `why` says by what it is known.
    """

    offers: tuple[OfferTold, ...]
    count: int
    gtin: str
    product_id: int | None
    why: Why


class OffersFound(msgspec.Struct, frozen=True):
    """A part of the things found, best first, of `total` offers; `next` is the address of the part after it."""

    items: tuple[ThingTold, ...]
    total: int
    partners: tuple[PartnerCount, ...]
    suggestion: str
    relaxed: bool
    next: str | None


@endpoint(
    "GET",
    "/offers",
    Contract(scope=SCOPE, or_scope=OR_SCOPE, query=OffersQuery, answers={200: OffersFound}, errors=(404,)),
)
def find_partner_offers(call: Call) -> HttpResponse:
    """Find what partners offer, as a shopper does: by words, brands and GTINs, also misspelt or only begun.

    Offers of one GTIN are one thing, what costs least with its shipping at the front. Partners whose agreement has
    ended are left out from that moment on.
    """
    query, now = call.query, database_now()
    place = place_named(call, query.place)
    narrowing = Narrowing(
        partner=query.partner or "",
        brand=query.brand,
        price_from=query.price_from,
        price_to=query.price_to,
        sort=query.sort,
        offset=query.offset,
        limit=query.limit,
    )
    try:
        page = find_offers(query.text, currency=_currency(place), narrowing=narrowing, now=now)
    except IndexMissingError as error:
        detail = "The index of offers is being built, which takes seconds. Send the request again."
        return respond(problem(503, "no_index", detail), {"Retry-After": str(error.retry_after)})
    things = tell_things(page.groups, place, now=now)
    return reply(OffersFound(things, page.total, page.partners, page.suggestion, page.relaxed, _next(call, page)))


@endpoint(
    "GET",
    "/offers/{offer_id}",
    Contract(scope=SCOPE, or_scope=OR_SCOPE, query=OneOfferQuery, answers={200: OfferTold}, errors=(404, 410)),
)
def get_partner_offer(call: Call, offer_id: Id) -> HttpResponse:
    """Get an offer as it is now, by what its partner stated last: what it costs, and how old that is.

    One that its partner sells no more, or whose agreement has ended, answers 410.
    """
    now = database_now()
    place = place_named(call, call.query.place)
    found = priced_offers([offer_id], currency=_currency(place), now=now).get(offer_id)
    if found is None:
        raise unknown("offer")
    if found.partner.agreement is None or found.refused in {Unsellable.GONE, Unsellable.NO_AGREEMENT}:
        raise refuse(410, "ended", "The offer has ended.")
    return reply(_tell(found, place, now=now))


def tell_things(groups: Sequence[OfferGroup], place: PlaceFacts | None, *, now: datetime) -> tuple[ThingTold, ...]:
    """Return things as they are told; `place` is where a referral is credited."""
    return tuple(
        ThingTold(
            tuple(_tell(one, place, now=now) for one in group.offers),
            group.count,
            group.gtin,
            group.product_id,
            group.why,
        )
        for group in groups
    )


def offers_for(text: str, place: PlaceFacts | None, narrowing: Narrowing, *, now: datetime) -> OfferPage:
    """Return what partners offer of what is searched for among products; nothing before there is an index of it."""
    try:
        return find_offers(text, currency=_currency(place), narrowing=narrowing, now=now)
    except IndexMissingError:
        return OfferPage()


def offers_typed(text: str, place: PlaceFacts | None, limit: int, *, now: datetime) -> tuple[PricedOffer, ...]:
    """Return what partners offer by words that are being typed; nothing before there is an index of it."""
    try:
        return suggest_offers(text, currency=_currency(place), limit=limit, now=now)
    except IndexMissingError:
        return ()


def place_named(call: Call, code: str | None) -> PlaceFacts | None:
    """Return the place that a query names, None for none.

    Raises:
        ProblemError: the token may not see it, or there is none.
    """
    if code is None:
        return None
    narrow_to(call.caller, code)
    place = places_by_code([code]).get(code)
    if place is None or not place.active:
        raise unknown("place")
    return place


def _currency(place: PlaceFacts | None) -> str:
    if place is not None:
        return place.currency
    return next((store.place.currency for store in open_stores().values()), "")


def _tell(one: PricedOffer, place: PlaceFacts | None, *, now: datetime) -> OfferTold:
    offer, agreement, price = one.offer, one.partner.agreement, one.price
    assert agreement is not None  # noqa: S101 - only what is shown is told
    refer = None
    if one.is_referred:
        refer = go_address(offer.id, channel=CHANNEL, place_id=place.id if place else 0, associate="", now=now)
    has_shipping = price is not None and offer.shipping_amount is not None
    return OfferTold(
        id=offer.id,
        partner=one.partner.code,
        partner_name=one.partner.name,
        title=offer.title,
        brand=offer.brand,
        category=offer.category,
        gtin=offer.gtin,
        model=offer.model,
        seller=offer.seller,
        description=offer.description,
        price=Sum(price.amount, price.currency) if price else None,
        shipping=Sum(price.shipping, price.currency) if price and has_shipping else None,
        cost=Sum(offer.price, offer.currency),
        days_from=offer.days_from,
        days_to=offer.days_to,
        stock=offer.stock,
        available=offer.available,
        stated_at=offer.stated_at,
        fresh=one.is_fresh,
        can_buy=price is not None and one.refused is None,
        refused=one.refused,
        merchant=agreement.merchant,
        return_days=agreement.return_days,
        refer=refer,
    )


def _next(call: Call, page: OfferPage) -> str | None:
    offset = call.query.offset + call.query.limit
    if offset >= page.total or offset > FARTHEST_OFFER:
        return None
    return f"{call.request.path}?{urlencode({**call.request.GET.dict(), 'offset': offset})}"
