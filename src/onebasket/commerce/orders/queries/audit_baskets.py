"""The baskets' part of the audit: what they say they hold is what the stock holds for them."""

from onebasket.base.audit import Check

BASKET_CHECKS = (
    Check(
        "orders.baskets",
        "What a basket's lines hold is what the stock holds for it, until that expires",
        "SELECT COUNT(*) FROM orders_basketline",
        "SELECT basket AS basket_id, product_id AS product, SUM(held) AS held, SUM(active) AS active FROM ("
        "SELECT l.basket_id AS basket, l.product_id, l.held, 0 AS active FROM orders_basketline l "
        "JOIN orders_basket b ON b.id = l.basket_id WHERE b.state = 'open' AND NOT EXISTS ("
        "SELECT 1 FROM stock_holdline x WHERE x.hold_id = b.id AND x.state = 'expired' "
        "AND x.expires_at = b.held_until) "
        "UNION ALL SELECT h.hold_id, h.product_id, 0, h.quantity FROM stock_holdline h "
        "JOIN orders_basket b ON b.id = h.hold_id WHERE h.state = 'active' AND h.expires_at = b.held_until "
        "AND NOT EXISTS (SELECT 1 FROM stock_holdline x WHERE x.hold_id = b.id AND x.state = 'expired' "
        "AND x.expires_at = b.held_until)) AS parts "
        "GROUP BY basket, product_id HAVING SUM(held) <> SUM(active)",
    ),
    Check(
        "orders.placed_baskets",
        "Every basket that was placed is an order and holds nothing more, and holds of no source are a basket's",
        "SELECT COUNT(*) FROM orders_basket",
        "SELECT b.id AS basket_id, b.state, o.id AS order_id FROM orders_basket b "
        "LEFT JOIN orders_order o ON o.id = b.id "
        "WHERE (b.state = 'placed') <> (o.id IS NOT NULL) OR (b.state <> 'open' AND EXISTS ("
        "SELECT 1 FROM stock_holdline h WHERE h.hold_id = b.id AND h.state = 'active')) "
        "UNION ALL SELECT h.id, 'none', NULL FROM stock_hold h LEFT JOIN orders_basket b ON b.id = h.id "
        "WHERE h.source_id = 0 AND b.id IS NULL",
    ),
)
