"""The orders of one browser, in short."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import F

from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.partners.queries.parts import parts_totals

_HEAD = ("id", "number", "status", "placed_at", "currency", "total", "line_count", "secret_generation", "part_count")


class OrderHead(msgspec.Struct, frozen=True):
    """An order in short; `total` in minor units, of the place's own goods and of what partners send (`part_count`)."""

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
    part_count: int = 0


def order_heads(ids: Iterable[UUID]) -> list[OrderHead]:
    """Return orders in short, the newest first; one statement, two where partners send some of them."""
    rows = Order.objects.filter(pk__in=set(ids)).order_by("-placed_at", "pk")
    found = list(rows.values(*_HEAD, place_code=F("place__code"), zone=F("place__time_zone")))
    sent = parts_totals([row["id"] for row in found if row["part_count"]])
    return [
        OrderHead(
            row["id"], order_number(row["place_code"], row["number"]), row["status"], row["placed_at"],
            row["currency"], row["total"] + sent.get(row["id"], 0), row["line_count"], row["secret_generation"],
            row["place_code"], row["zone"], row["part_count"],
        )
        for row in found
    ]  # fmt: skip
