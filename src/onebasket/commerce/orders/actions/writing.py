"""Write placed orders in bulk: number, header, fulfilment, lines with their terms, reservations, news."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row
from onebasket.commerce.orders.actions.drafting import Draft
from onebasket.commerce.orders.actions.secrets import code_digest, page_digest
from onebasket.commerce.orders.locking import take_numbers
from onebasket.commerce.orders.models import (
    Fulfilment,
    Order,
    OrderContact,
    OrderLine,
    OrderReduction,
    OrderTax,
)
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.orders.rules.messages import OpenedPart, OpenedPayment, OrderPlaced, PlacedLine
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.stock.actions import NewReservation, reserve_lines
from onebasket.kernel.clock import business_day
from onebasket.kernel.identity import new_id

_ORDER = (
    "id", "place", "business_day", "number", "channel", "source_id", "entry_id", "status", "loyalty_number", "currency",
    "total", "line_count", "placed_at", "changed_at", "expires_at", "reason", "note", "slot_id", "list_total",
    "reduction_total", "tax_total", "tax_included", "secret_digest", "code_digest", "secret_generation",
    "asked", "part_count",
)  # fmt: skip
_FULFILMENT = ("id", "place", "order", "owner", "status")
_LINE = (
    "place", "order", "fulfilment_id", "number", "product", "owner", "ordered", "promised", "put_back", "unit_amount",
    "per_quantity", "list_amount", "reduced_amount", "tax_amount", "amount",
)  # fmt: skip
_REDUCTION = ("place", "order", "line", "kind", "reference", "name", "funder", "amount")
_TAX = ("place", "order", "line", "code", "rate", "base", "amount")
_CONTACT = ("order", "name", "email", "phone", "language")
_encode = msgspec.json.Encoder().encode


class Placing(NamedTuple):
    """A decided order: its position in the batch, its inbox entry and its source."""

    position: int
    entry_id: int
    source_id: int
    draft: Draft


class _Numbered(NamedTuple):
    placing: Placing
    placed: OrderPlaced
    day: date
    number: int


def write_orders(placings: Sequence[Placing], *, now: datetime) -> dict[int, OrderPlaced]:
    """Write the orders and their promises; return each one's outcome by its position."""
    if not placings:
        return {}
    numbered = _number(placings, now=now)
    bulk.insert(Order, _ORDER, [_order_row(item, now) for item in numbered])
    fulfilments = [(new_id(), item) for item in numbered]
    bulk.insert(
        Fulfilment,
        _FULFILMENT,
        [
            (f, i.placing.draft.place.id, i.placed.id, i.placing.draft.place.owner, i.placed.status)
            for f, i in fulfilments
        ],
    )
    bulk.insert(OrderLine, _LINE, [row for f, item in fulfilments for row in _line_rows(f, item)])
    drafts = [placing.draft for placing in placings]
    bulk.insert(OrderReduction, _REDUCTION, [row for draft in drafts for row in _reduction_rows(draft)])
    bulk.insert(OrderTax, _TAX, [row for draft in drafts for row in _tax_rows(draft)])
    bulk.insert(OrderContact, _CONTACT, [_contact_row(draft) for draft in drafts if draft.contact])
    reserve_lines([row for draft in drafts for row in _reservations(draft)], now=now)
    outbox.record([_news(item, now) for item in numbered])
    return {item.placing.position: item.placed for item in numbered}


def _number(placings: Sequence[Placing], *, now: datetime) -> list[_Numbered]:
    days: dict[int, date] = {}
    counts: dict[tuple[int, date], int] = {}
    for placing in placings:
        place = placing.draft.place
        if place.id not in days:
            days[place.id] = business_day(now, time_zone=place.time_zone, day_start_minutes=place.day_start_minutes)
        key = place.id, days[place.id]
        counts[key] = counts.get(key, 0) + 1
    following = take_numbers(counts)
    numbered: list[_Numbered] = []
    for placing in placings:
        key = placing.draft.place.id, days[placing.draft.place.id]
        numbered.append(_Numbered(placing, _placed(placing.draft, following[key], now), key[1], following[key]))
        following[key] += 1
    return numbered


