"""The sales' part of the audit: each receipt has one entry, and its lines, discounts, tax and tenders tie."""

from onebasket.base.audit import Check, Finding, prove

_RECEIPTS = "SELECT COUNT(*) FROM sales_receipt"
_LINES = "SELECT COUNT(*) FROM sales_receiptline"
_COLUMNS = (
    "receipts", "stated_lines", "paid", "discounts", "tax", "tendered",
    "line_rows", "line_paid", "line_discounts", "broken", "tax_rows", "tender_rows",
)  # fmt: skip


def _part(table: str, **sums: str) -> str:
    """Return one row a receipt: the sums given, and zero for every other column."""
    columns = ", ".join(f"{sums.get(name, '0')} AS {name}" for name in _COLUMNS)
    key = "id" if table == "sales_receipt" else "receipt_id"
    grouped = "" if table == "sales_receipt" else f" GROUP BY place_id, {key}"
    return f"SELECT place_id, {key} AS receipt, {columns} FROM {table}{grouped}"  # noqa: S608 - constants


_PARTS = " UNION ALL ".join(
    (
        _part(
            "sales_receipt", receipts="1", stated_lines="line_count", paid="paid_total", discounts="discount_total",
            tax="tax_total", tendered="tendered",
        ),
        _part(
            "sales_receiptline", line_rows="COUNT(*)", line_paid="SUM(paid_amount)",
            line_discounts="SUM(discount_amount)",
            broken="SUM(CASE WHEN list_amount - discount_amount <> paid_amount THEN 1 ELSE 0 END)",
        ),
        _part("sales_receipttax", tax_rows="SUM(amount)"),
        _part("sales_receipttender", tender_rows="SUM(amount)"),
    )
)  # fmt: skip
_TIES = (
    f"SELECT place_id AS place, receipt, {', '.join(f'SUM({name}) AS {name}' for name in _COLUMNS)} "  # noqa: S608
    f"FROM ({_PARTS}) AS parts GROUP BY place_id, receipt "
    "HAVING SUM(receipts) <> 1 OR SUM(line_rows) <> SUM(stated_lines) OR SUM(broken) <> 0 OR (SUM(line_rows) > 0 AND ("
    "SUM(line_paid) <> SUM(paid) OR SUM(line_discounts) <> SUM(discounts) OR SUM(tax_rows) <> SUM(tax) "
    "OR SUM(tender_rows) <> SUM(tendered)))"
)
_CHECKS = (
    Check(
        "sales.entries",
        "Every receipt traces to the one inbox entry it was booked under, and every such entry to its receipt",
        _RECEIPTS,
        "SELECT entry, SUM(receipts) AS receipts, SUM(entries) AS entries FROM ("
        "SELECT entry_id AS entry, source_id, 1 AS receipts, 0 AS entries FROM sales_receipt "
        "UNION ALL SELECT id, source_id, 0, 1 FROM base_inboxentry WHERE kind = 'receipt') AS pairs "
        "GROUP BY entry, source_id HAVING SUM(receipts) <> 1 OR SUM(entries) <> 1",
    ),
    Check(
        "sales.ties",
        "A receipt's lines, tax and tenders add up to what it states; list less discount is paid on every line",
        _LINES,
        _TIES,
    ),
    Check(
        "sales.tenders",
        "Tenders less change are what was paid, tax on top and rounding",
        "SELECT COUNT(*) FROM sales_receipttender",
        "SELECT place_id AS place, id AS receipt, tendered, change, paid_total AS paid, tax_total AS tax, rounding "
        "FROM sales_receipt WHERE line_count > 0 "
        "AND tendered - change <> paid_total + rounding + CASE WHEN tax_included THEN 0 ELSE tax_total END "
        "AND NOT (kind = 3 AND original_number = '' AND tendered = 0)",
    ),
    Check(
        "sales.discounts",
        "Every line's discounts add up to its discount",
        "SELECT COUNT(*) FROM sales_receiptdiscount",
        "SELECT place_id AS place, receipt_id AS receipt, line, SUM(off) AS apart FROM ("
        "SELECT place_id, receipt_id, number AS line, -discount_amount AS off FROM sales_receiptline "
        "WHERE discount_amount <> 0 "
        "UNION ALL SELECT place_id, receipt_id, line, amount FROM sales_receiptdiscount) AS parts "
        "GROUP BY place_id, receipt_id, line HAVING SUM(off) <> 0",
    ),
    Check(
        "sales.movements",
        "What a receipt moved when it was booked is in the ledger, to the step, and no more",
        "SELECT COALESCE(SUM(moved_lines), 0) FROM sales_receipt",
        "SELECT entry, SUM(lines) AS lines_apart, SUM(steps) AS steps_apart FROM ("
        "SELECT entry_id AS entry, 1 AS receipts, moved_lines AS lines, moved_steps AS steps FROM sales_receipt "
        "WHERE moved_lines IS NOT NULL UNION ALL "
        "SELECT entry_id, 0, -COUNT(*), -SUM(CASE WHEN kind = 5 THEN quantity ELSE -quantity END) FROM stock_movement "
        "WHERE kind IN (5, 9) AND step = 0 GROUP BY entry_id) AS parts "
        "GROUP BY entry HAVING SUM(receipts) = 1 AND (SUM(lines) <> 0 OR SUM(steps) <> 0)",
    ),
    Check(
        "sales.voids",
        "What a voided receipt came to is undone by the voids that name it, to the minor unit",
        "SELECT COUNT(*) FROM sales_receipt WHERE voided AND kind IN (1, 2)",
        "SELECT o.place_id AS place, o.id AS receipt, o.effect * o.paid_total AS counted, "
        "SUM(v.effect * v.paid_total) AS undone FROM sales_receipt o JOIN places_place p ON p.id = o.place_id "
        "LEFT JOIN sales_receipt v ON v.kind = 3 AND v.original_place = p.code AND v.original_day = o.business_day "
        "AND v.original_till = o.till AND v.original_number = o.number AND v.effect <> 0 "
        "WHERE o.kind IN (1, 2) AND (o.voided OR v.line_count = 0) "
        "GROUP BY o.place_id, o.id, o.voided, o.effect, o.paid_total, o.tax_total "
        "HAVING NOT o.voided OR SUM(CASE WHEN v.line_count = 0 THEN 1 ELSE 0 END) <> 1 "
        "OR o.effect * o.paid_total + SUM(v.effect * v.paid_total) <> 0 "
        "OR o.effect * o.tax_total + SUM(v.effect * v.tax_total) <> 0",
    ),
    Check(
        "sales.exceptions",
        "A line exception stands on a line of its receipt; one that is open moved no stock yet",
        "SELECT COUNT(*) FROM sales_lineexception",
        "SELECT e.place_id AS place, e.receipt_id AS receipt, e.line, e.state FROM sales_lineexception e "
        "LEFT JOIN sales_receiptline l "
        "ON l.place_id = e.place_id AND l.receipt_id = e.receipt_id AND l.number = e.line "
        "LEFT JOIN sales_receipt r ON r.id = e.receipt_id LEFT JOIN stock_movement m ON e.state = 'open' "
        "AND m.place_id = e.place_id AND m.entry_id = r.entry_id AND m.line = e.line "
        "WHERE l.id IS NULL OR m.id IS NOT NULL",
    ),
    Check(
        "sales.orphans",
        "Every receipt names a place that exists, and every line a product that exists or none",
        _LINES,
        "SELECT 'receipt' AS kind, r.id AS receipt, r.place_id AS missing FROM sales_receipt r "
        "LEFT JOIN places_place p ON p.id = r.place_id WHERE p.id IS NULL "
        "UNION ALL SELECT 'line', l.receipt_id, l.product_id FROM sales_receiptline l "
        "LEFT JOIN catalogue_product c ON c.id = l.product_id WHERE c.id IS NULL AND l.product_id IS NOT NULL",
    ),
)


def audit_sales() -> list[Finding]:
    """Prove that receipts have one effect each and tie to the minor unit."""
    return prove(_CHECKS)
