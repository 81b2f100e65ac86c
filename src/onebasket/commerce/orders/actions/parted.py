"""What an order does when a partner's part of it is left out, or has ended: it goes on, is closed, or is cancelled."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.orders.actions.expiry import OWN_SOURCE
from onebasket.commerce.orders.actions.stepping import StepCall, step_orders
from onebasket.commerce.orders.locking import lock_orders
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.life import Status, Step
from onebasket.commerce.orders.rules.messages import OrderStep
from onebasket.commerce.partners.actions.parts import open_part_book
from onebasket.commerce.partners.queries.parts import part_statuses
from onebasket.commerce.partners.rules.parts import OPEN
from onebasket.commerce.partners.rules.parts import Status as PartStatus


def leave_out(order_id: UUID, part_id: UUID, *, reason: str) -> bool:
    """Leave a partner's part out of an order that awaits its payment; whether it was: afterwards it is in it for good.

    What was put aside for it is let go by the news of it; the order is placed once the rest is paid for.
    """
    with transaction.atomic():
        order = lock_orders([order_id]).get(order_id)
        if order is None or order.status != Status.AWAITING_PAYMENT:
            return False
        book = open_part_book([order_id], now=database_now())
        if book.statuses(order_id).get(part_id) is not PartStatus.WAITING:
            return False
        book.cancel(order_id, reason=reason, only=[part_id])
        return bool(book.post())


def end_parted(orders: Iterable[UUID]) -> None:
    """End the orders that partners send all of, once their parts have: closed where anything came, else cancelled."""
    rows = Order.objects.filter(pk__in=set(orders), line_count=0, part_count__gt=0)
    open_ones = list(rows.filter(status__in=[Status.PLACED, Status.AWAITING_PAYMENT]).values_list("pk", flat=True))
    calls = []
    for order, parts in sorted(part_statuses(open_ones).items()):
        found = set(parts.values())
        if OPEN.isdisjoint(found):
            step = Step.CLOSE if PartStatus.DELIVERED in found else Step.CANCEL
            calls.append(StepCall(OWN_SOURCE, OrderStep(f"ended-{order}", order, step, reason="its parts have ended")))
    if calls:
        step_orders(calls)
