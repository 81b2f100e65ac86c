"""One history over till and web."""

from onebasket.commerce.customers.queries import numbers_beside
from onebasket.commerce.customers.rules.cards import ERASED
from onebasket.commerce.insights.rules.history import AFTER_ALL, BEFORE_ALL, Cursor, HistoryEntry, edge, merged
from onebasket.commerce.orders.queries import history as orders
from onebasket.commerce.orders.queries.history import OrderHead, orders_of
from onebasket.commerce.sales.queries import history as receipts
from onebasket.commerce.sales.queries.history import receipts_of
from onebasket.commerce.sales.queries.reading import ReceiptHead

TILL = "till"


def history(
    loyalty_number: str, *, after: Cursor | None, limit: int, places: frozenset[str] | None = None
) -> tuple[list[HistoryEntry], Cursor | None]:
    """Return what a number's owner bought and ordered, under all their numbers, the newest first: four statements.

    `after` is the cursor that the page before gave. `places` are the codes of the places that may be seen; None is
    everywhere. An empty number has no history, and neither has what stands for people who were erased.
    """
    if loyalty_number in {"", ERASED}:
        return [], None
    numbers = numbers_beside(loyalty_number)
    sold, _ = receipts_of(numbers, places=places, after=_ids(after, "receipt"), limit=limit + 1)
    placed, _ = orders_of(numbers, places=places, after=_ids(after, "order"), limit=limit + 1)
    return merged([[_order(head) for head in placed], [_receipt(head) for head in sold]], limit=limit)


def _ids(after: Cursor | None, kind: str) -> tuple[str, str] | None:
    """Return the cursor of one kind, with real ids for those above and below all."""
    found = edge(after, "order" if kind == "order" else "receipt")
    if found is None:
        return None
    bounds = orders if kind == "order" else receipts
    at, identity = found
    return at, {BEFORE_ALL: bounds.HIGHEST, AFTER_ALL: bounds.LOWEST}.get(identity, identity)


def _order(head: OrderHead) -> HistoryEntry:
    return HistoryEntry(
        "order", str(head.id), head.placed_at, head.place, head.number, head.channel, head.status, head.currency,
        head.total, head.line_count,
    )  # fmt: skip


def _receipt(head: ReceiptHead) -> HistoryEntry:
    """Return a receipt as it counts: what it came to, tax that is not included too, by its effect."""
    came_to = head.paid_total if head.tax_included else head.paid_total + head.tax_total
    return HistoryEntry(
        "receipt", str(head.id), head.occurred_at, head.place, head.number, TILL,
        "voided" if head.voided else head.kind, head.currency, head.effect * came_to,
        head.line_count,
    )  # fmt: skip
