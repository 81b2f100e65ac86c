"""Whom one writes to about an order."""

from collections.abc import Collection
from uuid import UUID

from onebasket.commerce.orders.models import OrderContact


def orders_with_address(ids: Collection[UUID], *, sources: Collection[int]) -> set[UUID]:
    """Return those of the orders which these sources placed and whose shopper left an e-mail address; one statement."""
    rows = OrderContact.objects.filter(order_id__in=ids, order__source_id__in=sources).exclude(email="")
    return set(rows.values_list("order_id", flat=True))
