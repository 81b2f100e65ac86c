"""End the promises of orders that were not paid in time."""

from onebasket.base.clock import database_now
from onebasket.commerce.orders.actions.stepping import StepCall, step_orders
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.life import Status, Step
from onebasket.commerce.orders.rules.messages import OrderStep

OWN_SOURCE = 0
"""The source id of what the hub does by itself."""


def expire_orders(limit: int = 100) -> int:
    """Expire unpaid orders whose time is over, oldest first; returns how many were looked at."""
    now = database_now()
    due = Order.objects.filter(status=Status.AWAITING_PAYMENT, expires_at__lte=now).order_by("expires_at")
    ids = list(due.values_list("pk", flat=True)[:limit])
    # A key for each look: a clock that was set back between the two may find that the time is not over.
    step_orders(
        [StepCall(OWN_SOURCE, OrderStep(f"expire-{order}-{now:%y%m%dT%H%M%S}", order, Step.EXPIRE)) for order in ids]
    )
    return len(ids)
