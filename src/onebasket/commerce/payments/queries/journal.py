"""What the journal asks of payments beyond their events."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import F

from onebasket.commerce.payments.models import Payment, RefundPart


def lowered_parts(refunds: Collection[UUID]) -> set[tuple[str, str]]:
    """Return the parts, as (refund, payment), by which a card was captured for less instead of paying back."""
    rows = RefundPart.objects.filter(refund_id__in=refunds, is_lowered=True).values_list("refund_id", "payment_id")
    return {(str(refund), str(payment)) for refund, payment in rows}


def places_of_orders(orders: Collection[UUID]) -> dict[str, str]:
    """Return by order the code of the place at which it is paid."""
    rows = Payment.objects.filter(order_id__in=orders).annotate(code=F("place__code")).values_list("order_id", "code")
    return {str(order): code for order, code in rows}
