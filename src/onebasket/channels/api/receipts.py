"""Receipts: booked as facts."""

from typing import Annotated, Any

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.bodies import require_utf8
from onebasket.channels.api.committing import ReceiptsCall, commit
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.lenience import read_items
from onebasket.channels.api.metering import count_outcomes
from onebasket.channels.api.tokens import require_places
from onebasket.commerce.sales.rules.outcomes import ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Receipt

MOST_AT_ONCE = 1_000
_read: Any = msgspec.json.Decoder(Receipt).decode


class ReceiptBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Receipts to book, each with its own key."""

    items: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class ReceiptResult(msgspec.Struct, frozen=True):
    """What became of the receipt of this key; the key is empty where it could not be read."""

    key: str
    result: ReceiptOutcome


class ReceiptResults(msgspec.Struct, frozen=True):
    """One result for each item, in order."""

    results: tuple[ReceiptResult, ...]


@endpoint(
    "POST",
    "/receipts",
    Contract(scope="sales:write", body=ReceiptBatch, answers={200: ReceiptResults}, lenient=("items", Receipt)),
)
def book_receipts(call: Call) -> HttpResponse:
    """Book receipts.

    A receipt is a fact: it is booked, or kept whole in quarantine with the reason (it cannot be read, does not tie,
    names no known place, or reuses a key for other content). Its neighbours are booked either way. Send a receipt
    again with its key until this answers: it is booked once.
    """
    require_utf8(call.raw)
    items = read_items(call.body.items, _read, what="receipt")
    require_places(call.caller, {item.place for item in items if item.place})
    weight = sum(len(item.lines) + 1 for item in items if isinstance(item, Receipt)) or 1
    (outcomes,) = commit("receipts", [ReceiptsCall(call.caller.source_id, items)], weights=[weight])
    count_outcomes("receipt", outcomes)
    results = (ReceiptResult(item.key, outcome) for item, outcome in zip(items, outcomes, strict=True))
    return reply(ReceiptResults(tuple(results)))
