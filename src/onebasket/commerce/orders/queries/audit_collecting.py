"""The audit of what orders and baskets have elsewhere: their slots, their tenders, and the holds of open baskets."""

from onebasket.base.audit import Check, dashed
from onebasket.base.subscriptions.unheard import unheard

_SETTLING = "payments.settle"
_SETTLES = ("order.ready", "order.handed_over", "order.cancelled", "order.expired")
"""The subscription, and its events, after which an order's tenders come to what the order does."""

_SLOTS = Check(
    "orders.slots",
    "Every order to be collected in a slot has that slot firm, and every firm slot is that of such an order",
    "SELECT COUNT(*) FROM slots_slotpromise WHERE standing = 'firm'",
    "SELECT o.id AS order_id, o.status, o.place_id AS place, o.slot_id AS slot, p.slot_id AS promised, p.standing "
    "FROM orders_order o LEFT JOIN slots_slotpromise p ON p.id = o.id "
    "WHERE o.slot_id IS NOT NULL AND o.status <> 'cancelled' "
    "AND (p.id IS NULL OR p.standing <> 'firm' OR p.slot_id <> o.slot_id OR p.place_id <> o.place_id) "
    "UNION ALL SELECT p.id, o.status, p.place_id, o.slot_id, p.slot_id, p.standing "
    "FROM slots_slotpromise p LEFT JOIN orders_order o ON o.id = p.id "
    "WHERE p.standing = 'firm' AND (o.id IS NULL OR o.slot_id IS NULL OR o.status = 'cancelled')",
)
_HOLDS = Check(
    "orders.holds",
    "What the stock holds for an open basket is of its place and its lines, as much as they say, for as long as it has",
    "SELECT COUNT(*) FROM stock_holdline h JOIN orders_basket b ON b.id = h.hold_id WHERE h.state = 'active'",
    "SELECT b.id AS basket_id, h.place_id AS place, h.product_id AS product, h.quantity AS active, l.held, l.quantity "
    "FROM stock_holdline h JOIN orders_basket b ON b.id = h.hold_id "
    "LEFT JOIN orders_basketline l ON l.basket_id = b.id AND l.product_id = h.product_id "
    "WHERE h.state = 'active' AND b.state = 'open' AND (l.id IS NULL OR h.place_id <> b.place_id "
    "OR h.quantity <> l.held OR l.held > l.quantity OR b.held_until IS NULL OR h.expires_at <> b.held_until)",
)


def _tenders() -> Check:
    placed = "o.list_total - o.reduction_total + CASE WHEN o.tax_included THEN 0 ELSE o.tax_total END"
    due = (
        "CASE WHEN o.status = 'cancelled' THEN 0 WHEN o.status IN ('ready', 'handed_over') "
        f"THEN o.total - SUM(COALESCE(q.lowered, 0)) ELSE {placed} END"
    )
    waiting = unheard(_SETTLING, _SETTLES)
    return Check(
        "orders.tenders",
        "Every tender's order, or partner's part of one, exists, at its place and in its currency; what an order's "
        "tenders are of is what it came to when it was placed, and what is due on them what it comes to now; a basket "
        "placed has its tenders",
        "SELECT COUNT(*) FROM payments_payment",
        "SELECT p.order_id, o.status, o.total, p.amount AS tendered, p.due FROM payments_payment p "  # noqa: S608
        "LEFT JOIN orders_order o ON o.id = p.order_id "
        "WHERE (o.id IS NULL OR o.place_id <> p.place_id OR o.currency <> p.currency) AND NOT EXISTS ("
        "SELECT 1 FROM partners_partnerpart x WHERE x.id = p.order_id) "
        "UNION ALL SELECT o.id, o.status, o.total, SUM(p.amount), SUM(p.due) FROM payments_payment p "
        "JOIN orders_order o ON o.id = p.order_id LEFT JOIN (SELECT payment_id, SUM(amount) AS lowered "
        "FROM payments_refundpart WHERE is_lowered GROUP BY payment_id) AS q ON q.payment_id = p.id "
        "GROUP BY o.id, o.status, o.total, o.list_total, o.reduction_total, o.tax_included, o.tax_total "
        f"HAVING SUM(p.amount) <> {placed} "
        f"OR (SUM(p.due) <> {due} AND 'order/' || {dashed('o.id')} NOT IN ({waiting})) "
        "UNION ALL SELECT o.id, o.status, o.total, NULL, NULL FROM orders_basket b JOIN orders_order o ON o.id = b.id "
        f"WHERE {placed} > 0 AND NOT EXISTS (SELECT 1 FROM payments_payment p WHERE p.order_id = o.id)",
    )


_PARTS = Check(
    "orders.parts",
    "Every order has as many partners' parts as it says, each part is of an order, and one of parts alone ends as "
    "they do",
    "SELECT COUNT(*) FROM partners_partnerpart",
    "SELECT id AS order_id, SUM(stated) AS stated, SUM(parts) AS parts, SUM(orders) AS orders FROM ("
    "SELECT id, part_count AS stated, 0 AS parts, 1 AS orders FROM orders_order WHERE part_count > 0 "
    "UNION ALL SELECT order_id, 0, 1, 0 FROM partners_partnerpart) AS sides "
    "GROUP BY id HAVING SUM(stated) <> SUM(parts) OR SUM(orders) <> 1 "
    "UNION ALL SELECT o.id, o.part_count, o.line_count, 1 FROM orders_order o "
    "WHERE (o.line_count = 0 AND (o.part_count = 0 OR o.status IN ('picking', 'ready', 'handed_over'))) "
    "OR (o.status = 'closed' AND (o.line_count > 0 OR EXISTS (SELECT 1 FROM partners_partnerpart p "
    "WHERE p.order_id = o.id AND p.status NOT IN ('delivered', 'refused', 'cancelled'))))",
)


def collecting_checks() -> tuple[Check, ...]:
    """Return the checks of slots, holds, tenders and partners' parts."""
    return (_SLOTS, _HOLDS, _tenders(), _PARTS)
