"""The audit of returns in the journal: each of an order has its entry beside its receipt's."""

from onebasket.base.audit import Check, Finding, dashed, prove
from onebasket.base.subscriptions.unheard import unheard
from onebasket.commerce.fulfilment.rules.journal import RETURNED, SUBSCRIPTION


def audit_returned() -> list[Finding]:
    """Prove that returns and journal agree, as far as the journal has come."""
    fact = f"'return/' || {dashed('r.id')}"
    return prove(
        (
            Check(
                "returns.journal",
                "Every return of an order that the journal has come to has its entry beside its receipt's",
                f"SELECT COUNT(*) FROM books_entry WHERE kind = '{RETURNED}'",  # noqa: S608 - constants
                f"SELECT r.id, r.number, r.total FROM fulfilment_return r LEFT JOIN books_entry e "  # noqa: S608
                f"ON e.place_id = r.place_id AND e.fact = {fact} AND e.kind = '{RETURNED}' "
                "WHERE e.id IS NULL AND SUBSTR(r.reference, 1, 6) = 'order/' "
                f"AND {fact} NOT IN ({unheard(SUBSCRIPTION, ('return.accepted',))})",
            ),
        )
    )
