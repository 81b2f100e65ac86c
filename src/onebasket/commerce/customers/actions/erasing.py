"""The end of a customer: every row about the person goes, and the numbers are given to nobody again."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from onebasket.base import outbox
from onebasket.base.locking import require_transaction
from onebasket.commerce.customers.actions.details import CustomerError, note
from onebasket.commerce.customers.actions.numbers import keep_erased
from onebasket.commerce.customers.locking import lock_customers
from onebasket.commerce.customers.models import Customer, CustomerMerge


class ErasedCustomer(NamedTuple):
    """The numbers that somebody had who was erased, and the user ids of their accounts."""

    numbers: tuple[str, ...]
    accounts: tuple[int, ...]


def erase_customer(customer_id: int, *, actor: str, now: datetime) -> ErasedCustomer:
    """Erase a customer in the present transaction; return what is left to do elsewhere.

    Whoever calls takes the numbers out of the facts of higher modules, and ends the accounts, in the same transaction.

    Raises:
        CustomerError: there is no such customer.
    """
    require_transaction()
    rows = _lock_family(customer_id)
    row = rows.get(customer_id)
    if row is None or row.merged_into_id is not None:
        raise CustomerError("There is no such customer.")
    numbers = tuple(sorted(held.loyalty_number for held in rows.values()))
    accounts = tuple(sorted(held.user_id for held in rows.values() if held.user_id is not None))
    keep_erased(numbers, at=now)
    note(row, "customer.erase", actor=actor, at=now, detail={"numbers": len(numbers), "accounts": len(accounts)})
    outbox.record(
        [outbox.News("customer.erased", f"customer/{row.loyalty_number}", now, {"loyalty_numbers": list(numbers)})]
    )
    CustomerMerge.objects.filter(Q(keep__in=rows) | Q(other__in=rows)).delete()
    Customer.objects.filter(merged_into=row).delete()
    row.delete()
    return ErasedCustomer(numbers, accounts)


def _lock_family(customer_id: int) -> dict[int, Customer]:
    """Lock a customer and whoever was merged into it; whoever was merged while we waited is locked too."""
    rows: dict[int, Customer] = {}
    while True:
        found = Customer.objects.filter(Q(pk=customer_id) | Q(merged_into=customer_id)).values_list("pk", flat=True)
        family = set(found)
        if family <= rows.keys():
            return {key: row for key, row in rows.items() if key in family}
        rows = lock_customers(family | rows.keys())
