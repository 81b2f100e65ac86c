"""What payments do when orders move on, and orders when a payment is sure."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from onebasket.base.subscriptions import Heard
from onebasket.commerce.orders.actions import StepCall, step_orders
from onebasket.commerce.orders.queries.paying import paid_orders
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderNews, OrderStep
from onebasket.commerce.partners.queries.parts import orders_of_parts
from onebasket.commerce.partners.rules.messages import PartNews
from onebasket.commerce.payments.actions import settle_orders
from onebasket.commerce.payments.rules.messages import PaymentNews, Settling
from onebasket.commerce.payments.rules.tenders import Kind

OWN_SOURCE = 0
"""The source id of what the hub does by itself."""

SETTLES: dict[str, Kind] = {
    "order.ready": "lower",
    "order.handed_over": "hand_over",
    "order.cancelled": "cancel",
    "order.expired": "cancel",
}
"""What each event means for the order's tenders: a short pick has lowered the total by the time it is ready."""

PARTS: dict[str, Kind] = {
    "part.placed": "lower",
    "part.shipped": "hand_over",
    "part.delivered": "hand_over",
    "part.refused": "cancel",
    "part.cancelled": "cancel",
}
"""What each event means for the tenders of a partner's part, which bear its id: what was sent is taken."""

CONFIRMS = "payment.authorised"

_order = msgspec.json.Decoder(OrderNews).decode
_part = msgspec.json.Decoder(PartNews).decode
_payment = msgspec.json.Decoder(PaymentNews).decode


def settle(events: Sequence[Heard]) -> None:
    """Settle the orders of events: capture what is due, lower it, or let everything go."""
    settlings = []
    for event in events:
        told = _order(event.data)
        settlings.append(Settling(UUID(told.order), SETTLES[event.type], told.total))
    settle_orders(settlings)


def settle_parts(events: Sequence[Heard]) -> None:
    """Settle the partners' parts of events, each by its own tenders."""
    settlings = []
    for event in events:
        told = _part(event.data)
        settlings.append(Settling(UUID(told.part), PARTS[event.type], told.total))
    settle_orders(settlings)


def confirm(events: Sequence[Heard]) -> None:
    """Confirm the payment of orders whose tenders are all sure now; those that do not await it change nothing."""
    paid = {UUID(_payment(event.data).order) for event in events}
    parts = orders_of_parts(paid)
    confirm_paid({parts.get(one, one) for one in paid})


def confirm_paid(orders: Iterable[UUID]) -> None:
    """Confirm the payment of those of the orders whose every payment is sure, partners' parts included."""
    orders = paid_orders(orders)
    calls = [OrderStep(f"paid-{order}", order, Step.CONFIRM_PAYMENT) for order in sorted(orders)]
    if calls:
        step_orders([StepCall(OWN_SOURCE, call) for call in calls])
