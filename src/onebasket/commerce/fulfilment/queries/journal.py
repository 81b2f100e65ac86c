"""What the journal reads of returns: those of orders, what came back of an order before, and credit that paid one."""

from collections.abc import Collection
from uuid import UUID

from onebasket.commerce.fulfilment.models import Return, ReturnTender
from onebasket.commerce.fulfilment.rules.journal import JournalReturn, TillReturn

OF_ORDERS = "order/"
OF_RECEIPTS = "receipt/"
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


def till_returns_for_journal(ids: Collection[UUID]) -> list[TillReturn]:
    """Return those of the returns that are of tills' receipts and of somebody's loyalty number."""
    rows = Return.objects.filter(pk__in=ids, reference__startswith=OF_RECEIPTS).exclude(loyalty_number="")
    return [
        TillReturn(row.pk, int(row.reference.removeprefix(OF_RECEIPTS)), row.receipt_id, row.accepted_at)
        for row in rows.order_by("receipt_id")
    ]


def receipts_of_sales(receipts: Collection[int]) -> dict[int, list[int]]:
    """Return by tills' receipts the receipts of all their returns, in order."""
    found: dict[int, list[int]] = {}
    wanted = [f"{OF_RECEIPTS}{receipt}" for receipt in receipts]
    rows = Return.objects.filter(reference__in=wanted).order_by("receipt_id").values_list("reference", "receipt_id")
    for reference, receipt in rows:
        found.setdefault(int(reference.removeprefix(OF_RECEIPTS)), []).append(receipt)
    return found


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
