"""Partners' parts of orders: opened with the order, due once they are paid for, cancelled before they are placed."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row
from onebasket.base.locking import require_transaction
from onebasket.commerce.partners.locking.parts import lock_parts, lock_parts_of
from onebasket.commerce.partners.models import Partner, PartnerAddress, PartnerPart, PartnerPartLine
from onebasket.commerce.partners.rules.messages import PartNews
from onebasket.commerce.partners.rules.partners import place_code_of
from onebasket.commerce.partners.rules.parts import CANCELLABLE, Status, Step, after
from onebasket.commerce.partners.rules.selling import NewPart

_PART = (
    "id", "order_id", "number", "partner", "place", "agreement_id", "return_days", "counter_returns", "merchant",
    "ours", "channel", "associate", "status", "currency", "total", "shipping_amount", "tax_amount", "cost",
    "cost_currency", "reason", "tries", "failures", "version", "next_at", "due_since", "opened_at", "changed_at",
)  # fmt: skip
_LINE = (
    "part", "number", "offer_id", "reference", "title", "category", "quantity", "returned", "unit_amount",
    "shipping_amount", "amount", "tax_code", "tax_rate", "tax_amount", "tax_included", "unit_cost", "shipping_cost",
    "commission_rate", "exchange_billionths", "stated_at",
)  # fmt: skip
_ADDRESS = ("order_id", "name", "street", "city", "postcode", "region", "country", "phone", "email")
_encode = msgspec.json.Encoder().encode


def open_parts(parts: Sequence[NewPart], *, now: datetime) -> None:
    """Write the parts of new orders, where they go to, and the news, in the transaction that places the orders.

    A part that is paid for already, by a balance or by invoice, is opened as due: then it is placed at once.
    """
    require_transaction()
    if not parts:
        return
    bulk.insert(PartnerPart, _PART, [_row(part, now) for part in parts])
    bulk.insert(PartnerPartLine, _LINE, [row for part in parts for row in _line_rows(part)])
    addresses = {part.order: part.address for part in parts if part.address is not None}
    bulk.insert(
        PartnerAddress,
        _ADDRESS,
        [
            (order, to.name, to.street, to.city, to.postcode, to.region, to.country, to.phone, to.email)
            for order, to in addresses.items()
        ],
    )
    news = [_opened(part, now, status="opened") for part in parts]
    outbox.record(news + [_opened(part, now, status="due") for part in parts if part.status is Status.DUE])


class PartBook:
    """Locked parts of orders, moved on in memory and written by `post`."""

    def __init__(self, rows: Iterable[PartnerPart], *, now: datetime) -> None:
        """Take locked rows."""
        self._now = now
        self._rows: dict[UUID, list[PartnerPart]] = {}
        self._moved: list[PartnerPart] = []
        for row in rows:
            self._rows.setdefault(row.order_id, []).append(row)

    def statuses(self, order: UUID) -> dict[UUID, Status]:
        """Return where each part of an order stands."""
        return {row.pk: Status(row.status) for row in self._rows.get(order, ())}

    def pay(self, order: UUID, *, only: Collection[UUID] | None = None) -> None:
        """Let the waiting parts of an order, or those named, be placed at their partners."""
        for row in self._rows.get(order, ()):
            if only is None or row.pk in only:
                self._step(row, Step.PAID)

    def cancel(self, order: UUID, *, reason: str = "", only: Collection[UUID] | None = None) -> None:
        """Cancel the parts of an order, or those named, that no partner was asked for yet; the others stay."""
        for row in self._rows.get(order, ()):
            if row.status in CANCELLABLE and (only is None or row.pk in only):
                self._step(row, Step.CANCEL, reason=reason[:300])

    def post(self) -> list[UUID]:
        """Write what has moved and tell it; return the parts."""
        require_transaction()
        for row in self._moved:
            row.save(update_fields=["status", "reason", "changed_at", "next_at", "due_since", "version"])
        outbox.record(part_news(self._moved, now=self._now))
        moved, self._moved = [row.pk for row in self._moved], []
        return moved

    def _step(self, row: PartnerPart, step: Step, *, reason: str = "") -> None:
        status = after(Status(row.status), step)
        if status is None:
            return
        row.status, row.reason, row.changed_at = status.value, reason or row.reason, self._now
        row.next_at = self._now if status is Status.DUE else None
        row.due_since = row.next_at or row.due_since
        row.version += 1
        self._moved.append(row)


def open_part_book(orders: Collection[UUID], *, now: datetime) -> PartBook:
    """Lock all parts of orders, after the orders themselves; no statement without orders."""
    return PartBook(lock_parts_of(orders), now=now)


def parts_paid(part_ids: Collection[UUID], *, now: datetime) -> list[UUID]:
    """Let parts whose payment is sure be placed at their partners; return those that moved, the others stay."""
    rows = lock_parts(part_ids)
    book = PartBook(rows, now=now)
    for order in dict.fromkeys(row.order_id for row in rows):
        book.pay(order)
    return book.post()


def cancel_parts(orders: Collection[UUID], *, now: datetime, reason: str = "") -> list[UUID]:
    """Cancel the parts of orders that no partner was asked for yet; return them. What was asked for stays as it is."""
    book = open_part_book(orders, now=now)
    for order in dict.fromkeys(orders):
        book.cancel(order, reason=reason)
    return book.post()


def part_news(rows: Sequence[PartnerPart], *, now: datetime, status: str = "") -> list[outbox.News]:
    """Return the news of parts as they stand; `status` where it is told under another name. Two statements."""
    if not rows:
        return []
    codes = dict(Partner.objects.filter(pk__in={row.partner_id for row in rows}).values_list("pk", "code"))
    lines: dict[UUID, list[tuple[int, str, int, int | None]]] = {}
    found: Any = PartnerPartLine.objects.filter(part__in=[row.pk for row in rows]).order_by("part_id", "number")
    for part, *line in found.values_list("part_id", "number", "reference", "quantity", "accepted"):
        lines.setdefault(part, []).append((line[0], line[1], line[2], line[3]))
    return [
        _news(
            PartNews(
                part=str(row.pk),
                order=str(row.order_id),
                partner=codes[row.partner_id],
                place=place_code_of(codes[row.partner_id]),
                channel=row.channel,
                status=row.status,
                merchant=row.merchant,
                currency=row.currency,
                total=row.total,
                lines=lines.get(row.pk, []),
                reason=row.reason,
            ),
            now,
            status or row.status,
        )
        for row in rows
    ]


def _opened(part: NewPart, now: datetime, *, status: str) -> outbox.News:
    data = PartNews(
        part=str(part.id),
        order=str(part.order),
        partner=part.partner,
        place=part.place,
        channel=part.channel,
        status=part.status.value,
        merchant=part.merchant.value,
        currency=part.currency,
        total=part.total,
        lines=[(line.number, line.reference, line.quantity, None) for line in part.lines],
    )
    return _news(data, now, status)


def _news(data: PartNews, now: datetime, status: str) -> outbox.News:
    return outbox.News(f"part.{status}", f"part/{data.part}", now, _encode(data).decode(), data.place)


def _row(part: NewPart, now: datetime) -> Row:
    due = now if part.status is Status.DUE else None
    return (
        part.id, part.order, part.number, part.partner_id, part.place_id, part.agreement_id, part.return_days,
        part.counter_returns, part.merchant.value, part.ours, part.channel, part.associate, part.status.value,
        part.currency, part.total, part.shipping_amount, part.tax_amount, part.cost, part.cost_currency, "", 0, 0, 1,
        due, due, now, now,
    )  # fmt: skip


def _line_rows(part: NewPart) -> list[Row]:
    return [
        (
            part.id, line.number, line.offer_id, line.reference, line.title, line.category, line.quantity, 0,
            line.unit_amount, line.shipping_amount, line.amount, line.tax_code, line.tax_rate, line.tax_amount,
            line.tax_included, line.unit_cost, line.shipping_cost, line.commission_rate, line.exchange, line.stated_at,
        )
        for line in part.lines
    ]  # fmt: skip
