"""Pricing's part of the audit: uses are counted right and never above their limits, codes are used once."""

from onebasket.base.audit import Check, Finding, prove


def audit_pricing() -> list[Finding]:
    """Prove that customers' counts are their uses, none above its limit, and that single-use codes were used once."""
    return prove(CHECKS)


CHECKS = (
    Check(
        "pricing.counts",
        "Each customer's count of a promotion is the sum of the uses that were not given back.",
        counted="SELECT COUNT(*) FROM pricing_usecount",
        differing=(
            "SELECT u.loyalty_number, u.code, SUM(u.times) AS used, "
            "COALESCE((SELECT c.times FROM pricing_usecount c WHERE c.loyalty_number = u.loyalty_number "
            "AND c.code = u.code), 0) AS counted FROM pricing_use u "
            "WHERE u.released_at IS NULL AND u.loyalty_number <> '' GROUP BY u.loyalty_number, u.code "
            "HAVING SUM(u.times) <> COALESCE((SELECT c.times FROM pricing_usecount c "
            "WHERE c.loyalty_number = u.loyalty_number AND c.code = u.code), 0) UNION ALL "
            "SELECT c.loyalty_number, c.code, 0, c.times FROM pricing_usecount c WHERE c.times <> 0 AND NOT EXISTS ("
            "SELECT 1 FROM pricing_use u WHERE u.loyalty_number = c.loyalty_number AND u.code = c.code "
            "AND u.released_at IS NULL)"
        ),
    ),
    Check(
        "pricing.limits",
        "No customer has used a promotion more often than the highest limit under which it was claimed.",
        counted="SELECT COUNT(*) FROM pricing_use WHERE released_at IS NULL",
        differing=(
            "SELECT loyalty_number, code, SUM(times) AS used, MAX(most) AS most FROM pricing_use "
            "WHERE released_at IS NULL AND loyalty_number <> '' GROUP BY loyalty_number, code "
            "HAVING COUNT(most) = COUNT(*) AND SUM(times) > MAX(most)"
        ),
    ),
    Check(
        "pricing.serials",
        "Each single-use code that is used is used by the one order that claims it, and each claimed one is used.",
        counted="SELECT COUNT(*) FROM pricing_couponserial WHERE order_id IS NOT NULL",
        differing=(
            "SELECT s.coupon_code, s.order_id, u.order_id AS claimed_by FROM pricing_couponserial s "
            "LEFT JOIN pricing_use u ON u.serial = s.digest AND u.released_at IS NULL "
            "WHERE s.order_id IS NOT NULL AND (u.order_id IS NULL OR u.order_id <> s.order_id) UNION ALL "
            "SELECT u.code, s.order_id, u.order_id FROM pricing_use u "
            "LEFT JOIN pricing_couponserial s ON s.digest = u.serial "
            "WHERE u.serial <> '' AND u.released_at IS NULL AND (s.order_id IS NULL OR s.order_id <> u.order_id)"
        ),
    ),
    Check(
        "pricing.tills",
        "Each till's use is of a receipt that exists, and each use that waits to be looked at was counted.",
        counted="SELECT COUNT(*) FROM pricing_use WHERE receipt IS NOT NULL",
        differing=(
            "SELECT 'use' AS what, u.receipt, u.code FROM pricing_use u LEFT JOIN sales_receipt r ON r.id = u.receipt "
            "WHERE u.receipt IS NOT NULL AND r.id IS NULL UNION ALL "
            "SELECT 'overuse', o.receipt, o.code FROM pricing_overuse o WHERE NOT EXISTS ("
            "SELECT 1 FROM pricing_use u WHERE u.receipt = o.receipt AND u.code = o.code)"
        ),
    ),
)
