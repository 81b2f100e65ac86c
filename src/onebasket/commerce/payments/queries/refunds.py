"""Refunds as one tells of them."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.db.models import Sum

from onebasket.commerce.payments.models import Refund, RefundPart

OF_RETURN = "return/"
"""What the key of a refund begins with that a return of goods made."""
OWN_SOURCE = 0


class RefundTold(NamedTuple):
    """A refund, in minor units, with what each tender got of it as (method, amount)."""

    order: UUID
    currency: str
    amount: int
    parts: tuple[tuple[str, int], ...]


def refunds_alone(ids: Collection[UUID]) -> set[UUID]:
    """Return those of the refunds which somebody gave: neither part of a return nor the hub's own correction."""
    rows = Refund.objects.filter(pk__in=ids).exclude(source_id=OWN_SOURCE).exclude(key__startswith=OF_RETURN)
    return set(rows.values_list("pk", flat=True))


def lowered_of_each(payments: Collection[UUID]) -> dict[UUID, int]:
    """Return what was given back of payments by capturing less; one statement, none without any."""
    rows = RefundPart.objects.filter(payment__in=payments, is_lowered=True).order_by().values_list("payment_id")
    return dict(rows.annotate(Sum("amount"))) if payments else {}


def refund_told(identity: UUID) -> RefundTold | None:
    """Return a refund; two statements."""
    return _told(Refund.objects.filter(pk=identity).first())


def refund_of_key(source_id: int, key: str) -> RefundTold | None:
    """Return the refund that a source gave under a key; two statements."""
    return _told(Refund.objects.filter(source_id=source_id, key=key).first())


def _told(row: Refund | None) -> RefundTold | None:
    if row is None:
        return None
    parts = RefundPart.objects.filter(refund=row).order_by("-payment__number")
    return RefundTold(row.order_id, row.currency, row.amount, tuple(parts.values_list("payment__method", "amount")))
