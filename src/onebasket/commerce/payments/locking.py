"""The payments' only row locks: payments of orders in id order, then refunds' parts, then balances in id order."""

from collections.abc import Iterable
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.columns import as_instant
from onebasket.base.locking import require_transaction
from onebasket.commerce.payments.models import Payment, RefundPart
from onebasket.commerce.payments.rules.balances import Account


def lock_payments_of(orders: Iterable[UUID]) -> list[Payment]:
    """Lock every payment of these orders, in id order."""
    require_transaction()
    wanted = sorted(set(orders))
    if not wanted:
        return []
    return list(Payment.objects.select_for_update().filter(order_id__in=wanted).order_by("pk"))


def lock_payment(identity: UUID) -> Payment:
    """Lock one payment. Raises Payment.DoesNotExist."""
    require_transaction()
    return Payment.objects.select_for_update().get(pk=identity)


def lock_part(identity: UUID) -> RefundPart:
    """Lock a refund's part, after its payment. Raises RefundPart.DoesNotExist."""
    require_transaction()
    return RefundPart.objects.select_for_update().get(pk=identity)


def lock_accounts(ids: Iterable[int]) -> dict[int, Account]:
    """Lock the balances that exist, in id order, in one statement."""
    require_transaction()
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    sql = (
        "SELECT id, version, kind, currency, balance, active, expires_at FROM payments_balanceaccount "  # noqa: S608
        f"WHERE {bulk.in_list('id')} ORDER BY id{bulk.for_update()}"
    )
    return {
        identity: Account(identity, version, kind, currency, balance, bool(active), as_instant(expires_at))
        for identity, version, kind, currency, balance, active, expires_at in bulk.fetch(
            sql, [bulk.list_parameter(wanted)]
        )
    }
