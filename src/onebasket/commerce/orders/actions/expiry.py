"""End the promises of orders that were not paid in time."""

from onebasket.base.clock import database_now
from onebasket.commerce.orders.actions.stepping import StepCall, step_orders
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.queries.paying import paid_orders, unsettled
from onebasket.commerce.orders.rules.life import Status, Step
from onebasket.commerce.orders.rules.messages import OrderStep

OWN_SOURCE = 0
"""The source id of what the hub does by itself."""
_LOOKED_AT = 10
"""Times as many are looked at as expire at most, so that those which wait for an inquiry hold up no other."""


def expire_orders(limit: int = 100) -> int:
    """Expire unpaid orders whose time is over, oldest first; returns how many.

    An order whose payment is unknown waits for the inquiry, and one that is paid for its confirmation.
    """
    now = database_now()
    due = Order.objects.filter(status=Status.AWAITING_PAYMENT, expires_at__lte=now).order_by("expires_at")
    over = list(due.values_list("pk", flat=True)[: limit * _LOOKED_AT])
    kept = unsettled(over) | paid_orders(over)
    ids = [order for order in over if order not in kept][:limit]
    # A key for each look: a clock that was set back between the two may find that the time is not over.
    step_orders(
        [StepCall(OWN_SOURCE, OrderStep(f"expire-{order}-{now:%y%m%dT%H%M%S}", order, Step.EXPIRE)) for order in ids]
    )
    return len(ids)
