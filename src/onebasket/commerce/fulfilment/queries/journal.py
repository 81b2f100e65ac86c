"""What the journal reads of returns: those of orders, what came back of an order before, and credit that paid one."""

from collections.abc import Collection
from uuid import UUID

from onebasket.commerce.fulfilment.models import Return, ReturnTender
from onebasket.commerce.fulfilment.rules.journal import JournalReturn

OF_ORDERS = "order/"
CREDIT = "store_credit"


def returns_for_journal(ids: Collection[UUID]) -> list[JournalReturn]:
    """Return those of the returns that are of orders, with what the orders' payments give back."""
    rows = Return.objects.filter(pk__in=ids, reference__startswith=OF_ORDERS).order_by("receipt_id")
    tenders: dict[UUID, list[tuple[str, int]]] = {}
    stated = ReturnTender.objects.filter(return_id__in=ids).order_by("return_id", "number")
    for identity, kind, amount, reference in stated.values_list("return_id", "kind", "amount", "reference"):
        # Credit that was issued for the return names its account; what a payment gives back names the payment.
        if not reference.isdigit():
            tenders.setdefault(identity, []).append((kind, amount))
    return [
        JournalReturn(
            row.pk, UUID(row.reference.removeprefix(OF_ORDERS)), row.receipt_id, row.accepted_at, row.currency,
            tenders.get(row.pk, ()),
        )
        for row in rows
    ]  # fmt: skip


def receipts_of_orders(orders: Collection[UUID]) -> dict[UUID, list[int]]:
    """Return by order the receipts of all its returns, in order."""
    found: dict[UUID, list[int]] = {}
    wanted = [f"{OF_ORDERS}{order}" for order in orders]
    rows = Return.objects.filter(reference__in=wanted).order_by("receipt_id").values_list("reference", "receipt_id")
    for reference, receipt in rows:
        found.setdefault(UUID(reference.removeprefix(OF_ORDERS)), []).append(receipt)
    return found


def credit_paying_returns(accounts: Collection[int]) -> set[int]:
    """Return those of the accounts of store credit that were issued to pay a return."""
    if not accounts:
        return set()
    wanted = [str(account) for account in accounts]
    rows = ReturnTender.objects.filter(kind=CREDIT, reference__in=wanted).values_list("reference", flat=True)
    return {int(reference) for reference in rows}
