"""The audit of orders in the journal: each that was handed over has its entry, of what it came to."""

from onebasket.base.audit import Check, Finding, dashed, prove, undashed
from onebasket.base.subscriptions.unheard import unheard
from onebasket.commerce.orders.rules.journal import HANDED_OVER, SUBSCRIPTION

_TYPES = ("order.placed", "order.handed_over", "order.cancelled", "order.expired")


def audit_sold() -> list[Finding]:
    """Prove that orders and journal agree, as far as the journal has come; what it has not come to is counted."""
    fact = f"'order/' || {dashed('o.id')}"
    waiting = unheard(SUBSCRIPTION, _TYPES)
    missing = (
        "SELECT o.id AS order_id, o.total, p.amount AS due FROM orders_order o "  # noqa: S608 - constants
        f"LEFT JOIN books_entry e ON e.place_id = o.place_id AND e.fact = {fact} AND e.kind = '{HANDED_OVER}' "
        "LEFT JOIN books_posting p ON p.place_id = e.place_id AND p.entry_id = e.id AND p.account = 1400 "
        f"WHERE o.status = 'handed_over' AND {fact} NOT IN ({waiting}) "
        "AND (e.id IS NULL OR COALESCE(p.amount, 0) <> o.total)"
    )
    extra = (
        "SELECT o.id, o.total, e.id FROM books_entry e "  # noqa: S608 - constants
        f"LEFT JOIN orders_order o ON o.id = {undashed('e.fact')} AND o.place_id = e.place_id "
        f"WHERE e.kind = '{HANDED_OVER}' AND (o.id IS NULL OR o.status <> 'handed_over')"
    )
    return prove(
        (
            Check(
                "orders.journal",
                "Every order handed over that the journal has come to has its entry, of its total, and no other has",
                f"SELECT COUNT(*) FROM books_entry WHERE kind = '{HANDED_OVER}'",  # noqa: S608 - constants
                f"{missing} UNION ALL {extra}",
            ),
            Check(
                "orders.unjournalised",
                "Orders handed over that the journal has not come to yet",
                f"SELECT COUNT(*) FROM orders_order o WHERE o.status = 'handed_over' AND {fact} IN ({waiting})",  # noqa: S608
            ),
        )
    )
