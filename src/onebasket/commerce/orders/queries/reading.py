"""Orders as programs read them: one whole, or a page of them, in three statements each.

`places` are the place codes that the reader is bound to; None is every place.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import F, Q

from onebasket.base.keyset import After, keyset
from onebasket.commerce.orders.models import Fulfilment, Order, OrderLine
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.partners.queries.parts import PartState, parts_of

_HEAD = (
    "id", "number", "channel", "status", "business_day", "placed_at", "changed_at", "expires_at", "currency", "total",
    "loyalty_number", "note", "reason", "part_count",
)  # fmt: skip
_LINE = (
    "ordered", "promised", "picked", "put_back", "unit_amount", "per_quantity", "amount", "owner",
)  # fmt: skip


class LineRead(msgspec.Struct, frozen=True, gc=False):
    """An order's line; quantities in steps of the unit, amounts in minor units; `picked` is null until then."""

    line: int
    sku: str
    fulfilment: UUID
    ordered: int
    promised: int
    picked: int | None
    put_back: int
    unit_amount: int
    per_quantity: int
    amount: int
    owner: str


class FulfilmentRead(msgspec.Struct, frozen=True):
    """The part of an order that one place serves for one owner."""

    id: UUID
    place: str
    owner: str
    status: str
    picked_at: datetime | None
    handed_over_at: datetime | None


class OrderRead(msgspec.Struct, frozen=True):
    """An order, whole; `reason` says why this place serves it.

    Its lines and its total are those of the place's own goods; `parts` are what partners send of it.
    """

    id: UUID
    number: str
    place: str
    channel: str
    status: str
    business_day: date
    placed_at: datetime
    changed_at: datetime
    expires_at: datetime | None
    currency: str
    total: int
    loyalty_number: str
    note: str
    reason: str
    lines: tuple[LineRead, ...]
    fulfilments: tuple[FulfilmentRead, ...]
    parts: tuple[PartState, ...] = ()


class OrderFilter(NamedTuple):
    """Which orders; an empty filter is every one."""

    place: str = ""
    status: str = ""
    channel: str = ""
    since: datetime | None = None


def read_order(places: frozenset[str] | None, identity: UUID) -> OrderRead | None:
    """Return an order; None when there is none, or it is at a foreign place."""
    heads = list(_rows(places).filter(pk=identity))
    return _complete(heads)[0] if heads else None


def read_orders(
    places: frozenset[str] | None, wanted: OrderFilter, *, after: After | None, limit: int
) -> tuple[list[OrderRead], After | None]:
    """Return a page of orders, newest first, and the cursor of the page after it."""
    rows = _rows(places)
    if wanted.place:
        rows = rows.filter(place__code=wanted.place)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.channel:
        rows = rows.filter(channel=wanted.channel)
    if wanted.since is not None:
        rows = rows.filter(placed_at__gte=wanted.since)
    heads, following = keyset(rows, order="placed_at", descending=True, after=after, limit=limit)
    return _complete(heads), following


def read_orders_by_id(ids: Sequence[UUID]) -> list[OrderRead]:
    """Return those of these orders that exist, whole, the newest first."""
    return _complete(list(_rows(None).filter(pk__in=ids).order_by("-placed_at", "-pk")))


def _rows(places: frozenset[str] | None) -> Any:  # noqa: ANN401 - a query set of dicts with annotations
    reach = Q() if places is None else Q(place__code__in=sorted(places))
    return Order.objects.filter(reach).values(*_HEAD, place_code=F("place__code"))


def _complete(heads: Sequence[dict[str, Any]]) -> list[OrderRead]:
    ids = [head["id"] for head in heads]
    if not ids:
        return []
    lines: dict[UUID, list[LineRead]] = {}
    found = OrderLine.objects.filter(order_id__in=ids).order_by("order_id", "number")
    for order, *line in found.values_list("order_id", "number", "product__sku", "fulfilment_id", *_LINE):
        lines.setdefault(order, []).append(LineRead(*line))
    parts: dict[UUID, list[FulfilmentRead]] = {}
    split = Fulfilment.objects.filter(order_id__in=ids).order_by("order_id", "place_id")
    for part in split.values_list("id", "place__code", "owner", "status", "picked_at", "handed_over_at", "order_id"):
        parts.setdefault(part[-1], []).append(FulfilmentRead(*part[:-1]))
    sent = parts_of([head["id"] for head in heads if head["part_count"]])
    return [
        _whole(head, lines.get(head["id"], []), parts.get(head["id"], []), sent.get(head["id"], [])) for head in heads
    ]


def _whole(
    head: dict[str, Any], lines: list[LineRead], parts: list[FulfilmentRead], sent: list[PartState]
) -> OrderRead:
    stated = dict(head)
    del stated["part_count"]
    code = stated.pop("place_code")
    stated["number"] = order_number(code, stated["number"])
    stated["reason"] = str(stated["reason"].get("chosen", ""))
    return OrderRead(place=code, lines=tuple(lines), fulfilments=tuple(parts), parts=tuple(sent), **stated)
