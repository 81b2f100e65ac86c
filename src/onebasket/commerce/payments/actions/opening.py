"""Open an order's tenders, in the transaction that places it; and let a refused one be paid at collection instead."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.locking import require_transaction
from onebasket.commerce.payments.locking import lock_payment
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.payments.rules.life import BALANCES, Method, Status, Step, after
from onebasket.commerce.payments.rules.messages import NewPayment

_NAMES = (
    "id", "place", "order_id", "number", "method", "status", "goal", "currency", "amount", "due", "authorised",
    "captured", "refunded", "account_id", "reference", "label", "reason", "tries", "failures", "opened_at",
    "changed_at",
)  # fmt: skip
_PUT_ASIDE = BALANCES | {Method.INVOICE}
"""Methods whose money is put aside when the tender is opened; nobody outside has to be asked."""


def open_payments(rows: Sequence[NewPayment], *, now: datetime) -> None:
    """Open the tenders of new orders, numbered within each order as given, in one statement.

    What a gift card or store credit pays has been spent in the balances' book before, in the same transaction. Nothing
    is told: the order's own event tells that it was placed.
    """
    require_transaction()
    counted: Counter[UUID] = Counter()
    written = []
    for one in rows:
        counted[one.order] += 1
        aside = one.method in _PUT_ASIDE
        written.append(
            (
                one.id, one.place_id, one.order, counted[one.order], one.method.value,
                (Status.AUTHORISED if aside else Status.PENDING).value, "", one.currency, one.amount, one.amount,
                one.amount if aside else 0, 0, 0, one.account_id, one.reference, "", "", 0, 0, now, now,
            )
        )  # fmt: skip
    bulk.insert(Payment, _NAMES, written)


class NotReplaceableError(Exception):
    """The payment cannot be paid in another way: its money is put aside, was taken, or what came of it is unknown."""


def pay_at_collection(payment_id: UUID) -> None:
    """Let what a card was to pay, and did not, be paid at collection; the order's own step confirms it then.

    Raises:
        NotReplaceableError: the money may be on its way, or the order has let the payment go.
    """
    with transaction.atomic():
        row = lock_payment(payment_id)
        status = after(Status(row.status), Step.REPLACE)
        if status is None or row.goal or row.due == 0 or row.method != Method.CARD:
            raise NotReplaceableError(f"a payment that is {row.status} cannot be paid in another way")
        row.method, row.status, row.reason, row.next_at = Method.AT_COLLECTION.value, status.value, "", None
        row.changed_at = database_now()
        row.save(update_fields=["method", "status", "reason", "next_at", "changed_at"])
