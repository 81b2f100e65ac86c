"""The customers' only row locks: customers in id order, each with whoever it was merged into."""

from collections.abc import Iterable

from onebasket.base.locking import require_transaction
from onebasket.commerce.customers.models import Customer


def lock_customers(ids: Iterable[int]) -> dict[int, Customer]:
    """Lock the customers that exist, in id order; read what they point to after this, and never before."""
    require_transaction()
    wanted = sorted(set(ids))
    return {row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
