"""The orders' part of the audit: one entry each, lines against promises and status, and what an order comes to."""

from onebasket.base.audit import Check, Finding, prove
from onebasket.base.columns import is_postgresql
from onebasket.commerce.orders.queries.audit_baskets import BASKET_CHECKS
from onebasket.commerce.orders.queries.audit_collecting import collecting_checks

_ORDERS = "SELECT COUNT(*) FROM orders_order"
_LINES = "SELECT COUNT(*) FROM orders_orderline"
_EXPECTED = (
    "CASE WHEN l.picked IS NOT NULL THEN 2 WHEN o.status = 'cancelled' THEN 3 "
    "WHEN o.status IN ('awaiting_payment', 'placed', 'picking') THEN 1 ELSE 0 END"
)
_CHECKS = (
    Check(
        "orders.entries",
        "Every order traces to the one inbox entry that it answered, and every such entry to its order",
        _ORDERS,
        "SELECT entry, SUM(orders) AS orders, SUM(entries) AS entries FROM ("
        "SELECT entry_id AS entry, source_id, 1 AS orders, 0 AS entries FROM orders_order "
        "UNION ALL SELECT id, source_id, 0, 1 FROM base_inboxentry "
        "WHERE kind IN ('order', 'checkout') AND outcome LIKE %s) AS pairs "
        "GROUP BY entry, source_id HAVING SUM(orders) <> 1 OR SUM(entries) <> 1",
        ('{"outcome":"placed",%',),
    ),
    Check(
        "orders.promises",
        "Every line promised has one reservation of that quantity, in the state that the order's life asks for",
        "SELECT COUNT(*) FROM stock_reservation",
        "SELECT o.id AS order_id, l.number AS line, o.status, l.promised, "  # noqa: S608 - constants
        f"r.quantity AS reserved, r.state, {_EXPECTED} AS expected "
        "FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id "
        "LEFT JOIN stock_reservation r ON r.place_id = l.place_id AND r.reference = l.order_id AND r.line = l.number "
        "WHERE CASE WHEN l.promised = 0 THEN r.id IS NOT NULL ELSE r.id IS NULL OR r.quantity <> l.promised "
        f"OR r.product_id <> l.product_id OR r.state <> {_EXPECTED} END "
        "UNION ALL SELECT r.reference, r.line, NULL, NULL, r.quantity, r.state, NULL FROM stock_reservation r "
        "LEFT JOIN orders_orderline l ON l.place_id = r.place_id AND l.order_id = r.reference AND l.number = r.line "
        "WHERE l.id IS NULL",
    ),
    Check(
        "orders.lines",
        "No line was promised more than ordered, picked beyond its promise, or put back beyond what was picked",
        _LINES,
        "SELECT l.order_id AS order_id, l.number AS line, o.status, l.ordered, l.promised, l.picked, l.put_back "
        "FROM orders_orderline l LEFT JOIN orders_order o ON o.id = l.order_id "
        "LEFT JOIN orders_fulfilment f ON f.id = l.fulfilment_id AND f.order_id = l.order_id "
        "WHERE o.id IS NULL OR f.id IS NULL OR o.place_id <> l.place_id OR l.promised > l.ordered "
        "OR COALESCE(l.picked, 0) > l.promised OR l.put_back > COALESCE(l.picked, 0) "
        "OR (l.put_back > 0 AND o.status <> 'cancelled') "
        "OR (l.picked IS NOT NULL AND o.status IN ('awaiting_payment', 'placed')) "
        "OR (l.picked IS NULL AND o.status IN ('ready', 'handed_over'))",
    ),
    Check(
        "orders.movements",
        "What lines say was picked and put back is what the ledger moved between shelf and stage",
        "SELECT COALESCE(SUM(picked), 0) FROM orders_orderline",
        "SELECT place_id AS place, product_id AS product, SUM(picked) AS picked, SUM(back) AS put_back FROM ("
        "SELECT place_id, product_id, picked, put_back AS back FROM orders_orderline WHERE picked > 0 "
        "UNION ALL SELECT place_id, product_id, CASE WHEN kind = 6 THEN -quantity ELSE 0 END, "
        "CASE WHEN kind = 8 THEN -quantity ELSE 0 END FROM stock_movement WHERE kind IN (6, 8) AND step = 0) AS parts "
        "GROUP BY place_id, product_id HAVING SUM(picked) <> 0 OR SUM(back) <> 0",
    ),
    Check(
        "orders.fulfilments",
        "Every order has its fulfilments, each at the order's status",
        "SELECT COUNT(*) FROM orders_fulfilment",
        "SELECT o.id AS order_id, o.status, f.id AS fulfilment, f.status AS fulfilment_status "
        "FROM orders_order o LEFT JOIN orders_fulfilment f ON f.order_id = o.id "
        "WHERE f.id IS NULL OR f.status <> o.status OR f.place_id <> o.place_id "
        "UNION ALL SELECT f.order_id, NULL, f.id, f.status FROM orders_fulfilment f "
        "LEFT JOIN orders_order o ON o.id = f.order_id WHERE o.id IS NULL",
    ),
    Check(
        "orders.orphans",
        "Every order names a place that exists, and every line a product that exists",
        _LINES,
        "SELECT 'order' AS kind, o.id AS order_id, o.place_id AS missing FROM orders_order o "
        "LEFT JOIN places_place p ON p.id = o.place_id WHERE p.id IS NULL "
        "UNION ALL SELECT 'line', l.order_id, l.product_id FROM orders_orderline l "
        "LEFT JOIN catalogue_product c ON c.id = l.product_id WHERE c.id IS NULL",
    ),
)


