"""The fulfilment's part of the audit: what came back is what returns say, each has its receipt, and all adds up."""

from onebasket.base.audit import Check, Finding, prove

_RETURNS = "SELECT COUNT(*) FROM fulfilment_return"
_DUE = "r.paid_total + CASE WHEN r.tax_included THEN 0 ELSE r.tax_total END"
_CHECKS = (
    Check(
        "fulfilment.entries",
        "Every return traces to the one inbox entry that it answered, and every such entry to its return",
        _RETURNS,
        "SELECT entry, source_id AS source, SUM(returns) AS returns, SUM(entries) AS entries FROM ("
        "SELECT entry_id AS entry, source_id, 1 AS returns, 0 AS entries FROM fulfilment_return "
        "UNION ALL SELECT id, source_id, 0, 1 FROM base_inboxentry WHERE kind = 'return' AND outcome LIKE %s) AS pairs "
        "GROUP BY entry, source_id HAVING SUM(returns) <> 1 OR SUM(entries) <> 1",
        ('{"outcome":"accepted",%',),
    ),
    Check(
        "fulfilment.back",
        "How much of a sold line has come back is what the lines of its returns say, and no more than was sold",
        "SELECT COALESCE(SUM(back), 0) FROM fulfilment_broughtback",
        "SELECT reference, line, SUM(sold) AS sold, SUM(back) AS back, SUM(returned) AS returned FROM ("
        "SELECT reference, line, sold, back, 0 AS returned FROM fulfilment_broughtback "
        "UNION ALL SELECT r.reference, l.original, 0, 0, l.quantity FROM fulfilment_returnline l "
        "JOIN fulfilment_return r ON r.id = l.return_id WHERE r.reference <> '') AS parts "
        "GROUP BY reference, line HAVING SUM(back) <> SUM(returned) OR SUM(back) > SUM(sold)",
    ),
    Check(
        "fulfilment.receipts",
        "Every return has a receipt of its own that takes back at its place what the return pays back",
        _RETURNS,
        "SELECT CAST(b.id AS text) AS return_id, b.number, b.total, r.id AS receipt, r.effect, "  # noqa: S608 - constants
        f"{_DUE} AS receipt_total, r.tax_total AS receipt_tax FROM fulfilment_return b "
        "LEFT JOIN sales_receipt r ON r.id = b.receipt_id "
        f"WHERE r.id IS NULL OR r.place_id <> b.place_id OR r.effect <> -1 OR {_DUE} <> b.total "
        "OR r.tax_total <> b.tax_total OR r.currency <> b.currency OR r.number <> b.number "
        "UNION ALL SELECT MIN(CAST(id AS text)), MIN(number), COUNT(*), receipt_id, NULL, NULL, NULL "
        "FROM fulfilment_return GROUP BY receipt_id HAVING COUNT(*) > 1",
    ),
    Check(
        "fulfilment.totals",
        "What a return pays back is the sum of its lines and of its tenders, and its tax that of its lines",
        "SELECT COALESCE(SUM(total), 0) FROM fulfilment_return",
        "SELECT return_id, SUM(total) AS total, SUM(lines) AS lines, SUM(tenders) AS tenders, SUM(tax) AS tax, "
        "SUM(line_tax) AS line_tax FROM ("
        "SELECT id AS return_id, 1 AS heads, total, 0 AS lines, 0 AS tenders, tax_total AS tax, 0 AS line_tax "
        "FROM fulfilment_return "
        "UNION ALL SELECT return_id, 0, 0, amount, 0, 0, tax_amount FROM fulfilment_returnline "
        "UNION ALL SELECT return_id, 0, 0, 0, amount, 0, 0 FROM fulfilment_returntender) AS parts "
        "GROUP BY return_id HAVING SUM(heads) <> 1 OR SUM(total) <> SUM(lines) OR SUM(total) <> SUM(tenders) "
        "OR SUM(tax) <> SUM(line_tax)",
    ),
    Check(
        "fulfilment.scans",
        "Scans and spots are of orders that exist, and no more was scanned of a line than was promised",
        "SELECT COALESCE(SUM(found), 0) FROM fulfilment_pickscan",
        "SELECT 'scan' AS kind, s.order_id AS order_id, s.line, s.found, l.promised FROM fulfilment_pickscan s "
        "LEFT JOIN orders_orderline l ON l.order_id = s.order_id AND l.number = s.line "
        "WHERE l.id IS NULL OR s.found < 0 OR s.found > l.promised "
        "UNION ALL SELECT 'spot', s.order_id, NULL, NULL, NULL FROM fulfilment_staging s "
        "LEFT JOIN orders_order o ON o.id = s.order_id WHERE o.id IS NULL OR o.place_id <> s.place_id",
    ),
)


def audit_fulfilment() -> list[Finding]:
    """Prove what picking and returns promise."""
    return prove(_CHECKS)
