"""The books' part of the audit: entries balance, stand once, and points are what their postings come to."""

from onebasket.base.audit import Check, Finding, prove

_POSTINGS = "SELECT COUNT(*) FROM books_posting"
_CHECKS = (
    Check(
        "books.balance",
        "Every entry's postings come to zero in each currency and in points",
        "SELECT COUNT(*) FROM books_entry",
        "SELECT place_id AS place, entry_id AS entry, unit, SUM(amount) AS apart FROM books_posting "
        "GROUP BY place_id, entry_id, unit HAVING SUM(amount) <> 0",
    ),
    Check(
        "books.postings",
        "Every posting belongs to an entry of its place and business day",
        _POSTINGS,
        "SELECT p.place_id AS place, p.entry_id AS entry, p.line, p.business_day FROM books_posting p "
        "LEFT JOIN books_entry e ON e.id = p.entry_id "
        "WHERE e.id IS NULL OR e.place_id <> p.place_id OR e.business_day <> p.business_day",
    ),
    Check(
        "books.once",
        "An entry of a fact and kind stands once, and at one place",
        "SELECT COUNT(*) FROM books_entry WHERE version = 1",
        "SELECT fact, kind, version, COUNT(*) AS entries FROM books_entry "
        "GROUP BY fact, kind, version HAVING COUNT(*) > 1",
    ),
    Check(
        "books.reversals",
        "A reversal names an entry of its own fact and kind, and leaves nothing of what stood before it",
        "SELECT COUNT(*) FROM books_entry WHERE reverses IS NOT NULL",
        "SELECT r.place_id AS place, r.fact, r.kind, r.version, NULL AS account, NULL AS left_over FROM books_entry r "
        "LEFT JOIN books_entry e ON e.id = r.reverses AND e.place_id = r.place_id AND e.fact = r.fact "
        "AND e.kind = r.kind AND e.version < r.version WHERE r.reverses IS NOT NULL AND e.id IS NULL "
        # CROSS JOIN: the few reversals first, whatever SQLite makes of it.
        "UNION ALL SELECT r.place_id, r.fact, r.kind, r.version, p.account, SUM(p.amount) FROM books_entry r "
        "CROSS JOIN books_entry e CROSS JOIN books_posting p WHERE r.reverses IS NOT NULL "
        "AND e.place_id = r.place_id AND e.fact = r.fact AND e.kind = r.kind AND e.version <= r.version "
        "AND p.place_id = e.place_id AND p.entry_id = e.id "
        "GROUP BY r.place_id, r.fact, r.kind, r.version, p.account, p.unit, p.part "
        "HAVING SUM(p.amount) <> 0",
    ),
    Check(
        "books.points",
        "Every customer's points, available and pending, are what their postings come to",
        "SELECT COUNT(*) FROM books_pointsaccount",
        "SELECT loyalty_number, SUM(available) AS available_apart, SUM(pending) AS pending_apart FROM ("
        "SELECT loyalty_number, available, pending, 1 AS accounts FROM books_pointsaccount UNION ALL "
        "SELECT part, SUM(CASE WHEN account = 9100 THEN amount ELSE 0 END), "
        "SUM(CASE WHEN account = 9110 THEN amount ELSE 0 END), 0 FROM books_posting WHERE account IN (9100, 9110) "
        "GROUP BY part) AS points GROUP BY loyalty_number "
        "HAVING SUM(available) <> 0 OR SUM(pending) <> 0 OR SUM(accounts) <> 1",
    ),
)


def audit_books() -> list[Finding]:
    """Prove that the journal balances, in every unit and for every customer."""
    return prove(_CHECKS)
