"""Which orders are paid for, the parts that partners serve of them included."""

from collections.abc import Iterable
from uuid import UUID

from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.partners.queries.parts import part_statuses
from onebasket.commerce.partners.rules.parts import Status as PartStatus
from onebasket.commerce.payments.queries import covered_orders, paid_ahead, unsettled_orders


def paid_orders(orders: Iterable[UUID]) -> set[UUID]:
    """Return those of the orders whose every payment is sure: their own, and those of their parts, paid ahead.

    A part that was left out counts no more. An order without any payment is not among them.
    """
    wanted = set(orders)
    if not wanted:
        return set()
    split = dict(Order.objects.filter(pk__in=wanted, part_count__gt=0).values_list("pk", "total"))
    own = covered_orders(wanted)
    if not split:
        return own
    parts = live_parts(split)
    paid = paid_ahead(part for live in parts.values() for part in live)
    whole = {order for order, total in split.items() if parts.get(order, set()) <= paid and (order in own or not total)}
    return (own - split.keys()) | {order for order in whole if split[order] or parts.get(order)}


def awaiting_among(orders: Iterable[UUID]) -> set[UUID]:
    """Return those of the orders that wait for their payment."""
    rows = Order.objects.filter(pk__in=set(orders), status=Status.AWAITING_PAYMENT)
    return set(rows.values_list("pk", flat=True))


def unsettled(orders: Iterable[UUID]) -> set[UUID]:
    """Return those of the orders a payment of which is unknown, be it for one of their parts."""
    wanted = set(orders)
    if not wanted:
        return set()
    split = set(Order.objects.filter(pk__in=wanted, part_count__gt=0).values_list("pk", flat=True))
    of_part = {part: order for order, parts in live_parts(split).items() for part in parts}
    return {of_part.get(one, one) for one in unsettled_orders([*wanted, *of_part])}


def live_parts(orders: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Return by order its parts but for those that were cancelled; one statement."""
    found = part_statuses(set(orders))
    return {
        order: {part for part, status in parts.items() if status is not PartStatus.CANCELLED}
        for order, parts in found.items()
    }
