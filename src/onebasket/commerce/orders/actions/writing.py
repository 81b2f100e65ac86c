"""Write placed orders in bulk: number, header, fulfilment, lines, reservations, news."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk, outbox
from onebasket.commerce.orders.actions.deciding import Decided
from onebasket.commerce.orders.locking import take_numbers
from onebasket.commerce.orders.models import Fulfilment, Order, OrderLine
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.orders.rules.messages import OrderOutcome, OrderPlaced, PlacedLine, Shortfall
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.stock.actions import NewReservation, confirm_lines, reserve_lines
from onebasket.kernel.clock import business_day
from onebasket.kernel.identity import new_id
from onebasket.kernel.money import price_for

_ORDER = (
    "id", "place", "business_day", "number", "channel", "source_id", "entry_id", "status", "loyalty_number", "currency",
    "total", "line_count", "placed_at", "changed_at", "expires_at", "reason", "note",
)  # fmt: skip
_FULFILMENT = ("id", "place", "order", "owner", "status")
_LINE = (
    "place", "order", "fulfilment_id", "number", "product", "owner", "ordered", "promised", "put_back", "unit_amount",
    "per_quantity", "amount",
)  # fmt: skip
_encode = msgspec.json.Encoder().encode


class Placing(NamedTuple):
    """A decided request: its position in the batch, its inbox entry and its source."""

    position: int
    entry_id: int
    source_id: int
    decided: Decided


class _Numbered(NamedTuple):
    placing: Placing
    placed: OrderPlaced
    day: date
    number: int


def write_orders(placings: Sequence[Placing], *, now: datetime) -> dict[int, OrderOutcome]:
    """Write the orders and their promises; return each one's outcome by its position."""
    if not placings:
        return {}
    confirm_lines([line for placing in placings for line in placing.decided.held])
    numbered = _number(placings, now=now)
    bulk.insert(Order, _ORDER, [_order_row(item, now) for item in numbered])
    fulfilments = [(new_id(), item) for item in numbered]
    bulk.insert(
        Fulfilment,
        _FULFILMENT,
        [
            (f, i.placing.decided.place.id, i.placed.id, i.placing.decided.place.owner, i.placed.status)
            for f, i in fulfilments
        ],
    )
    bulk.insert(OrderLine, _LINE, [row for f, item in fulfilments for row in _line_rows(f, item)])
    reserve_lines([row for item in numbered for row in _reservations(item)], now=now)
    outbox.record([_news(item, now) for item in numbered])
    return {item.placing.position: item.placed for item in numbered}


def _number(placings: Sequence[Placing], *, now: datetime) -> list[_Numbered]:
    days: dict[int, date] = {}
    counts: dict[tuple[int, date], int] = {}
    for placing in placings:
        place = placing.decided.place
        if place.id not in days:
            days[place.id] = business_day(now, time_zone=place.time_zone, day_start_minutes=place.day_start_minutes)
        key = place.id, days[place.id]
        counts[key] = counts.get(key, 0) + 1
    following = take_numbers(counts)
    numbered: list[_Numbered] = []
    for placing in placings:
        key = placing.decided.place.id, days[placing.decided.place.id]
        numbered.append(_Numbered(placing, _placed(placing.decided, following[key], now), key[1], following[key]))
        following[key] += 1
    return numbered


def _placed(decided: Decided, number: int, now: datetime) -> OrderPlaced:
    request, place = decided.request, decided.place
    lines: list[PlacedLine] = []
    shortfalls: list[Shortfall] = []
    for index, (line, price, promised) in enumerate(
        zip(request.lines, decided.prices, decided.promised, strict=True), 1
    ):
        amount = price_for(price.amount, per_quantity=price.per_quantity, quantity=promised)
        lines.append(
            PlacedLine(index, line.sku, line.quantity, promised, price.amount, price.per_quantity, amount, place.owner)
        )
        if promised < line.quantity:
            shortfalls.append(Shortfall(index, line.sku, line.quantity, promised, line.quantity - promised))
    awaiting = request.payment_minutes
    return OrderPlaced(
        id=new_id(),
        number=order_number(place.code, number),
        place=place.code,
        status=(Status.AWAITING_PAYMENT if awaiting else Status.PLACED).value,
        currency=place.currency,
        total=sum(line.amount for line in lines),
        placed_at=now,
        lines=tuple(lines),
        reason=decided.reason,
        shortfalls=tuple(shortfalls),
        expires_at=now + timedelta(minutes=awaiting) if awaiting else None,
    )


def _order_row(item: _Numbered, now: datetime) -> tuple[object, ...]:
    decided, placed = item.placing.decided, item.placed
    request = decided.request
    reason = {
        "chosen": placed.reason,
        "asked": list(request.places),
        "free": decided.free,
        "partial": request.partial,
        "hold": str(request.hold) if request.hold else None,
        "prices": [price.id for price in decided.prices],
    }
    return (
        placed.id, decided.place.id, item.day, item.number, request.channel, item.placing.source_id,
        item.placing.entry_id, placed.status, request.loyalty_number, placed.currency, placed.total, len(placed.lines),
        now, now, placed.expires_at, reason, request.note,
    )  # fmt: skip


def _line_rows(fulfilment: UUID, item: _Numbered) -> list[tuple[object, ...]]:
    decided, placed = item.placing.decided, item.placed
    return [
        (
            decided.place.id, placed.id, fulfilment, line.line, product.id, line.owner, line.ordered, line.promised, 0,
            line.unit_amount, line.per_quantity, line.amount,
        )
        for line, product in zip(placed.lines, decided.products, strict=True)
    ]  # fmt: skip


def _reservations(item: _Numbered) -> list[NewReservation]:
    decided, placed = item.placing.decided, item.placed
    return [
        NewReservation(decided.place.id, product.id, line.promised, placed.id, line.line)
        for line, product in zip(placed.lines, decided.products, strict=True)
        if line.promised
    ]


def _news(item: _Numbered, now: datetime) -> outbox.News:
    placed = item.placed
    data = {
        "order": str(placed.id),
        "number": placed.number,
        "place": placed.place,
        "channel": item.placing.decided.request.channel,
        "status": placed.status,
        "currency": placed.currency,
        "total": placed.total,
        "lines": [[line.sku, line.promised] for line in placed.lines],
    }
    return outbox.News("order.placed", f"order/{placed.id}", now, _encode(data).decode(), placed.place)
