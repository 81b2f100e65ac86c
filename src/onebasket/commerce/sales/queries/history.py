"""Receipts of a person, by the numbers of their cards: page by page, or whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from onebasket.base.keyset import After, keyset
from onebasket.commerce.sales.models import (
    FUNDERS,
    KINDS,
    Receipt,
    ReceiptDiscount,
    ReceiptLine,
    ReceiptTax,
    ReceiptTender,
)
from onebasket.commerce.sales.queries.reading import (
    DiscountRead,
    ReceiptHead,
    ReceiptLineRead,
    ReceiptRead,
    TaxRead,
    TenderRead,
)

LOWEST, HIGHEST = "-1", str(2**63 - 1)
"""Ids below and above those of all receipts."""
AT_ONCE = 200
_HEAD = tuple(name for name in ReceiptHead.__struct_fields__ if name != "place")
_LINE = ("number", "code", "quantity", "unit_code", "list_amount", "discount_amount", "paid_amount", "disposition")


def receipts_of(
    numbers: Sequence[str], *, places: frozenset[str] | None, after: After | None, limit: int
) -> tuple[list[ReceiptHead], After | None]:
    """Return receipts under any of these loyalty numbers, the newest first, and the cursor after them; one statement.

    `places` are the codes of the places that may be seen; None is everywhere.
    """
    rows = _heads(Q(loyalty_number__in=[number for number in numbers if number]), places)
    found, following = keyset(rows, order="occurred_at", descending=True, after=after, limit=limit)
    return [_head(row) for row in found], following


def whole_receipts_of(numbers: Sequence[str]) -> list[ReceiptRead]:
    """Return every receipt under these loyalty numbers, whole, the newest first: five statements for 200 of them."""
    found: list[ReceiptRead] = []
    after: After | None = None
    while True:
        heads, after = receipts_of(numbers, places=None, after=after, limit=AT_ONCE)
        found += _complete(heads)
        if after is None:
            return found


def sold_since(since: datetime) -> set[str]:
    """Return the loyalty numbers of receipts that were booked since an instant."""
    rows = Receipt.objects.filter(booked_at__gte=since).exclude(loyalty_number="")
    return set(rows.values_list("loyalty_number", flat=True).distinct())


def _heads(wanted: Q, places: frozenset[str] | None) -> Any:  # noqa: ANN401 - a query set of dicts with annotations
    reach = Q() if places is None else Q(place__code__in=sorted(places))
    return Receipt.objects.filter(wanted & reach).values(*_HEAD, place_code=F("place__code"))


def _head(row: dict[str, Any]) -> ReceiptHead:
    stated = dict(row)
    return ReceiptHead(place=stated.pop("place_code"), kind=dict(KINDS)[stated.pop("kind")], **stated)


def _complete(heads: Sequence[ReceiptHead]) -> list[ReceiptRead]:
    mine = Q(receipt_id__in=[head.id for head in heads])
    # The rows below a receipt are found by place first: that is how they are kept.
    mine &= Q(place__code__in=sorted({head.place for head in heads}))
    funders = dict(FUNDERS)
    discounts: dict[tuple[int, int], list[DiscountRead]] = {}
    for receipt, line, kind, funder, amount, reference in _parts(
        ReceiptDiscount, mine, "line", "kind", "funder", "amount", "reference"
    ):
        discounts.setdefault((receipt, line), []).append(DiscountRead(kind, funders[funder], amount, reference))
    taxes: dict[tuple[int, int], list[TaxRead]] = {}
    for receipt, line, *tax in _parts(ReceiptTax, mine, "line", "code", "rate", "base", "amount"):
        taxes.setdefault((receipt, line), []).append(TaxRead(*tax))
    tenders: dict[int, list[TenderRead]] = {}
    for receipt, *tender in _parts(ReceiptTender, mine, "kind", "amount", "reference"):
        tenders.setdefault(receipt, []).append(TenderRead(*tender))
    lines: dict[int, list[ReceiptLineRead]] = {}
    for receipt, *stated, sku in _parts(ReceiptLine, mine, *_LINE, "product__sku"):
        number, code, quantity, unit, listed, discount, paid, disposition = stated
        cut, taxed = tuple(discounts.get((receipt, number), ())), tuple(taxes.get((receipt, number), ()))
        line = ReceiptLineRead(number, code, sku, quantity, unit, listed, discount, paid, disposition, cut, taxed)
        lines.setdefault(receipt, []).append(line)
    return [ReceiptRead(head, tuple(lines.get(head.id, ())), tuple(tenders.get(head.id, ()))) for head in heads]


def _parts(model: Any, mine: Q, *names: str) -> Any:  # noqa: ANN401 - any table below receipts
    return model.objects.filter(mine).order_by("receipt_id", "id").values_list("receipt_id", *names)
