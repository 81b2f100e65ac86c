"""Receipts as they were sold, for pricing to price them again under other terms."""

from datetime import datetime

import msgspec

from onebasket.base.keyset import After, keyset
from onebasket.commerce.sales.models import Receipt, ReceiptLine

_SALE = 1


class SoldLine(msgspec.Struct, frozen=True, gc=False):
    """A line of a sale whose product is known: what the shelf said that all of it costs, and what was paid."""

    number: int
    product_id: int
    quantity: int
    list_amount: int
    paid_amount: int


class SoldReceipt(msgspec.Struct, frozen=True):
    """A sale, not voided, as it was booked."""

    id: int
    place_id: int
    number: str
    currency: str
    loyalty_number: str
    occurred_at: datetime
    lines: tuple[SoldLine, ...]


def sold_between(
    since: datetime, until: datetime, *, after: After | None, limit: int
) -> tuple[list[SoldReceipt], After | None]:  # fmt: skip
    """Return a page of the sales of a span of time, those booked last first, and the cursor of the page after it.

    What occurred in the span was booked since it began, so that no more is read than was booked since. Two statements.
    Lines of goods that nobody knows, and those that came to nothing, are left out.
    """
    heads = Receipt.objects.filter(
        booked_at__gte=since, occurred_at__gte=since, occurred_at__lt=until, kind=_SALE, effect=1, voided=False
    ).values("id", "place_id", "number", "currency", "loyalty_number", "occurred_at", "booked_at")
    found, following = keyset(heads, order="booked_at", descending=True, after=after, limit=limit)
    lines: dict[int, list[SoldLine]] = {}
    rows = ReceiptLine.objects.filter(
        place_id__in={row["place_id"] for row in found},
        receipt_id__in=[row["id"] for row in found],
        product_id__isnull=False,
        quantity__gt=0,
        list_amount__gt=0,
    ).values_list("receipt_id", "number", "product_id", "quantity", "list_amount", "paid_amount")
    for receipt, *line in rows.order_by("place_id", "receipt_id", "number"):
        lines.setdefault(receipt, []).append(SoldLine(*line))
    for row in found:
        del row["booked_at"]
    return [SoldReceipt(**row, lines=tuple(lines.get(row["id"], ()))) for row in found], following