def _totals() -> Check:
    due = "COALESCE(l.picked, l.promised)"
    placed = "(l.list_amount - l.reduced_amount + CASE WHEN o.tax_included THEN 0 ELSE l.tax_amount END)"
    if is_postgresql():
        share = f"DIV(2 * ABS({placed})::numeric * {due} + l.promised, 2 * l.promised::numeric)"
    else:
        share = f"(2 * ABS({placed}) * {due} + l.promised) / (2 * l.promised)"
    amount = f"CASE WHEN l.promised = 0 THEN 0 WHEN {placed} < 0 THEN -{share} ELSE {share} END"
    return Check(
        "orders.totals",
        "An order's lines come to their part of what was agreed, and add up to its total",
        _ORDERS,
        "SELECT id AS order_id, SUM(orders) AS orders, SUM(total) AS total, SUM(stated_lines) AS stated_lines, "  # noqa: S608
        "SUM(amounts) AS amounts, SUM(line_rows) AS line_rows, SUM(broken) AS broken FROM ("
        "SELECT id, 1 AS orders, total, line_count AS stated_lines, 0 AS amounts, 0 AS line_rows, 0 AS broken "
        "FROM orders_order UNION ALL SELECT l.order_id, 0, 0, 0, SUM(l.amount), COUNT(*), "
        f"SUM(CASE WHEN l.amount = {amount} THEN 0 ELSE 1 END) FROM orders_orderline l "
        "JOIN orders_order o ON o.id = l.order_id GROUP BY l.order_id) AS parts "
        "GROUP BY id HAVING SUM(orders) <> 1 OR SUM(total) <> SUM(amounts) OR SUM(stated_lines) <> SUM(line_rows) "
        "OR SUM(broken) <> 0",
    )


_TERMS = Check(
    "orders.terms",
    "What took an order's lines down, and their taxes, are those of their rules and rates, and add up in its head",
    "SELECT COUNT(*) FROM orders_orderreduction",
    "SELECT place_id AS place, order_id, line, SUM(reduced) AS reduced, SUM(tax) AS tax FROM ("
    "SELECT place_id, order_id, number AS line, reduced_amount AS reduced, tax_amount AS tax FROM orders_orderline "
    "UNION ALL SELECT place_id, order_id, line, -amount, 0 FROM orders_orderreduction "
    "UNION ALL SELECT place_id, order_id, line, 0, -amount FROM orders_ordertax "
    "UNION ALL SELECT place_id, id, 0, reduction_total, tax_total FROM orders_order "
    "UNION ALL SELECT place_id, order_id, 0, -reduced_amount, -tax_amount FROM orders_orderline) AS parts "
    "GROUP BY place_id, order_id, line HAVING SUM(reduced) <> 0 OR SUM(tax) <> 0",
)


def audit_orders() -> list[Finding]:
    """Prove that orders have one effect each, keep their promises, and come to their totals."""
    return prove((*_CHECKS, _totals(), _TERMS, *BASKET_CHECKS, *collecting_checks()))
