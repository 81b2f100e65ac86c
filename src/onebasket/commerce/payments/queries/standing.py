"""How orders stand with their tenders, as the module above asks before it moves them on."""

from collections.abc import Iterable
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.columns import as_uuid
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.payments.rules.life import Goal, Method, Status


def unsettled_orders(orders: Iterable[UUID]) -> set[UUID]:
    """Return those of the orders a payment of which is unknown: what became of it is yet to be found out."""
    wanted = set(orders)
    if not wanted:
        return set()
    rows = Payment.objects.filter(order_id__in=wanted, status=Status.UNKNOWN)
    return set(rows.values_list("order_id", flat=True))


def is_settled(order: UUID) -> bool:
    """Whether every payment of an order is known, so that its promise may lapse."""
    return not unsettled_orders([order])


def paid_ahead(orders: Iterable[UUID]) -> set[UUID]:
    """Return those of the orders, or parts of orders, whose money is all put aside or taken: nothing at collection."""
    wanted = sorted(set(orders))
    if not wanted:
        return set()
    sql = (
        "SELECT order_id FROM payments_payment "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('order_id')} AND status <> 'reversed' GROUP BY order_id HAVING "
        "SUM(CASE WHEN goal <> %s AND status IN ('authorised', 'captured') THEN 0 ELSE 1 END) = 0"
    )
    found = bulk.fetch(sql, [bulk.list_parameter(wanted), Goal.REVERSE.value])
    return {as_uuid(order) for (order,) in found}


def covered_orders(orders: Iterable[UUID]) -> set[UUID]:
    """Return those of the orders whose tenders are all sure: put aside, captured, or to be paid at collection.

    An order without any payment is not among them.
    """
    wanted = sorted(set(orders))
    if not wanted:
        return set()
    sql = (
        "SELECT order_id FROM payments_payment "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('order_id')} AND status <> 'reversed' GROUP BY order_id HAVING "
        "SUM(CASE WHEN goal <> %s AND (status IN ('authorised', 'captured') OR "
        "(status = 'pending' AND method = %s)) THEN 0 ELSE 1 END) = 0"
    )
    found = bulk.fetch(sql, [bulk.list_parameter(wanted), Goal.REVERSE.value, Method.AT_COLLECTION.value])
    return {as_uuid(order) for (order,) in found}
