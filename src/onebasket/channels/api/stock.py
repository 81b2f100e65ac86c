"""Stock: facts booked, shelves and movements read, buffers set."""

from typing import Annotated, Any

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.committing import commit, run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import PlaceCode, Sku
from onebasket.channels.api.lenience import read_items
from onebasket.channels.api.metering import count_outcomes
from onebasket.channels.api.paging import Batch, Page, PageQuery, Result, Results, after_of, page, results
from onebasket.channels.api.problems import refuse
from onebasket.channels.api.tokens import narrow_to, require_places
from onebasket.commerce.hotpath.actions import FactsCall
from onebasket.commerce.stock.actions import set_buffers
from onebasket.commerce.stock.queries.reading import (
    MovementRead,
    ShelfFilter,
    ShelfRead,
    read_movements,
    read_shelves,
)
from onebasket.commerce.stock.rules.buffers import BufferOutcome, BufferSetting
from onebasket.commerce.stock.rules.messages import FactOutcome, State, StockFact

MOST_AT_ONCE = 1_000
_read: Any = msgspec.json.Decoder(StockFact).decode


class FactBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stock facts to book, each with its own key."""

    items: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class FactResult(Result[FactOutcome], frozen=True):
    """What became of the fact of this key; the key is empty where it could not be read."""


class BufferResult(Result[BufferOutcome], frozen=True):
    """What became of the setting of this key."""


class ShelfQuery(PageQuery, frozen=True, kw_only=True):
    """Which shelves or movements."""

    place: PlaceCode | None = None
    sku: Sku | None = None
    state: State | None = None


@endpoint(
    "POST",
    "/stock/facts",
    Contract(
        scope="stock:write", body=FactBatch, answers={200: Results[FactResult]}, lenient=("items", StockFact)
    ),
)  # fmt: skip
def book_stock_facts(call: Call) -> HttpResponse:
    """Book deliveries, counts, adjustments, moves, transfers, arrivals and returns.

    What happened is booked, or kept whole in quarantine with the reason; its neighbours are booked either way. Send a
    fact again with its key until this answers: it is booked once.
    """
    items = read_items(call.body.items, _read, what="stock fact")
    named = {item.place for item in items if item.place}
    named |= {item.to_place for item in items if isinstance(item, StockFact) and item.to_place}
    require_places(call.caller, named)
    weight = sum(len(item.lines) for item in items if isinstance(item, StockFact)) or 1
    (outcomes,) = commit("facts", [FactsCall(call.caller.source_id, items)], weights=[weight])
    count_outcomes("fact", outcomes)
    return results([item.key for item in items], outcomes)


@endpoint("GET", "/stock/shelves", Contract(scope="stock:read", query=ShelfQuery, answers={200: Page[ShelfRead]}))
def list_shelves(call: Call) -> HttpResponse:
    """List shelves: on hand, reserved and held, by place, product and state."""
    wanted = _filter(call)
    return page(call, *read_shelves(call.caller.places, wanted, after=after_of(call), limit=call.query.limit))


@endpoint(
    "GET", "/stock/movements", Contract(scope="stock:read", query=ShelfQuery, answers={200: Page[MovementRead]})
)  # fmt: skip
def list_movements(call: Call) -> HttpResponse:
    """List the ledger, newest first.

    `sku` needs `place`: the ledger of one product lies place by place.
    """
    wanted = _filter(call)
    if wanted.sku and not wanted.place:
        raise refuse(422, "place_needed", "Name the place too: the ledger of one product lies place by place.")
    return page(call, *read_movements(call.caller.places, wanted, after=after_of(call), limit=call.query.limit))


@endpoint(
    "PUT",
    "/stock/buffers",
    Contract(scope="stock:write", body=Batch[BufferSetting], answers={200: Results[BufferResult]}),
)
def put_buffers(call: Call) -> HttpResponse:
    """Set what places keep back from channels."""
    items = call.body.items
    require_places(call.caller, {item.place for item in items})
    return results([item.key for item in items], run(lambda: set_buffers(call.caller.source_id, items)))


def _filter(call: Call) -> ShelfFilter:
    query = call.query
    narrow_to(call.caller, query.place)
    return ShelfFilter(query.place or "", query.sku or "", query.state.end if query.state else None)
