"""Orders that wait at a place for its people, in two statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q

from onebasket.commerce.orders.models import Order, OrderContact, OrderLine
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.orders.rules.numbers import order_number


class WaitingOrder(NamedTuple):
    """An order that waits: `picked` of its `lines` are picked; `name` is who comes for it."""

    id: UUID
    number: str
    place: str
    status: str
    slot_id: int | None
    lines: int
    picked: int
    placed_at: datetime
    changed_at: datetime
    name: str


def waiting_orders(place: str, statuses: Sequence[Status], *, limit: int) -> list[WaitingOrder]:
    """Return the orders of a place in these states, the oldest first; what partners send all of waits for nobody."""
    rows = list(
        Order.objects.filter(place__code=place, status__in=list(statuses), line_count__gt=0)
        .order_by("placed_at", "id")
        .values_list("id", "number", F("place__code"), "status", "slot_id", "placed_at", "changed_at")[:limit]
    )
    ids = [row[0] for row in rows]
    counted = (
        OrderLine.objects.filter(order_id__in=ids, promised__gt=0)
        .values_list("order_id")
        .annotate(lines=Count("id"), done=Count("id", filter=Q(picked__isnull=False)))
        .order_by()
    )
    lines = {order: (count, done) for order, count, done in counted}
    names = dict(OrderContact.objects.filter(order_id__in=ids).values_list("order_id", "name"))
    return [
        WaitingOrder(
            identity, order_number(code, number), code, status, slot, *lines.get(identity, (0, 0)), placed_at,
            changed_at, names.get(identity, ""),
        )
        for identity, number, code, status, slot, placed_at, changed_at in rows
    ]  # fmt: skip
