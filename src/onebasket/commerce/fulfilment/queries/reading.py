"""Returns as programs read them, in a fixed number of statements.

`places` are the place codes that the reader is bound to; None is every place.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import F, Q

from onebasket.base.keyset import After, keyset
from onebasket.commerce.fulfilment.models import Return, ReturnLine, ReturnTender
from onebasket.commerce.fulfilment.queries.originals import OF_ORDER
from onebasket.commerce.fulfilment.rules.messages import LineBack, PaidBack

_RETURN = (
    "id", "number", "reference", "currency", "total", "tax_total", "policy", "loyalty_number", "reason", "override",
    "accepted_by", "accepted_at",
)  # fmt: skip


class ReturnRead(msgspec.Struct, frozen=True):
    """Goods that were brought back: `reference` is what they were sold by, empty without a receipt.

    `receipt` is the receipt of the return, by which goods and money were booked; amounts with their tax.
    """

    id: UUID
    number: str
    place: str
    reference: str
    receipt: int
    currency: str
    total: int
    tax_total: int
    policy: str
    loyalty_number: str
    reason: str
    override: str
    accepted_by: str
    accepted_at: datetime
    lines: tuple[LineBack, ...]
    tenders: tuple[PaidBack, ...]


class ReturnFilter(NamedTuple):
    """Which returns; an empty filter is every one."""

    place: str = ""
    order: UUID | None = None
    since: datetime | None = None


def read_returns(
    places: frozenset[str] | None, wanted: ReturnFilter, *, after: After | None, limit: int
) -> tuple[list[ReturnRead], After | None]:
    """Return a page of returns, newest first, and the cursor of the page after it."""
    at = Q() if places is None else Q(place__code__in=sorted(places))
    rows = Return.objects.filter(at).values(*_RETURN, place_code=F("place__code"), receipt=F("receipt_id"))
    reference = OF_ORDER.format(wanted.order) if wanted.order else ""
    conditions = {"place__code": wanted.place, "reference": reference, "accepted_at__gte": wanted.since}
    rows = rows.filter(**{name: value for name, value in conditions.items() if value})
    found, following = keyset(rows, order="accepted_at", descending=True, after=after, limit=limit)
    return _whole(found), following


def read_return(identity: UUID) -> ReturnRead | None:
    """Return one return, at whatever place."""
    rows = Return.objects.filter(pk=identity).values(*_RETURN, place_code=F("place__code"), receipt=F("receipt_id"))
    return next(iter(_whole(list(rows))), None)


def _whole(found: Sequence[dict[str, Any]]) -> list[ReturnRead]:
    ids = [row["id"] for row in found]
    lines, tenders = _lines(ids), _tenders(ids)
    return [
        ReturnRead(
            place=row.pop("place_code"),
            **row,
            lines=tuple(lines.get(row["id"], ())),
            tenders=tuple(tenders.get(row["id"], ())),
        )
        for row in found
    ]


def _lines(returns: Sequence[UUID]) -> dict[UUID, list[LineBack]]:
    rows = ReturnLine.objects.filter(return_id__in=returns).order_by("number")
    names = ("return_id", "product__sku", "quantity", "amount", "tax_amount", "disposition")
    found: dict[UUID, list[LineBack]] = {}
    for identity, *line in rows.values_list(*names):
        found.setdefault(identity, []).append(LineBack(*line))
    return found


def _tenders(returns: Sequence[UUID]) -> dict[UUID, list[PaidBack]]:
    rows = ReturnTender.objects.filter(return_id__in=returns).order_by("number")
    found: dict[UUID, list[PaidBack]] = {}
    for identity, kind, amount, reference in rows.values_list("return_id", "kind", "amount", "reference"):
        found.setdefault(identity, []).append(PaidBack(kind, amount, reference))
    return found
