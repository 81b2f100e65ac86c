"""Write a batch of receipts: header, lines, discounts, taxes, tenders and exceptions, each table in one go."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from onebasket.base import bulk
from onebasket.base.outbox import News
from onebasket.commerce.sales.actions.stating import Stated
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

Row = tuple[Any, ...]
_encode = msgspec.json.Encoder().encode
_KIND_NUMBERS = {name: number for number, name in KINDS}
_FUNDER_NUMBERS = {name: number for number, name in FUNDERS}
_RECEIPT = (
    "id", "place", "source_id", "entry_id", "kind", "effect", "till", "operator", "business_day", "number",
    "original_place", "original_till", "original_day", "original_number", "awaits_original", "voided",
    "loyalty_number", "currency", "paid_total", "discount_total", "tax_total", "tax_included", "tendered", "change",
    "rounding", "line_count", "occurred_at", "booked_at", "clock_suspect", "stated_at", "moved_lines", "moved_steps",
)  # fmt: skip
_LINE = (
    "place", "receipt", "number", "code", "product", "quantity", "unit_code", "list_amount", "discount_amount",
    "paid_amount", "disposition",
)  # fmt: skip
_DISCOUNT = ("place", "receipt", "line", "kind", "funder", "amount", "reference")
_TAX = ("place", "receipt", "line", "code", "rate", "base", "amount")
_TENDER = ("place", "receipt", "number", "kind", "amount", "reference")
_EXCEPTION = ("place", "receipt", "line", "reason", "code", "quantity", "state", "opened_at", "settled_by", "note")


def write_receipts(source_id: int, batch: Sequence[Stated], *, now: datetime) -> list[News]:
    """Write the rows of every receipt (its `id` is taken already) and return the news of them."""
    bulk.insert(Receipt, _RECEIPT, [_receipt_row(source_id, stated, now) for stated in batch])
    # Place by place, so that each page of an index is met once.
    placed = sorted(batch, key=_place_of)
    bulk.insert(ReceiptLine, _LINE, [row for stated in placed for row in _line_rows(stated)])
    bulk.insert(ReceiptDiscount, _DISCOUNT, [row for stated in placed for row in _discount_rows(stated)])
    bulk.insert(ReceiptTax, _TAX, [row for stated in placed for row in _tax_rows(stated)])
    bulk.insert(ReceiptTender, _TENDER, [row for stated in placed for row in _tender_rows(stated)])
    bulk.insert(LineException, _EXCEPTION, [row for stated in placed for row in _exception_rows(stated, now)])
    return [news for stated in batch for news in _news(source_id, stated, now)]


def _place_of(stated: Stated) -> int:
    return stated.place.id


def _receipt_row(source_id: int, stated: Stated, now: datetime) -> Row:
    receipt, totals, original = stated.receipt, stated.totals, stated.receipt.original
    return (
        stated.id, stated.place.id, source_id, stated.entry_id, _KIND_NUMBERS[receipt.kind], stated.effect,
        receipt.till, receipt.operator, stated.business_day, receipt.number,
        original.place if original else "", original.till if original else "",
        original.business_day if original else None, original.number if original else "",
        stated.awaits_original, stated.voided, receipt.loyalty_number, receipt.currency,
        totals.paid, totals.discount, totals.tax, receipt.tax_included, totals.tendered, totals.change,
        totals.rounding, len(receipt.lines), stated.occurred_at, now, stated.clock_suspect,
        receipt.occurred_at.isoformat() if stated.clock_suspect else "",
        len(stated.goings), sum(going.quantity for going in stated.goings),
    )  # fmt: skip


def _line_rows(stated: Stated) -> Iterator[Row]:
    place, receipt_id = stated.place.id, stated.id
    for number, (line, product) in enumerate(zip(stated.receipt.lines, stated.products, strict=True), 1):
        yield (
            place, receipt_id, number, line.code, product.id if product else None, line.quantity,
            line.unit or (product.unit if product else ""), line.list_amount, line.list_amount - line.paid_amount,
            line.paid_amount, line.disposition or "",
        )  # fmt: skip


def _discount_rows(stated: Stated) -> Iterator[Row]:
    place, receipt_id = stated.place.id, stated.id
    for number, line in enumerate(stated.receipt.lines, 1):
        for item in line.discounts:
            yield place, receipt_id, number, item.kind, _FUNDER_NUMBERS[item.funder], item.amount, item.reference


def _tax_rows(stated: Stated) -> Iterator[Row]:
    for number, line in enumerate(stated.receipt.lines, 1):
        for tax in line.taxes:
            yield stated.place.id, stated.id, number, tax.code, tax.rate, tax.base, tax.amount


def _tender_rows(stated: Stated) -> Iterator[Row]:
    for number, tender in enumerate(stated.receipt.tenders, 1):
        yield stated.place.id, stated.id, number, tender.kind, tender.amount, tender.reference


def _exception_rows(stated: Stated, now: datetime) -> Iterator[Row]:
    for number, reason in stated.exceptions:
        line = stated.receipt.lines[number - 1]
        yield (
            stated.place.id, stated.id, number, reason, line.code, line.quantity * stated.effect,
            LineException.State.OPEN.value, now, "", "",
        )  # fmt: skip


def _news(source_id: int, stated: Stated, now: datetime) -> Iterator[News]:
    receipt, place = stated.receipt, stated.place.code
    subject = f"receipt/{stated.id}"
    data = {
        "receipt": stated.id,
        "source": source_id,
        "key": receipt.key,
        "place": place,
        "till": receipt.till,
        "number": receipt.number,
        "kind": receipt.kind.value,
        "business_day": stated.business_day.isoformat(),
        "currency": receipt.currency,
        "total": stated.totals.paid * stated.effect,
        "lines": len(receipt.lines),
        "exceptions": len(stated.exceptions),
        "clock_suspect": stated.clock_suspect,
    }
    yield News("receipt.booked", subject, now, _encode(data).decode(), place)
    for number, reason in stated.exceptions:
        line = receipt.lines[number - 1]
        yield News(
            "line_exception.opened",
            subject,
            now,
            {"receipt": stated.id, "place": place, "line": number, "code": line.code, "reason": reason},
            place,
        )
