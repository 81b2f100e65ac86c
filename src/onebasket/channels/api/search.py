"""Search: products as a shopper finds them, and what somebody who types may mean."""

from typing import Annotated
from urllib.parse import urlencode

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import PlaceCode
from onebasket.channels.api.problems import problem, respond, unknown
from onebasket.channels.api.tokens import narrow_to
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.search.queries import IndexMissingError, find, suggest
from onebasket.commerce.search.queries.suggesting import MOST_SUGGESTED
from onebasket.commerce.search.rules.messages import (
    FARTHEST,
    LONGEST_PAGE,
    Facets,
    Hit,
    SearchQuery,
    Sort,
    Suggestion,
)
from onebasket.kernel.money import MAX_AMOUNT

LONGEST_ASKED = 10_000
"""Characters that are taken; only the first 200 are read."""
SCOPE, OR_SCOPE = "catalogue:read", "storefront"
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


class SuggestQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is being typed, and where."""

    text: Text = ""
    place: PlaceCode | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_SUGGESTED, description="At most so many suggestions.")] = 8


class FoundHit(Hit, frozen=True):
    """A product found; `here` says whether the place may promise any of it now on the web (null without a place).

    `available` is how much, in steps; null without a place, and for tokens that may not read stock.
    """

    here: bool | None = None


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
    next: str | None


class Suggestions(msgspec.Struct, frozen=True):
    """What may be meant, likeliest first."""

    items: tuple[Suggestion, ...]


@endpoint(
    "GET",
    "/search",
    Contract(scope=SCOPE, or_scope=OR_SCOPE, query=FindQuery, answers={200: FoundPage}, errors=(404,)),
)
def search_products(call: Call) -> HttpResponse:
    """Find products as a shopper does: by words, sizes, brands and codes, also misspelt or only begun.

    Hits come best first, with the shelf price and what the place may promise now. Facets count all that was found, each
    without its own narrowing; whether something is on the shelf may be some seconds old there.
    """
    query = call.query
    asked = SearchQuery(
        text=query.text,
        department=query.department,
        category=query.category,
        brand=query.brand,
        price_from=query.price_from,
        price_to=query.price_to,
        place_id=_place_id(call),
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
    return reply(FoundPage(hits, page.total, page.facets, page.suggestion, page.relaxed, _next(call, page.total)))


@endpoint(
    "GET",
    "/search/suggestions",
    Contract(scope=SCOPE, or_scope=OR_SCOPE, query=SuggestQuery, answers={200: Suggestions}, errors=(404,)),
)
def suggest_searches(call: Call) -> HttpResponse:
    """Suggest what somebody who types may mean: kinds of products and categories, by what sells.

    At a place only what is on the shelf there counts.
    """
    try:
        return reply(Suggestions(suggest(call.query.text, place_id=_place_id(call), limit=call.query.limit)))
    except IndexMissingError as error:
        return _not_yet(error)


def _place_id(call: Call) -> int:
    """Return the id of the place that the query names, 0 for none."""
    code = call.query.place
    if code is None:
        return 0
    narrow_to(call.caller, code)
    place = places_by_code([code]).get(code)
    if place is None or not place.active:
        raise unknown("place")
    return place.id


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
