"""Receipts: booked as facts, and read."""

from datetime import date
from typing import Annotated, Any

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import commit
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import Id, PlaceCode, Since, instant
from onebasket.channels.api.lenience import read_items
from onebasket.channels.api.metering import count_outcomes
from onebasket.channels.api.paging import Page, PageQuery, Result, Results, after_of, page, results
from onebasket.channels.api.problems import unknown
from onebasket.channels.api.tokens import narrow_to, require_places
from onebasket.commerce.hotpath.actions import ReceiptsCall
from onebasket.commerce.sales.queries.reading import (
    ReceiptFilter,
    ReceiptHead,
    ReceiptRead,
    read_receipt,
    read_receipts,
)
from onebasket.commerce.sales.rules.outcomes import ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Kind, Receipt

MOST_AT_ONCE = 1_000
_read: Any = msgspec.json.Decoder(Receipt).decode


class ReceiptBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Receipts to book, each with its own key."""

    items: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class ReceiptResult(Result[ReceiptOutcome], frozen=True):
    """What became of the receipt of this key; the key is empty where it could not be read."""


class ReceiptQuery(PageQuery, frozen=True, kw_only=True):
    """Which receipts."""

    place: PlaceCode | None = None
    kind: Kind | None = None
    till: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    number: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    business_day: date | None = None
    since: Since | None = None


@endpoint(
    "POST",
    "/receipts",
    Contract(scope="sales:write", body=ReceiptBatch, answers={200: Results[ReceiptResult]}, lenient=("items", Receipt)),
)
def book_receipts(call: Call) -> HttpResponse:
    """Book receipts.

    A receipt is a fact: it is booked, or kept whole in quarantine with the reason (it cannot be read, does not tie,
    names no known place, or reuses a key for other content). Its neighbours are booked either way. Send a receipt
    again with its key until this answers: it is booked once.
    """
    items = read_items(call.body.items, _read, what="receipt")
    require_places(call.caller, {item.place for item in items if item.place})
    weight = sum(len(item.lines) + 1 for item in items if isinstance(item, Receipt)) or 1
    (outcomes,) = commit("receipts", [ReceiptsCall(call.caller.source_id, items)], weights=[weight])
    count_outcomes("receipt", outcomes)
    return results([item.key for item in items], outcomes)


@endpoint("GET", "/receipts", Contract(scope="sales:read", query=ReceiptQuery, answers={200: Page[ReceiptHead]}))
def list_receipts(call: Call) -> HttpResponse:
    """List receipts without their lines, the last booked first."""
    query = call.query
    narrow_to(call.caller, query.place)
    wanted = ReceiptFilter(
        place=query.place or "",
        kind=query.kind or "",
        till=query.till or "",
        number=query.number or "",
        business_day=query.business_day,
        since=instant(query.since),
    )
    return page(call, *read_receipts(call.caller.places, wanted, after=after_of(call), limit=query.limit))


@endpoint("GET", "/receipts/{receipt_id}", Contract(scope="sales:read", answers={200: ReceiptRead}))
def get_receipt(call: Call, receipt_id: Id) -> HttpResponse:
    """Get a receipt with its lines, discounts, taxes and tenders."""
    found = read_receipt(call.caller.places, receipt_id)
    if found is None:
        raise unknown("receipt")
    return reply(found)
