"""The orders of one browser, in short."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import F

from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.numbers import order_number

_HEAD = ("id", "number", "status", "placed_at", "currency", "total", "line_count", "secret_generation")


class OrderHead(msgspec.Struct, frozen=True):
    """An order in short; `total` in minor units."""

    id: UUID
    number: str
    status: str
    placed_at: datetime
    currency: str
    total: int
    line_count: int
    secret_generation: int
    place: str
    time_zone: str


def order_heads(ids: Iterable[UUID]) -> list[OrderHead]:
    """Return orders in short, the newest first; one statement."""
    rows = Order.objects.filter(pk__in=set(ids)).order_by("-placed_at", "pk")
    found = rows.values(*_HEAD, place_code=F("place__code"), zone=F("place__time_zone"))
    return [
        OrderHead(
            row["id"], order_number(row["place_code"], row["number"]), row["status"], row["placed_at"],
            row["currency"], row["total"], row["line_count"], row["secret_generation"], row["place_code"], row["zone"],
        )
        for row in found
    ]  # fmt: skip
