"""Prices: set, ended, and read with their history."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.http import HttpResponse

from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import PlaceCode, Sku
from onebasket.channels.api.paging import After, Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.problems import unknown
from onebasket.channels.api.tokens import Caller, narrow_to, require_every_place, require_places
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.places.queries import places_by_id
from onebasket.commerce.pricing.actions import end_prices, set_prices
from onebasket.commerce.pricing.queries import price_history
from onebasket.commerce.pricing.rules.book import PriceEnd, PriceItem, PriceKind, PriceVersion


class PriceQuery(PageQuery, frozen=True, kw_only=True):
    """Whose prices: of this product, everywhere or at one place, of both kinds or one; `current` leaves history out."""

    sku: Sku
    place: PlaceCode | None = None
    kind: PriceKind | None = None
    current: bool = True


class PriceRead(msgspec.Struct, frozen=True):
    """A row of the price book: `amount` minor units per `per_quantity` steps, in [valid_from, valid_to).

    An empty place is the whole chain. `kind` loyalty is the card price, for members. A row with `superseded_at` holds
    no more: a later statement took its span.
    """

    id: int
    place: str
    currency: str
    kind: PriceKind
    amount: int
    per_quantity: int
    valid_from: datetime
    valid_to: datetime | None
    version: int
    recorded_at: datetime
    superseded_at: datetime | None


@endpoint("PUT", "/prices", Contract(scope="prices:write", body=Batch[PriceItem], answers={200: Results[ItemResult]}))
def put_prices(call: Call) -> HttpResponse:
    """Set shelf prices and card prices, of a place or of the whole chain; nothing is ever overwritten."""
    items = call.body.items
    _require_reach(call.caller, items)
    return results([item.key for item in items], run(lambda: set_prices(call.caller.source_id, items)))


@endpoint(
    "POST", "/prices/end", Contract(scope="prices:write", body=Batch[PriceEnd], answers={200: Results[ItemResult]})
)
def end_many_prices(call: Call) -> HttpResponse:
    """End prices at an instant, future versions too."""
    items = call.body.items
    _require_reach(call.caller, items)
    return results([item.key for item in items], run(lambda: end_prices(call.caller.source_id, items)))


@endpoint(
    "GET", "/prices", Contract(scope="prices:read", query=PriceQuery, answers={200: Page[PriceRead]}, errors=(404,))
)
def list_prices(call: Call) -> HttpResponse:
    """List the prices of a product as they stand, future ones too, in the order of their rows.

    With `current=false` everything that the price book ever held.
    """
    query, after = call.query, after_of(call)
    narrow_to(call.caller, query.place)
    product = products_by_sku([query.sku]).get(query.sku)
    if product is None:
        raise unknown("product")
    rows = sorted(price_history(product.id), key=lambda row: row.id)
    if query.current:
        rows = [row for row in rows if row.superseded_at is None]
    if query.kind:
        rows = [row for row in rows if row.kind == query.kind]
    shown = _named(rows, call.caller, query.place)
    return page(call, *_part(shown, after, query.limit))


def _require_reach(caller: Caller, items: Sequence[PriceItem | PriceEnd]) -> None:
    places = {item.place for item in items}
    if "" in places:
        require_every_place(caller, "A price without a place is for")
    require_places(caller, places - {""})


def _named(rows: Sequence[PriceVersion], caller: Caller, place: str | None) -> list[PriceRead]:
    """Name the rows' places, and leave out those of places not asked for or not reached."""
    codes = {known.id: known.code for known in places_by_id(row.place_id for row in rows if row.place_id).values()}
    found = []
    for row in rows:
        code = codes[row.place_id] if row.place_id else ""
        if code and (not caller.reaches(code) or place not in {None, code}):
            continue
        stated = {name: getattr(row, name) for name in PriceVersion.__struct_fields__ if name != "place_id"}
        found.append(PriceRead(place=code, **stated))
    return found


def _part(rows: list[PriceRead], after: After | None, limit: int) -> tuple[list[PriceRead], After | None]:
    if after is not None:
        start = int(after[0]) if after[0].isdecimal() else 0
        rows = [row for row in rows if row.id > start]
    following = (str(rows[limit - 1].id), "") if len(rows) > limit else None
    return rows[:limit], following
