"""Reads of receipts for people: lists, sums by minute, day and place, and one receipt, whole.

`places` are place codes that the reader is bound to; None is every place. Money counts with the receipt's effect.
"""

from collections.abc import Sequence
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Q, Sum, TextField
from django.db.models.functions import Cast, Substr

from onebasket.base.keyset import After, Records, keyset
from onebasket.commerce.sales.models import (
    LineException,
    Receipt,
    ReceiptDiscount,
    ReceiptLine,
    ReceiptTax,
    ReceiptTender,
)

SALE, NO_SALE = 1, 4
LATELY = 200
"""Receipts among which the product is looked for that sells most just now."""
MINUTE_LETTERS = 16
EFFECTIVE = ExpressionWrapper(F("paid_total") * F("effect"), output_field=BigIntegerField())
SORTS = {
    "booked_at": "booked_at", "occurred_at": "occurred_at", "business_day": "business_day", "lines": "line_count",
    "discount": "discount_total", "total": "paid_total",
}  # fmt: skip
EXCEPTION_SORTS = {"opened_at": "opened_at", "code": "code"}
HEAD = (
    "id", "kind", "effect", "number", "till", "business_day", "occurred_at", "booked_at", "line_count", "currency",
    "paid_total", "discount_total", "loyalty_number", "clock_suspect",
)  # fmt: skip
MORE = (
    "tax_total", "tax_included", "tendered", "change", "rounding", "operator", "original_place", "original_till",
    "original_day", "original_number",
)  # fmt: skip
PLACE = {"place_code": F("place__code"), "place_name": F("place__name"), "time_zone": F("place__time_zone")}


def receipt_rows(
    places: frozenset[str] | None, filters: dict[str, str], *, sort: tuple[str, bool], after: After | None, limit: int
) -> tuple[Records, After | None]:
    """List receipts; `filters` may hold q (number, till or card), kind, day (ISO) and place."""
    wanted = _at(places)
    if text := filters.get("q"):
        wanted &= Q(number__icontains=text) | Q(till=text) | Q(loyalty_number=text)
    if (kind := filters.get("kind", "")).isdecimal():
        wanted &= Q(kind=int(kind))
    if day := as_day(filters.get("day", "")):
        wanted &= Q(business_day=day)
    if place := filters.get("place"):
        wanted &= Q(place__code=place)
    rows = Receipt.objects.filter(wanted).values(*HEAD, **PLACE)
    return keyset(rows, order=SORTS[sort[0]], descending=sort[1], after=after, limit=limit)


def receipts_by_minute(places: frozenset[str] | None, since: datetime) -> list[tuple[str, str, int, int]]:
    """Return (UTC minute of booking, 'YYYY-MM-DD HH:MM'; currency; receipts; money) of what was sold and booked since.

    Sales of days past that are only now being loaded are no pulse.
    """
    rows = (
        Receipt.objects.filter(_at(places), ~Q(kind=NO_SALE), booked_at__gte=since, occurred_at__gte=since)
        .annotate(minute=Substr(Cast("booked_at", TextField()), 1, MINUTE_LETTERS))
        .values_list("minute", "currency")
        .annotate(count=Count("id"), amount=Sum(EFFECTIVE))
        .order_by()
    )
    return list(rows)


def receipts_by_place(places: frozenset[str] | None, since: datetime) -> dict[str, tuple[int, int]]:
    """Return receipts and money by place code, of what was sold and booked since."""
    rows = (
        Receipt.objects.filter(_at(places), ~Q(kind=NO_SALE), booked_at__gte=since, occurred_at__gte=since)
        .values_list("place__code")
        .annotate(count=Count("id"), amount=Sum(EFFECTIVE))
        .order_by()
    )
    return {code: (count, amount) for code, count, amount in rows}


def sold_most(places: frozenset[str] | None) -> str:
    """Return the SKU of the tracked product on most of the newest receipts, the lesser SKU of two; "" without any."""
    newest = Receipt.objects.filter(_at(places), kind=SALE).order_by("-id").values_list("place_id", "id")[:LATELY]
    by_place: dict[int, list[int]] = {}
    for place, receipt in newest:
        by_place.setdefault(place, []).append(receipt)
    wanted = [Q(place_id=place, receipt_id__in=receipts) for place, receipts in by_place.items()]
    if not wanted:
        return ""
    lines = ReceiptLine.objects.filter(reduce(or_, wanted), product__tracked=True, quantity__gt=0)
    counted = lines.values_list("product__sku").annotate(count=Count("id")).order_by("-count", "product__sku")
    return next((sku for sku, _ in counted[:1]), "")


def sold_on(days: Sequence[tuple[date, Sequence[int]]], *, before: datetime | None = None) -> dict[str, int]:
    """Return money by currency of business days, each at the places (ids) that it is the day of."""
    wanted = Q()
    for day, place_ids in days:
        wanted |= Q(business_day=day, place_id__in=place_ids)
    rows = Receipt.objects.filter(wanted) if days else Receipt.objects.none()
    if before is not None:
        rows = rows.filter(occurred_at__lte=before)
    return dict(rows.values_list("currency").annotate(amount=Sum(EFFECTIVE)).order_by())


def exceptions_open(places: frozenset[str] | None) -> int:
    """Count the lines that moved no stock yet."""
    return LineException.objects.filter(_at(places), state=LineException.State.OPEN).count()


def exception_rows(
    places: frozenset[str] | None, filters: dict[str, str], *, sort: tuple[str, bool], after: After | None, limit: int
) -> tuple[Records, After | None]:
    """List line exceptions; `filters` may hold q (code), reason, state and place."""
    wanted = _at(places)
    if text := filters.get("q"):
        wanted &= Q(code__icontains=text)
    for name, path in (("reason", "reason"), ("state", "state"), ("place", "place__code")):
        if value := filters.get(name):
            wanted &= Q(**{path: value})
    rows = LineException.objects.filter(wanted).values(
        "id", "receipt_id", "line", "code", "reason", "state", "opened_at", receipt_number=F("receipt__number"), **PLACE
    )
    return keyset(rows, order=EXCEPTION_SORTS[sort[0]], descending=sort[1], after=after, limit=limit)


def receipt_whole(places: frozenset[str] | None, identity: int) -> dict[str, Any] | None:
    """Return a receipt with its lines, discounts, taxes, tenders and exceptions, in six statements; None if foreign."""
    head = Receipt.objects.filter(_at(places), id=identity).values(*HEAD, *MORE, "place_id", **PLACE).first()
    if head is None:
        return None
    mine = Q(place_id=head.pop("place_id"), receipt_id=identity)
    lines = ReceiptLine.objects.filter(mine).order_by("number")
    return {
        "head": head,
        "lines": list(
            lines.values(
                "number", "code", "quantity", "unit_code", "list_amount", "paid_amount", "disposition",
                sku=F("product__sku"), name=F("product__name"),
            )
        ),
        "discounts": list(
            ReceiptDiscount.objects.filter(mine).order_by("id").values("line", "kind", "funder", "amount", "reference")
        ),
        "taxes": list(ReceiptTax.objects.filter(mine).order_by("id").values("code", "rate", "base", "amount")),
        "tenders": list(ReceiptTender.objects.filter(mine).order_by("number").values("kind", "amount", "reference")),
        "exceptions": dict(
            LineException.objects.filter(mine, state=LineException.State.OPEN).values_list("line", "reason")
        ),
    }  # fmt: skip


def as_day(text: str) -> date | None:
    """Read an ISO date; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _at(places: frozenset[str] | None) -> Q:
    return Q() if places is None else Q(place__code__in=sorted(places))
