"""Payments and refunds as programs read them, in a fixed number of statements.

`places` are the place codes that the reader is bound to; None is every place.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import F, Q

from onebasket.base.keyset import After, keyset
from onebasket.commerce.payments.models import Attempt, Payment, Refund, RefundPart

_PAYMENT = (
    "id", "order_id", "number", "method", "status", "currency", "amount", "due", "authorised", "captured", "refunded",
    "reference", "label", "reason", "opened_at", "changed_at", "expires_at",
)  # fmt: skip
_REFUND = ("id", "order_id", "currency", "amount", "reason", "actor", "made_at")


class PaymentRead(msgspec.Struct, frozen=True, gc=False):
    """A tender of an order; amounts in minor units. `due` is what is due on it as things stand.

    `label` is what people may see of the card, `reason` why it was refused; what is put aside lapses at `expires_at`.
    """

    id: UUID
    order: UUID
    place: str
    number: int
    method: str
    status: str
    currency: str
    amount: int
    due: int
    authorised: int
    captured: int
    refunded: int
    reference: str
    label: str
    reason: str
    opened_at: datetime
    changed_at: datetime
    expires_at: datetime | None


class CallRead(msgspec.Struct, frozen=True, gc=False):
    """A call made to the card's provider; an empty `result` is one under way, or one whose process was ended."""

    operation: str
    amount: int
    asked_at: datetime
    answered_at: datetime | None
    result: str
    detail: str


class PaymentWhole(PaymentRead, frozen=True, gc=False):
    """A tender of an order with the calls that were made for it, in order."""

    calls: tuple[CallRead, ...] = ()


class PartRead(msgspec.Struct, frozen=True, gc=False):
    """What one tender got back; pending or unknown while its provider is asked."""

    payment: UUID
    method: str
    amount: int
    status: str


class RefundRead(msgspec.Struct, frozen=True):
    """An amount of an order given back; its parts add up to it, those that were refused apart."""

    id: UUID
    order: UUID
    place: str
    currency: str
    amount: int
    reason: str
    actor: str
    made_at: datetime
    parts: tuple[PartRead, ...]


class PaymentFilter(NamedTuple):
    """Which payments; an empty filter is every one."""

    order: UUID | None = None
    place: str = ""
    method: str = ""
    status: str = ""
    since: datetime | None = None


def read_payments(
    places: frozenset[str] | None, wanted: PaymentFilter, *, after: After | None, limit: int
) -> tuple[list[PaymentRead], After | None]:
    """Return a page of payments, newest first, and the cursor of the page after it."""
    rows = Payment.objects.filter(_at(places)).values(*_PAYMENT, place_code=F("place__code"))
    conditions = {
        "order_id": wanted.order, "place__code": wanted.place, "method": wanted.method, "status": wanted.status,
        "opened_at__gte": wanted.since,
    }  # fmt: skip
    rows = rows.filter(**{name: value for name, value in conditions.items() if value})
    found, following = keyset(rows, order="opened_at", descending=True, after=after, limit=limit)
    return [PaymentRead(**_stated(row)) for row in found], following


def read_payment(places: frozenset[str] | None, identity: UUID) -> PaymentWhole | None:
    """Return a payment with its calls; None when there is none, or it is at a foreign place."""
    row = Payment.objects.filter(_at(places), pk=identity).values(*_PAYMENT, place_code=F("place__code")).first()
    if row is None:
        return None
    calls = Attempt.objects.filter(payment=identity).order_by("pk")
    fields = ("operation", "amount", "asked_at", "answered_at", "result", "detail")
    return PaymentWhole(**_stated(row), calls=tuple(CallRead(*call) for call in calls.values_list(*fields)))


def read_refunds(
    places: frozenset[str] | None, order: UUID | None, *, after: After | None, limit: int
) -> tuple[list[RefundRead], After | None]:
    """Return a page of refunds, of one order or of all, newest first, and the cursor of the page after it."""
    rows = Refund.objects.filter(_at(places)).values(*_REFUND, place_code=F("place__code"))
    if order is not None:
        rows = rows.filter(order_id=order)
    found, following = keyset(rows, order="made_at", descending=True, after=after, limit=limit)
    parts = _parts([row["id"] for row in found])
    return [RefundRead(**_stated(row), parts=tuple(parts.get(row["id"], ()))) for row in found], following


def _parts(refunds: Sequence[UUID]) -> dict[UUID, list[PartRead]]:
    parts: dict[UUID, list[PartRead]] = {}
    rows = RefundPart.objects.filter(refund__in=refunds).order_by("-payment__number")
    fields = ("refund_id", "payment_id", "payment__method", "amount", "status")
    for refund, payment, method, amount, status in rows.values_list(*fields):
        parts.setdefault(refund, []).append(PartRead(payment, method, amount, status))
    return parts


def _stated(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row's values by the names that programs know them by."""
    stated = dict(row)
    stated["order"], stated["place"] = stated.pop("order_id"), stated.pop("place_code")
    return stated


def _at(places: frozenset[str] | None) -> Q:
    return Q() if places is None else Q(place__code__in=sorted(places))