def _placed(draft: Draft, number: int, now: datetime) -> OrderPlaced:
    place = draft.place
    lines = tuple(
        PlacedLine(
            index, line.product.sku, line.ordered, line.promised, line.unit_amount, line.per_quantity, line.amount,
            place.owner, line.list_amount, line.reduced_amount, line.tax_amount,
        )
        for index, line in enumerate(draft.lines, 1)
    )  # fmt: skip
    return OrderPlaced(
        id=draft.id,
        number=order_number(place.code, number),
        place=place.code,
        status=(Status.AWAITING_PAYMENT if draft.minutes else Status.PLACED).value,
        currency=place.currency,
        total=draft.total,
        placed_at=now,
        lines=lines,
        reason=draft.reason["chosen"],
        shortfalls=draft.shortfalls,
        expires_at=now + timedelta(minutes=draft.minutes) if draft.minutes else None,
        slot=draft.slot_id,
        payments=_opened(draft, draft.id),
        parts=tuple(
            OpenedPart(part.id, part.partner, part.merchant.value, part.total, _opened(draft, part.id))
            for part in draft.parts
        ),
    )


def _opened(draft: Draft, order: UUID) -> tuple[OpenedPayment, ...]:
    if not draft.payments:
        return ()
    return tuple(OpenedPayment(one.id, one.method.value, one.amount) for one in draft.payments_of(order))


def _order_row(item: _Numbered, now: datetime) -> Row:
    draft, placed = item.placing.draft, item.placed
    generation = 1 if draft.secret else 0
    digests = (page_digest(placed.id, 1), code_digest(placed.id, 1)) if generation else ("", "")
    return (
        placed.id, draft.place.id, item.day, item.number, draft.channel, item.placing.source_id,
        item.placing.entry_id, placed.status, draft.loyalty_number, placed.currency, placed.total, len(placed.lines),
        now, now, placed.expires_at, draft.reason, draft.note, draft.slot_id,
        sum(line.list_amount for line in draft.lines), sum(line.reduced_amount for line in draft.lines),
        sum(line.tax_amount for line in draft.lines), draft.tax_included,
        *digests, generation, draft.asked, len(draft.parts),
    )  # fmt: skip


def _line_rows(fulfilment: UUID, item: _Numbered) -> list[Row]:
    draft, owner = item.placing.draft, item.placing.draft.place.owner
    return [
        (
            draft.place.id, draft.id, fulfilment, number, line.product.id, owner, line.ordered, line.promised, 0,
            line.unit_amount, line.per_quantity, line.list_amount, line.reduced_amount, line.tax_amount, line.amount,
        )
        for number, line in enumerate(draft.lines, 1)
    ]  # fmt: skip


def _reduction_rows(draft: Draft) -> list[Row]:
    return [
        (draft.place.id, draft.id, number, cut.kind, cut.reference, cut.name, cut.funder, cut.amount)
        for number, line in enumerate(draft.lines, 1)
        for cut in line.reductions
    ]


def _tax_rows(draft: Draft) -> list[Row]:
    return [
        (draft.place.id, draft.id, number, tax.code, tax.rate, tax.base, tax.amount)
        for number, line in enumerate(draft.lines, 1)
        for tax in line.taxes
    ]


def _contact_row(draft: Draft) -> Row:
    contact = draft.contact
    assert contact is not None  # noqa: S101 - asked by the caller
    return draft.id, contact.name, contact.email, contact.phone, contact.language


def _reservations(draft: Draft) -> list[NewReservation]:
    return [
        NewReservation(draft.place.id, line.product.id, line.promised, draft.id, number)
        for number, line in enumerate(draft.lines, 1)
        if line.promised
    ]


def _news(item: _Numbered, now: datetime) -> outbox.News:
    placed = item.placed
    data = {
        "order": str(placed.id),
        "number": placed.number,
        "place": placed.place,
        "channel": item.placing.draft.channel,
        "status": placed.status,
        "currency": placed.currency,
        "total": placed.total,
        "lines": [[line.sku, line.promised] for line in placed.lines],
    }
    return outbox.News("order.placed", f"order/{placed.id}", now, _encode(data).decode(), placed.place)
