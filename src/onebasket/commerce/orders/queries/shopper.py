"""An order as whoever placed it sees it, found by the secret of its page; and the orders of a browser, in short."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import F, QuerySet

from onebasket.commerce.orders.models import Order, OrderContact, OrderLine, OrderReduction, OrderTax
from onebasket.commerce.orders.rules.baskets import Contact
from onebasket.commerce.orders.rules.numbers import order_number

_HEAD = (
    "id", "status", "placed_at", "changed_at", "expires_at", "currency", "total", "list_total", "reduction_total",
    "tax_total", "tax_included", "slot_id", "secret_generation", "loyalty_number", "note", "place_id",
)  # fmt: skip


class ReductionSeen(msgspec.Struct, frozen=True, gc=False):
    """What took a line down as placed, in minor units."""

    line: int
    kind: str
    name: str
    amount: int


class TaxSeen(msgspec.Struct, frozen=True, gc=False):
    """A tax as placed: `rate` parts per million of `base`, summed over the lines."""

    code: str
    rate: int
    base: int
    amount: int


class LineSeen(msgspec.Struct, frozen=True, gc=False):
    """A line: quantities in steps of the unit, amounts in minor units; `picked` is null until then."""

    line: int
    sku: str
    name: str
    unit: str
    decimals: int
    category: str
    department: str
    promised: int
    picked: int | None
    unit_amount: int
    per_quantity: int
    list_amount: int
    amount: int
    reductions: tuple[ReductionSeen, ...] = ()


class OrderHead(msgspec.Struct, frozen=True):
    """An order in short."""

    id: UUID
    number: str
    status: str
    placed_at: datetime
    changed_at: datetime
    expires_at: datetime | None
    currency: str
    total: int
    list_total: int
    reduction_total: int
    tax_total: int
    tax_included: bool
    slot_id: int | None
    secret_generation: int
    loyalty_number: str
    note: str
    place_id: int
    line_count: int


class OrderSeen(msgspec.Struct, frozen=True):
    """An order, whole, as its shopper sees it."""

    head: OrderHead
    lines: tuple[LineSeen, ...]
    taxes: tuple[TaxSeen, ...]
    contact: Contact | None


def order_by_secret(secret_digest: str) -> OrderSeen | None:
    """Return the order whose page this secret opens, by its digest; None where it opens none. Five statements."""
    return _seen(Order.objects.filter(secret_digest=secret_digest)) if secret_digest else None


def order_for_mail(identity: UUID) -> OrderSeen | None:
    """Return an order by its id, for news to whoever placed it. Five statements."""
    return _seen(Order.objects.filter(pk=identity))


def order_heads(ids: Iterable[UUID]) -> list[OrderHead]:
    """Return orders in short, the newest first; one statement."""
    return sorted(_heads(Order.objects.filter(pk__in=set(ids))), key=lambda head: head.placed_at, reverse=True)


def _seen(rows: QuerySet[Order]) -> OrderSeen | None:
    heads = _heads(rows)
    if not heads:
        return None
    (head,) = heads
    reductions: dict[int, list[ReductionSeen]] = {}
    taken = OrderReduction.objects.filter(order_id=head.id).order_by("id").values_list("line", "kind", "name", "amount")
    for row in taken:
        reductions.setdefault(row[0], []).append(ReductionSeen(*row))
    found = OrderLine.objects.filter(order_id=head.id).order_by("number")
    lines = found.values_list(
        "number", F("product__sku"), F("product__name"), F("product__unit__code"), F("product__unit__decimals"),
        F("product__category"), F("product__department"), "promised", "picked", "unit_amount", "per_quantity",
        "list_amount", "amount",
    )  # fmt: skip
    contact = OrderContact.objects.filter(order_id=head.id).values_list("name", "email", "phone", "language").first()
    return OrderSeen(
        head,
        tuple(LineSeen(*line, tuple(reductions.get(line[0], ()))) for line in lines),
        _taxes(head.id),
        Contact(*contact) if contact else None,
    )


def _taxes(order: UUID) -> tuple[TaxSeen, ...]:
    """Return the taxes of an order by code and rate, each summed."""
    summed: dict[tuple[str, int], list[int]] = {}
    rows = OrderTax.objects.filter(order_id=order).order_by("code", "rate", "id")
    for code, rate, base, amount in rows.values_list("code", "rate", "base", "amount"):
        one = summed.setdefault((code, rate), [0, 0])
        one[0] += base
        one[1] += amount
    return tuple(TaxSeen(code, rate, base, amount) for (code, rate), (base, amount) in summed.items())


def _heads(rows: QuerySet[Order]) -> list[OrderHead]:
    found = rows.values(*_HEAD, "number", "line_count", place_code=F("place__code"))
    return [_head(row) for row in found]


def _head(row: dict[str, object]) -> OrderHead:
    code = str(row.pop("place_code"))
    row["number"] = order_number(code, int(str(row["number"])))
    return OrderHead(**row)  # type: ignore[arg-type] # values by name
