"""What waits at a place: orders to pick, orders to be collected, and one order's lines in shelf order."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from onebasket.commerce.catalogue.queries import products_by_scan, products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.fulfilment.models import PickScan, Staging
from onebasket.commerce.fulfilment.rules.picking import (
    PickLine,
    Scanned,
    Wait,
    in_shelf_order,
    is_no_show,
    is_overdue,
    scan,
    urgency,
)
from onebasket.commerce.orders.queries.following import Followed
from onebasket.commerce.orders.queries.waiting import WaitingOrder, waiting_orders
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.slots.queries import slots_by_id

NO_SHOW_HOURS = 24
"""After its slot, or without one after it was ready, an order that nobody came for may be put back."""
TO_PICK = (Status.PLACED, Status.PICKING)
MOST_SHOWN = 200


def orders_to_pick(place: str, *, now: datetime) -> list[Wait]:
    """Return the orders to pick at a place: what is collected first comes first, then what was placed first."""
    found = [
        wait._replace(urgency=urgency(wait.starts_at, wait.placed_at, now=now))
        for wait in _waits(waiting_orders(place, TO_PICK, limit=MOST_SHOWN), now=now)
    ]
    return sorted(found, key=lambda wait: (wait.starts_at or wait.placed_at, wait.placed_at))


def orders_ready(place: str, *, now: datetime) -> tuple[list[Wait], list[Wait]]:
    """Return the orders that wait to be collected at a place, and those that nobody came for."""
    orders = waiting_orders(place, (Status.READY,), limit=MOST_SHOWN)
    changed = {order.id: order.changed_at for order in orders}
    found = sorted(_waits(orders, now=now), key=lambda wait: (wait.starts_at or wait.placed_at, wait.placed_at))
    late = {
        wait.order_id
        for wait in found
        if is_no_show(wait.ends_at, changed[wait.order_id], now=now, hours=NO_SHOW_HOURS)
    }
    waiting = [
        wait._replace(urgency="late" if is_overdue(wait.ends_at, now=now) else "")
        for wait in found
        if wait.order_id not in late
    ]
    return waiting, [wait for wait in found if wait.order_id in late]


def _waits(orders: Sequence[WaitingOrder], *, now: datetime) -> list[Wait]:
    slots = slots_by_id({order.slot_id for order in orders if order.slot_id}, now=now)
    ids = [order.id for order in orders]
    spots = dict(Staging.objects.filter(order_id__in=ids).values_list("order_id", "spot"))
    found = []
    for order in orders:
        slot = slots.get(order.slot_id) if order.slot_id else None
        found.append(
            Wait(
                order.id, order.number, order.place, order.status, order.lines, order.picked, order.placed_at,
                slot.starts_at if slot else None, slot.ends_at if slot else None, spots.get(order.id, ""), order.name,
            )
        )  # fmt: skip
    return found


def pick_lines(order: Followed) -> list[PickLine]:
    """Return an order's lines in shelf order, with what has been found of each."""
    products = products_by_sku(line.sku for line in order.lines)
    found = dict(PickScan.objects.filter(order_id=order.id).values_list("line", "found"))
    return in_shelf_order(
        [
            PickLine(
                line.line, products[line.sku].id, line.sku, line.name, line.unit, line.decimals,
                products[line.sku].department, products[line.sku].category, line.promised, found.get(line.line, 0),
                line.picked,
            )
            for line in order.lines
            if line.promised
        ]
    )  # fmt: skip


def read_scan(lines: Iterable[PickLine], code: str) -> Scanned:
    """Say what a code scanned (or a SKU typed) is among an order's lines: a unit, or all of what is weighed."""
    known, code = list(lines), code.strip()
    product = _product_of(code) if code else None
    line = next((line for line in known if product is not None and line.product_id == product.id), None)
    steps = 1 if line is None or line.decimals == 0 else max(1, line.missing)
    return scan(known, product.id if product else None, steps, product.name if product else "")


def _product_of(code: str) -> ProductFacts | None:
    """Return the product of a code as scanned, else the one with this SKU: not all goods carry a code."""
    return products_by_scan([code]).get(code) or products_by_sku([code]).get(code)


def spot_of(order_id: UUID) -> str:
    """Return where a picked order stands, or nothing."""
    return Staging.objects.filter(pk=order_id).values_list("spot", flat=True).first() or ""
