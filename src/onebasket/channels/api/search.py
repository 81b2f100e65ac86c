"""Search: products as a shopper finds them, and what somebody who types may mean."""

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
from onebasket.channels.api.fields import PlaceCode
from onebasket.channels.api.offers import ThingTold, offers_for, offers_typed, place_named, tell_things
from onebasket.channels.api.problems import problem, respond
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.search.queries import IndexMissingError, find, suggest
from onebasket.commerce.search.queries.asking import Asked
from onebasket.commerce.search.queries.index import newest_snapshot
from onebasket.commerce.search.queries.suggesting import MOST_SUGGESTED
from onebasket.commerce.search.queries.telling import tell_hits
from onebasket.commerce.search.rules.display import Match, Reason, Section, plan_display
from onebasket.commerce.search.rules.messages import (
    FARTHEST,
    LONGEST_PAGE,
    Facets,
    Hit,
    SearchPage,
    SearchQuery,
    Sort,
    Suggestion,
)
from onebasket.commerce.search.rules.offer_messages import Narrowing
from onebasket.kernel.money import MAX_AMOUNT

LONGEST_ASKED = 10_000
"""Characters that are taken; only the first 200 are read."""
SCOPE, OR_SCOPE = "catalogue:read", "storefront"
MOST_OFFERS = 24
SEES_STOCK = frozenset({"stock:read", "storefront"})
"""Scopes under which hits say how much there is; others learn only whether."""

Text = Annotated[str, Meta(max_length=LONGEST_ASKED, description="What a shopper typed; its first 200 characters.")]
Price = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="Minor units of the place's currency, inclusive.")]


class FindQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is looked for, where, and which part of what is found. Without a text: everything, by what sells."""

    text: Text = ""
    place: PlaceCode | None = None
    department: Annotated[str, Meta(max_length=80)] = ""
    category: Annotated[str, Meta(max_length=120)] = ""
    brand: Annotated[str, Meta(max_length=80)] = ""
    price_from: Price | None = None
    price_to: Price | None = None
    available: Annotated[bool, Meta(description="At a place: only what is on the shelf there.")] = False
    sort: Sort = "relevance"
    offset: Annotated[int, Meta(ge=0, le=FARTHEST, description="So many hits are passed over.")] = 0
    limit: Annotated[int, Meta(ge=1, le=LONGEST_PAGE, description="At most so many hits.")] = 24
    offers: Annotated[
        int, Meta(ge=0, le=MOST_OFFERS, description="At most so many things that partners offer, on the first part.")
    ] = 6


class SuggestQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is being typed, and where."""

    text: Text = ""
    place: PlaceCode | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_SUGGESTED, description="At most so many suggestions.")] = 8
    offers: Annotated[int, Meta(ge=0, le=MOST_OFFERS, description="At most so many partners' offers.")] = 3


class FoundHit(Hit, frozen=True):
    """A product found; `here` says whether the place may promise any of it now on the web (null without a place).

    `available` is how much, in steps; null without a place, and for tokens that may not read stock.
    """

    here: bool | None = None


class FoundOffers(msgspec.Struct, frozen=True):
    """What partners offer of what was looked for, of `total` offers; `GET /offers` gives the rest.

    `order` says which comes first by the chain's rule, its own or the offers, and `reason` why. A thing that the place
    has in stock as a product of the chain belongs to that, and never above it. `above` are the products that go before
    everything: the place has them, they are such a thing, and they are not among the hits.
    """

    items: tuple[ThingTold, ...] = ()
    total: int = 0
    suggestion: str = ""
    relaxed: bool = False
    order: tuple[Section, ...] = (Section.OWN,)
    reason: Reason = Reason.NO_OFFERS
    above: tuple[FoundHit, ...] = ()


class FoundPage(msgspec.Struct, frozen=True):
    """A part of what was found, best first, of `total`; `next` is the address of the part after it.

    `suggestion` is the text as it was read where a word had to be mended. `relaxed` says that nothing has all that was
    asked for, and these have most of it.
    """

    items: tuple[FoundHit, ...]
    total: int
    facets: Facets
    suggestion: str
    relaxed: bool
    offers: FoundOffers
    next: str | None


class OfferNamed(msgspec.Struct, frozen=True):
    """A partner's offer; `GET /offers/{offer_id}` tells the rest."""

    id: int
    title: str
    partner: str
    partner_name: str


class Suggestions(msgspec.Struct, frozen=True):
    """What may be meant, likeliest first: the chain's own goods, and what partners offer by the words as typed.

    `order` says which comes first: offers do where own goods are found by mended words alone.
    """

    items: tuple[Suggestion, ...]
    offers: tuple[OfferNamed, ...]
    order: tuple[Section, ...]


