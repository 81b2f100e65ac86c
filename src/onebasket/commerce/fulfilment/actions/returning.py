"""Take goods back: decide what is paid for them, book them as a receipt of a return, and pay it back.

The receipt moves the goods, tells the books and stands in the customer's history; the tenders go back to where the
money came from.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction

from onebasket.base import bulk, inbox, outbox
from onebasket.base.clock import database_now
from onebasket.commerce.fulfilment.actions.deciding import ReturnCall, Taken, decide, no_place, place_of
from onebasket.commerce.fulfilment.actions.paying_back import PayingBack, pay_back
from onebasket.commerce.fulfilment.locking import lock_back
from onebasket.commerce.fulfilment.models import BroughtBack, Return, ReturnLine, ReturnTender
from onebasket.commerce.fulfilment.queries.brought_back import known_back
from onebasket.commerce.fulfilment.rules.messages import (
    LineBack,
    PaidBack,
    ReturnAccepted,
    ReturnConflict,
    ReturnNews,
    ReturnOutcome,
    ReturnRefused,
    ReturnRequest,
)
from onebasket.commerce.fulfilment.rules.repricing import line_of
from onebasket.commerce.pricing.actions.redeeming import release_uses
from onebasket.commerce.pricing.rules.uses import user_of_receipt
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked
from onebasket.commerce.sales.rules.receipt import Kind, Receipt, Tender
from onebasket.kernel.identity import fingerprint, new_id

TILL = "returns"
"""The till whose receipts these are."""
_RETURN = (
    "id", "place", "source_id", "entry_id", "reference", "receipt_id", "number", "currency", "total", "tax_total",
    "policy", "owed", "loyalty_number", "reason", "override", "accepted_by", "accepted_at",
)  # fmt: skip
_LINE = ("place", "return_id", "number", "original", "product", "quantity", "amount", "tax_amount", "disposition")
_TENDER = ("place", "return_id", "number", "kind", "amount", "reference")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ReturnAccepted | ReturnRefused).decode


class NotBookedError(RuntimeError):
    """A return's own receipt was not booked: a fault of the program, and nothing of the return is kept."""

    def __init__(self, number: str, outcome: object) -> None:
        super().__init__(f"the receipt of return {number} was not booked: {outcome}")


class Preview(NamedTuple):
    """What would be paid back: each line, and all of it with the tax in it, in minor units."""

    lines: tuple[LineBack, ...]
    currency: str
    total: int
    tax_total: int


def accept_returns(calls: Sequence[ReturnCall]) -> list[ReturnOutcome]:
    """Take goods back, one call after the other; each is answered with what is paid back or a typed refusal."""
    with transaction.atomic():
        now = database_now()
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls]
        claimed = inbox.claim("return", claims)
        decided: dict[int, ReturnOutcome] = {}
        for position in sorted(claimed.fresh):
            decided[position] = _accept(calls[position], claimed.fresh[position], now=now)
        inbox.settle({claimed.fresh[p]: _stored(outcome) for p, outcome in decided.items()})
        return inbox.answer(claimed, decided, count=len(calls), decode=_decode, conflict=lambda _: ReturnConflict())


def preview_return(call: ReturnCall) -> Preview | ReturnRefused:
    """Say what would be paid back, as things stand; nothing is locked and nothing changes."""
    now = database_now()
    place = place_of(call)
    if unreasoned := _unreasoned(call.request):
        return unreasoned
    taken = decide(call, place, known_back, now=now) if place else no_place(call)
    if isinstance(taken, ReturnRefused):
        return taken
    return Preview(_lines_back(taken), taken.original.currency, taken.total, sum(back.tax for back in taken.backs))


def _stored(outcome: ReturnOutcome) -> str:
    """Return what is kept of an outcome: a code of store credit is told once and never written down."""
    if isinstance(outcome, ReturnAccepted):
        told = tuple(msgspec.structs.replace(one, code="") for one in outcome.tenders)
        outcome = msgspec.structs.replace(outcome, tenders=told)
    return _encode(outcome).decode()


def _unreasoned(request: ReturnRequest) -> ReturnRefused | None:
    if any(line.amount is not None for line in request.lines) and not request.override.strip():
        return ReturnRefused("reason_needed", "Say why another amount is paid back.")
    return None


