"""The audit of receipts in the journal: each that counts has its entry, and a day's entries come to its receipts."""

from onebasket.base.audit import Check, Finding, prove
from onebasket.commerce.sales.models import JournalCursor
from onebasket.commerce.sales.rules.journal import Cursor

_FACT = "'receipt/' || r.id"
_IS_RECEIPT = "SUBSTR(e.fact, 1, 8) = 'receipt/'"
_OF_FACT = f"CASE WHEN {_IS_RECEIPT} THEN CAST(SUBSTR(e.fact, 9) AS BIGINT) END"
_COUNTS = "r.effect <> 0 AND NOT r.awaits_original"
_NOBODY_CAME = Cursor(position=0, swept=0, sweep_to=2**62)
_UNREAD = (
    "SELECT id FROM sales_receipt WHERE id > %s AND id <= %s UNION "
    "SELECT CAST(SUBSTR(subject, 9) AS BIGINT) FROM base_event "
    "WHERE type = 'receipt.booked' AND (position IS NULL OR position > %s)"
)
"""The receipts that the journal has not come to: bind the cursor. Those of voids that waited come with the original."""

_WAITING = (
    f"SELECT id FROM ({_UNREAD}) AS unread UNION SELECT v.id FROM ({_UNREAD}) AS unread "  # noqa: S608 - constants
    "JOIN sales_receipt o ON o.id = unread.id JOIN places_place p ON p.id = o.place_id "
    "JOIN sales_receipt v ON v.kind = 3 AND v.original_place = p.code AND v.original_day = o.business_day "
    "AND v.original_till = o.till AND v.original_number = o.number"
)
_MISSING = (
    f"SELECT r.place_id AS place, r.id AS receipt, NULL AS entry FROM sales_receipt r "  # noqa: S608 - constants
    f"LEFT JOIN books_entry e ON e.place_id = r.place_id AND e.fact = {_FACT} AND e.version = 1 "
    f"WHERE e.id IS NULL AND {_COUNTS} AND r.id NOT IN ({_WAITING}) "
    f"UNION ALL SELECT e.place_id, {_OF_FACT}, e.id FROM books_entry e "
    f"LEFT JOIN sales_receipt r ON r.id = {_OF_FACT} AND r.place_id = e.place_id WHERE {_IS_RECEIPT} AND r.id IS NULL"
)
_SUMS = ("sold", "tax", "discounts", "taken", "rounding")
_STATED = (
    f"SELECT r.place_id, r.business_day, r.currency AS unit, "  # noqa: S608 - constants
    "r.effect * (r.paid_total + r.discount_total - CASE WHEN r.tax_included THEN r.tax_total ELSE 0 END) AS sold, "
    "r.effect * r.tax_total AS tax, r.effect * r.discount_total AS discounts, "
    "r.effect * (r.tendered - r.change) AS taken, r.effect * r.rounding AS rounding FROM books_entry e "
    f"JOIN sales_receipt r ON r.id = {_OF_FACT} AND r.place_id = e.place_id WHERE e.version = 1"
)


def _posted(accounts: str, sign: str) -> str:
    return f"CASE WHEN {accounts} THEN {sign}p.amount ELSE 0 END"


_POSTED = (
    "SELECT p.place_id, p.business_day, p.unit, "  # noqa: S608 - constants
    + ", ".join(
        (
            _posted("p.account = 4000 OR (p.account = 2100 AND p.part = 'sold')", ""),
            _posted("p.account = 2000", ""),
            _posted("p.account IN (4100, 1300, 1310)", "-"),
            _posted("p.account IN (1000, 5100, 2110) OR (p.account = 2100 AND p.part <> 'sold')", "-"),
            _posted("p.account = 5000", ""),
        )
    )
    + " FROM books_posting p JOIN books_entry e ON e.id = p.entry_id "
    f"WHERE {_IS_RECEIPT} AND p.unit <> 'POINTS'"
)
_TOTALS = (
    "SELECT place_id AS place, business_day, unit, "  # noqa: S608 - constants
    + ", ".join(f"SUM({name}) AS {name}_apart" for name in _SUMS)
    + f" FROM ({_STATED} UNION ALL {_POSTED}) AS sides GROUP BY place_id, business_day, unit HAVING "
    + " OR ".join(f"SUM({name}) <> 0" for name in _SUMS)
)


def audit_journal() -> list[Finding]:
    """Prove that receipts and journal agree, as far as the journal has come; what it has not come to is counted."""
    row = JournalCursor.objects.values_list("position", "swept", "sweep_to").first()
    cursor = Cursor(*row) if row else _NOBODY_CAME
    bound = (cursor.swept, cursor.sweep_to, cursor.position)
    return prove(
        (
            Check(
                "sales.journal",
                "Every receipt that counts and that the journal has come to has its entry, and no other has one",
                "SELECT COUNT(*) FROM books_entry e WHERE e.version = 1 AND SUBSTR(e.fact, 1, 8) = 'receipt/'",
                _MISSING,
                bound * 2,
            ),
            Check(
                "sales.journal_totals",
                "At each place and day receipts and their entries come to the same sales, tax, discounts and tenders",
                "SELECT COUNT(*) FROM (SELECT DISTINCT place_id, business_day FROM books_entry) AS days",
                _TOTALS,
            ),
            Check(
                "sales.unjournalised",
                "Receipts that the journal has not come to yet",
                f"SELECT COUNT(*) FROM ({_UNREAD}) AS unread",  # noqa: S608 - constants
                counted_parameters=bound,
            ),
        )
    )
