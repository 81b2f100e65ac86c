"""Receipts and line exceptions as programs read them, in a fixed number of statements.

`places` are the place codes that the reader is bound to; None is every place.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from django.db.models import F, Q

from onebasket.base.keyset import After, keyset
from onebasket.commerce.sales.models import (
    FUNDERS,
    KINDS,
    LineException,
    Receipt,
    ReceiptDiscount,
    ReceiptLine,
    ReceiptTax,
    ReceiptTender,
)

_KINDS = dict(KINDS)
_FUNDERS = dict(FUNDERS)
_HEAD = (
    "id", "kind", "effect", "till", "operator", "business_day", "number", "original_place", "original_till",
    "original_day", "original_number", "awaits_original", "voided", "loyalty_number", "currency", "paid_total",
    "discount_total", "tax_total", "tax_included", "tendered", "change", "rounding", "line_count", "occurred_at",
    "booked_at", "clock_suspect",
)  # fmt: skip
_LINE = ("number", "code", "quantity", "unit_code", "list_amount", "discount_amount", "paid_amount", "disposition")


class ReceiptHead(msgspec.Struct, frozen=True):
    """A receipt without its lines. Amounts in minor units, as the till states them; `effect` is what they count for."""

    id: int
    place: str
    kind: str
    effect: int
    till: str
    operator: str
    business_day: date
    number: str
    original_place: str
    original_till: str
    original_day: date | None
    original_number: str
    awaits_original: bool
    voided: bool
    loyalty_number: str
    currency: str
    paid_total: int
    discount_total: int
    tax_total: int
    tax_included: bool
    tendered: int
    change: int
    rounding: int
    line_count: int
    occurred_at: datetime
    booked_at: datetime
    clock_suspect: bool


class DiscountRead(msgspec.Struct, frozen=True, gc=False):
    """A reduction of a line."""

    kind: str
    funder: str
    amount: int
    reference: str


class TaxRead(msgspec.Struct, frozen=True, gc=False):
    """Tax on a line; `rate` in parts per million."""

    code: str
    rate: int
    base: int
    amount: int


class ReceiptLineRead(msgspec.Struct, frozen=True):
    """A line as booked; `sku` is null while nobody knows what the code means."""

    line: int
    code: str
    sku: str | None
    quantity: int
    unit: str
    list_amount: int
    discount_amount: int
    paid_amount: int
    disposition: str
    discounts: tuple[DiscountRead, ...]
    taxes: tuple[TaxRead, ...]


class TenderRead(msgspec.Struct, frozen=True, gc=False):
    """A means of payment and its amount."""

    kind: str
    amount: int
    reference: str


class ReceiptRead(msgspec.Struct, frozen=True):
    """A receipt, whole."""

    head: ReceiptHead
    lines: tuple[ReceiptLineRead, ...]
    tenders: tuple[TenderRead, ...]


class LineExceptionRead(msgspec.Struct, frozen=True):
    """A line that was booked in money and moved no stock, until somebody says what it was."""

    id: int
    place: str
    receipt: int
    receipt_number: str
    line: int
    code: str
    quantity: int
    reason: str
    state: str
    sku: str | None
    opened_at: datetime
    settled_at: datetime | None
    settled_by: str
    note: str


class ReceiptFilter(NamedTuple):
    """Which receipts; an empty filter is every one."""

    place: str = ""
    kind: str = ""
    till: str = ""
    number: str = ""
    business_day: date | None = None
    since: datetime | None = None


def read_receipts(
    places: frozenset[str] | None, wanted: ReceiptFilter, *, after: After | None, limit: int
) -> tuple[list[ReceiptHead], After | None]:
    """Return a page of receipts, the last booked first, and the cursor of the page after it; one statement."""
    stated = {
        "place__code": wanted.place,
        "kind": next((number for number, name in KINDS if name == wanted.kind), None),
        "till": wanted.till,
        "number": wanted.number,
        "business_day": wanted.business_day,
        "booked_at__gte": wanted.since,
    }
    rows = _heads(places).filter(**{name: value for name, value in stated.items() if value})
    found, following = keyset(rows, order="booked_at", descending=True, after=after, limit=limit)
    return [_head(row) for row in found], following


def read_receipt(places: frozenset[str] | None, identity: int) -> ReceiptRead | None:
    """Return a receipt, whole, in five statements; None when there is none, or it is of a foreign place."""
    found = _heads(places).filter(pk=identity).annotate(at_place=F("place_id")).first()
    if found is None:
        return None
    mine = Q(place_id=found.pop("at_place"), receipt_id=identity)
    discounts: dict[int, list[DiscountRead]] = {}
    for line, kind, funder, amount, reference in (
        ReceiptDiscount.objects.filter(mine).order_by("id").values_list("line", "kind", "funder", "amount", "reference")
    ):
        discounts.setdefault(line, []).append(DiscountRead(kind, _FUNDERS[funder], amount, reference))
    taxes: dict[int, list[TaxRead]] = {}
    for line, code, rate, base, tax in (
        ReceiptTax.objects.filter(mine).order_by("id").values_list("line", "code", "rate", "base", "amount")
    ):
        taxes.setdefault(line, []).append(TaxRead(code, rate, base, tax))
    lines = ReceiptLine.objects.filter(mine).order_by("number").values_list(*_LINE, "product__sku")
    tenders = ReceiptTender.objects.filter(mine).order_by("number").values_list("kind", "amount", "reference")
    return ReceiptRead(
        _head(found),
        tuple(_line(row, discounts.get(row[0], ()), taxes.get(row[0], ())) for row in lines),
        tuple(TenderRead(*tender) for tender in tenders),
    )


def read_line_exceptions(
    places: frozenset[str] | None, *, place: str, state: str, after: After | None, limit: int
) -> tuple[list[LineExceptionRead], After | None]:
    """Return a page of line exceptions, oldest first, and the cursor of the page after it; one statement."""
    rows = _exceptions(places)
    if place:
        rows = rows.filter(place__code=place)
    if state:
        rows = rows.filter(state=state)
    found, following = keyset(rows, order="opened_at", descending=False, after=after, limit=limit)
    return [LineExceptionRead(**_named(row)) for row in found], following


def read_line_exception(places: frozenset[str] | None, identity: int) -> LineExceptionRead | None:
    """Return a line exception; None when there is none, or it is of a foreign place."""
    found = _exceptions(places).filter(pk=identity).first()
    return None if found is None else LineExceptionRead(**_named(found))


def _heads(places: frozenset[str] | None) -> Any:  # noqa: ANN401 - a query set of dicts with annotations
    return Receipt.objects.filter(_at(places)).values(*_HEAD, place_code=F("place__code"))


def _exceptions(places: frozenset[str] | None) -> Any:  # noqa: ANN401 - a query set of dicts with annotations
    return LineException.objects.filter(_at(places)).values(
        "id", "line", "code", "quantity", "reason", "state", "opened_at", "settled_at", "settled_by", "note",
        place_code=F("place__code"), of_receipt=F("receipt_id"), receipt_number=F("receipt__number"),
        sku=F("product__sku"),
    )  # fmt: skip


def _named(row: dict[str, Any]) -> dict[str, Any]:
    row["place"] = row.pop("place_code")
    row["receipt"] = row.pop("of_receipt")
    return row


def _head(row: dict[str, Any]) -> ReceiptHead:
    stated = dict(row)
    return ReceiptHead(place=stated.pop("place_code"), kind=_KINDS[stated.pop("kind")], **stated)


def _line(row: Sequence[Any], discounts: Sequence[DiscountRead], taxes: Sequence[TaxRead]) -> ReceiptLineRead:
    number, code, quantity, unit, listed, discount, paid, disposition, sku = row
    return ReceiptLineRead(
        number, code, sku, quantity, unit, listed, discount, paid, disposition, tuple(discounts), tuple(taxes)
    )  # fmt: skip


def _at(places: frozenset[str] | None) -> Q:
    return Q() if places is None else Q(place__code__in=sorted(places))
