"""What the journal reads of orders: all that was agreed and handed over, in four statements for however many."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import F

from onebasket.commerce.books.rules.selling import Reduced, Taxed
from onebasket.commerce.orders.models import Order, OrderLine, OrderReduction, OrderTax
from onebasket.commerce.orders.rules.journal import JournalOrder, JournalOrderLine

_HEAD = ("id", "business_day", "currency", "total", "tax_included", "loyalty_number")
_LINE = (
    "promised", "picked", "list_amount", "reduced_amount", "amount", "product__department", "product__category",
)  # fmt: skip
_Line = tuple[UUID, int]


def orders_for_journal(ids: Collection[UUID]) -> dict[UUID, JournalOrder]:
    """Return orders as the journal reads them; those that there are not are left out."""
    heads = Order.objects.filter(pk__in=ids).values(*_HEAD, place_code=F("place__code"))
    found = list(heads)
    if not found:
        return {}
    cuts: dict[_Line, list[Reduced]] = {}
    rows: Any = OrderReduction.objects.filter(order_id__in=ids).order_by("pk")
    for order, line, kind, funder, amount, reference in rows.values_list(
        "order_id", "line", "kind", "funder", "amount", "reference"
    ):
        cuts.setdefault((order, line), []).append(Reduced(kind, funder, amount, reference))
    taxes: dict[_Line, list[Taxed]] = {}
    stated: Any = OrderTax.objects.filter(order_id__in=ids).order_by("pk")
    for order, line, *tax in stated.values_list("order_id", "line", "code", "rate", "base", "amount"):
        taxes.setdefault((order, line), []).append(Taxed(*tax))
    lines: dict[UUID, list[JournalOrderLine]] = {}
    of_orders: Any = OrderLine.objects.filter(order_id__in=ids).order_by("order_id", "number")
    for order, number, promised, picked, listed, reduced, amount, department, category in of_orders.values_list(
        "order_id", "number", *_LINE
    ):
        key = order, number
        line = JournalOrderLine(
            promised, picked or 0, listed, reduced, amount, department, category, cuts.get(key, ()), taxes.get(key, ())
        )
        lines.setdefault(order, []).append(line)
    return {head["id"]: JournalOrder(lines=lines.get(head["id"], ()), **head) for head in found}
