"""The audit of partners' parts in the journal: each that was sent has its entry, of what it came to."""

from onebasket.base.audit import Check, Finding, dashed, prove, undashed
from onebasket.base.subscriptions.unheard import unheard
from onebasket.commerce.books.rules.partners import RETURNED, SENT
from onebasket.commerce.partners.rules.journal import SUBSCRIPTION

_TYPES = ("part.shipped", "part.delivered", "part.returned")


def audit_sent() -> list[Finding]:
    """Prove that parts and journal agree, as far as the journal has come."""
    fact = f"'part/' || {dashed('p.id')}"
    waiting = unheard(SUBSCRIPTION, _TYPES)
    posted = (
        "SELECT b.amount FROM books_entry e JOIN books_posting b ON b.place_id = e.place_id AND b.entry_id = e.id "  # noqa: S608 - constants
        f"AND b.account = 1400 WHERE e.place_id = p.place_id AND e.fact = {fact} AND e.kind = '{SENT}' "
        "ORDER BY e.version DESC LIMIT 1"
    )
    missing = (
        f"SELECT p.id AS part, p.status, p.total, ({posted}) AS due FROM partners_partnerpart p "  # noqa: S608
        f"WHERE p.status IN ('shipped', 'delivered') AND {fact} NOT IN ({waiting}) "
        f"AND COALESCE(({posted}), 0) <> p.total"
    )
    extra = (
        "SELECT p.id, p.status, p.total, e.id FROM books_entry e "  # noqa: S608
        f"LEFT JOIN partners_partnerpart p ON p.id = {undashed('e.fact')} AND p.place_id = e.place_id "
        f"WHERE e.kind = '{SENT}' AND (p.id IS NULL OR p.status NOT IN ('shipped', 'delivered'))"
    )
    returned = (
        "SELECT p.id AS part, SUM(amounts.back) AS back, SUM(amounts.posted) AS posted FROM ("  # noqa: S608
        "SELECT part_id, amount AS back, 0 AS posted FROM partners_partnerreturn UNION ALL "
        f"SELECT {undashed('b.part')}, 0, -b.amount FROM books_entry e JOIN books_posting b "
        f"ON b.place_id = e.place_id AND b.entry_id = e.id AND b.account = 1400 WHERE e.kind = '{RETURNED}' "
        "AND e.fact LIKE %s) AS amounts JOIN partners_partnerpart p ON p.id = amounts.part_id "
        f"WHERE {fact} NOT IN ({waiting}) GROUP BY p.id HAVING SUM(amounts.back) <> SUM(amounts.posted)"
    )
    return prove(
        (
            Check(
                "partners.journal",
                "Every part that was sent and that the journal has come to has its entry, of its total; no other has",
                f"SELECT COUNT(*) FROM books_entry WHERE kind = '{SENT}'",  # noqa: S608 - constants
                f"{missing} UNION ALL {extra}",
            ),
            Check(
                "partners.journal_returns",
                "What was paid back for partners' goods has its entries in the journal",
                "SELECT COUNT(*) FROM partners_partnerreturn",
                returned,
                ("part-return/%",),
            ),
        )
    )