def _accept(call: ReturnCall, entry_id: int, *, now: datetime) -> ReturnAccepted | ReturnRefused:
    request = call.request
    place = place_of(call)
    if place is None:
        return no_place(call)
    if unreasoned := _unreasoned(request):
        return unreasoned
    taken = decide(call, place, lock_back, now=now)
    if isinstance(taken, ReturnRefused):
        return taken
    if request.expected_total not in {None, taken.total}:
        return ReturnRefused("other_total", "It comes to another amount than was shown. Work it out again.")
    _count_back(taken)
    if taken.all_back:
        release_uses([_user(taken.original.reference)], now=now)
    identity = new_id()
    number = f"R-{entry_id}"
    paying = PayingBack(call.source_id, request, place, taken.original.reference, taken.original.currency, taken.total)
    tenders = pay_back(paying, now=now)
    booked = _book(taken, number, tenders, now=now)
    accepted = _accepted(taken, identity, number, tenders)
    _write(taken, accepted, (entry_id, booked), now=now)
    return accepted


def _user(reference: str) -> UUID:
    """Return whose uses of promotions are given back: those of the order or of the receipt."""
    kind, _, identity = reference.partition("/")
    return UUID(identity) if kind == "order" else user_of_receipt(int(identity))


def _count_back(taken: Taken) -> None:
    reference = taken.original.reference
    if not reference:
        return
    rows = [
        (reference, back.original, taken.back[back.original] + back.quantity) for back in taken.backs if back.quantity
    ]
    bulk.update_guarded(BroughtBack, ("reference", "line"), ("back",), sorted(rows))


def _book(taken: Taken, number: str, tenders: Sequence[PaidBack], *, now: datetime) -> int:
    """Book the return as a receipt, by which goods and money move; return its id."""
    request, original = taken.call.request, taken.original
    receipt = Receipt(
        key=f"return/{number}",
        place=taken.place.code,
        till=TILL,
        number=number,
        kind=Kind.RETURN,
        currency=original.currency,
        occurred_at=now,
        lines=tuple(line_of(back) for back in taken.backs),
        tenders=tuple(Tender(one.kind, one.amount, one.reference) for one in tenders),
        operator=request.operator,
        original=request.receipt,
        loyalty_number=original.loyalty_number,
        tax_included=original.tax_included,
    )
    (booked,) = book_sales(taken.call.source_id, [receipt])
    if not isinstance(booked, ReceiptBooked):
        raise NotBookedError(number, booked)
    return booked.receipt


def _accepted(taken: Taken, identity: UUID, number: str, tenders: Sequence[PaidBack]) -> ReturnAccepted:
    return ReturnAccepted(
        id=identity,
        number=number,
        place=taken.place.code,
        currency=taken.original.currency,
        total=taken.total,
        tax_total=sum(back.tax for back in taken.backs),
        lines=_lines_back(taken),
        tenders=tuple(tenders),
    )


def _lines_back(taken: Taken) -> tuple[LineBack, ...]:
    included = taken.original.tax_included
    return tuple(
        LineBack(back.sku, back.quantity, back.due(tax_included=included), back.tax, back.disposition)
        for back in taken.backs
    )


def _write(taken: Taken, accepted: ReturnAccepted, booked: tuple[int, int], *, now: datetime) -> None:
    request, place = taken.call.request, taken.place
    entry_id, receipt_id = booked
    head = (
        accepted.id, place.id, taken.call.source_id, entry_id, taken.original.reference, receipt_id, accepted.number,
        accepted.currency, accepted.total, accepted.tax_total, taken.policy, taken.owed, taken.original.loyalty_number,
        request.reason, request.override, request.operator, now,
    )  # fmt: skip
    bulk.insert(Return, _RETURN, [head])
    lines = [
        (
            place.id, accepted.id, number, back.original, back.product_id, back.quantity,
            back.due(tax_included=taken.original.tax_included), back.tax, back.disposition,
        )
        for number, back in enumerate(taken.backs, 1)
    ]  # fmt: skip
    bulk.insert(ReturnLine, _LINE, lines)
    tenders = [
        (place.id, accepted.id, number, one.kind, one.amount, one.reference)
        for number, one in enumerate(accepted.tenders, 1)
    ]
    bulk.insert(ReturnTender, _TENDER, tenders)
    news = ReturnNews(
        str(accepted.id), accepted.number, place.code, taken.original.reference, taken.original.loyalty_number,
        accepted.currency, accepted.total, [(back.sku, back.quantity) for back in taken.backs],
    )  # fmt: skip
    text = _encode(news).decode()
    outbox.record([outbox.News("return.accepted", f"return/{accepted.id}", now, text, place.code)])