@endpoint(
    "GET",
    "/search",
    Contract(scope=SCOPE, or_scope=OR_SCOPE, query=FindQuery, answers={200: FoundPage}, errors=(404,)),
)
def search_products(call: Call) -> HttpResponse:
    """Find products as a shopper does: by words, sizes, brands and codes, also misspelt or only begun.

    Hits come best first, with the shelf price and what the place may promise now. Facets count all that was found, each
    without its own narrowing; whether something is on the shelf may be some seconds old there. Products in
    `offers.above` go before hits and offers.
    """
    query = call.query
    place = place_named(call, query.place)
    asked = SearchQuery(
        text=query.text,
        department=query.department,
        category=query.category,
        brand=query.brand,
        price_from=query.price_from,
        price_to=query.price_to,
        place_id=place.id if place else 0,
        available_only=query.available,
        sort=query.sort,
        offset=query.offset,
        limit=query.limit,
    )
    try:
        page = find(asked)
    except IndexMissingError as error:
        return _not_yet(error)
    sees_stock = not SEES_STOCK.isdisjoint(call.caller.token.scopes)
    hits = tuple(_hit(hit, sees_stock=sees_stock) for hit in page.hits)
    offers = _offers(query, place, page, sees_stock=sees_stock)
    return reply(
        FoundPage(hits, page.total, page.facets, page.suggestion, page.relaxed, offers, _next(call, page.total))
    )


@endpoint(
    "GET",
    "/search/suggestions",
    Contract(scope=SCOPE, or_scope=OR_SCOPE, query=SuggestQuery, answers={200: Suggestions}, errors=(404,)),
)
def suggest_searches(call: Call) -> HttpResponse:
    """Suggest what somebody who types may mean: kinds of products and categories, by what sells, and partners' offers.

    At a place only what is on the shelf there counts. Offers are suggested from the third letter on.
    """
    query = call.query
    place = place_named(call, query.place)
    try:
        found = suggest(query.text, place_id=place.id if place else 0, limit=query.limit)
    except IndexMissingError as error:
        return _not_yet(error)
    offers = tuple(
        OfferNamed(one.offer.id, one.offer.title, one.partner.code, one.partner.name)
        for one in offers_typed(query.text, place, query.offers, now=database_now())
    )
    order = (Section.OFFERS, Section.OWN) if found.mended and offers else (Section.OWN, Section.OFFERS)
    return reply(Suggestions(found.items, offers, order))


def _offers(query: FindQuery, place: PlaceFacts | None, page: SearchPage, *, sees_stock: bool) -> FoundOffers:
    """Return what partners offer of it: on the first part, unless it is narrowed to what only the chain has."""
    if not query.offers or query.offset or query.department or query.category or query.sort == "popular":
        return FoundOffers()
    now = database_now()
    narrowing = Narrowing(
        brand=query.brand,
        price_from=query.price_from,
        price_to=query.price_to,
        sort=query.sort,
        limit=query.offers,
    )
    found = offers_for(query.text, place, narrowing, now=now)
    listed = {hit.product_id: hit for hit in page.hits}
    things = [group.product_id for group in found.groups]
    others = [identity for identity in dict.fromkeys(things) if identity is not None and identity not in listed]
    known = listed | {hit.product_id: hit for hit in _products(others, place, now=now)}
    display = plan_display(
        Match(page.total, bool(page.suggestion), page.relaxed),
        Match(found.total, bool(found.suggestion), found.relaxed),
        here=page.facets.available if place else None,
        things=things,
        listed=listed,
        in_stock={identity for identity, hit in known.items() if hit.available},
    )
    return FoundOffers(
        tell_things(found.groups, place, now=now),
        found.total,
        found.suggestion,
        found.relaxed,
        display.order,
        display.reason,
        tuple(_hit(known[identity], sees_stock=sees_stock) for identity in display.above),
    )


def _products(ids: Sequence[int], place: PlaceFacts | None, *, now: datetime) -> tuple[Hit, ...]:
    """Return products as hits at a place, in their order; without a place there is none that it has."""
    if not ids or place is None:
        return ()
    return tell_hits(Asked(newest_snapshot(), SearchQuery(), place, place.currency), ids, now=now)


def _hit(hit: Hit, *, sees_stock: bool) -> FoundHit:
    stated = msgspec.structs.asdict(hit)
    here = None if hit.available is None else hit.available > 0
    return FoundHit(**(stated if sees_stock else stated | {"available": None}), here=here)


def _next(call: Call, total: int) -> str | None:
    offset = call.query.offset + call.query.limit
    if offset >= total or offset > FARTHEST:
        return None
    stated = {**call.request.GET.dict(), "offset": offset}
    return f"{call.request.path}?{urlencode(stated)}"


def _not_yet(error: IndexMissingError) -> HttpResponse:
    detail = "The search index is being built, which takes seconds. Send the request again."
    return respond(problem(503, "no_index", detail), {"Retry-After": str(error.retry_after)})
