"""The payments' part of the audit: balances equal their entries, no tender took more than it may, refunds add up."""

from onebasket.base.audit import Check, Finding, prove

_PAYMENTS = "SELECT COUNT(*) FROM payments_payment"
_KEPT = (
    "CASE WHEN p.status = 'captured' THEN p.captured - p.refunded WHEN p.status = 'reversed' THEN 0 "
    "ELSE p.authorised END"
)
_CHECKS = (
    Check(
        "payments.balances",
        "Every gift card's and store credit's balance is the sum of its entries, and not below zero",
        "SELECT COALESCE(SUM(balance), 0) FROM payments_balanceaccount",
        "SELECT account, SUM(balance) AS balance, SUM(entered) AS entered, SUM(accounts) AS accounts FROM ("
        "SELECT id AS account, balance, 0 AS entered, 1 AS accounts FROM payments_balanceaccount "
        "UNION ALL SELECT account_id, 0, amount, 0 FROM payments_balanceentry) AS parts "
        "GROUP BY account HAVING SUM(balance) <> SUM(entered) OR SUM(accounts) <> 1 OR SUM(balance) < 0",
    ),
    Check(
        "payments.spent",
        "What an order's tenders keep of a balance is what was taken off it for that order and not given back",
        "SELECT COUNT(*) FROM payments_balanceentry WHERE order_id IS NOT NULL",
        "SELECT account, order_id, SUM(taken) AS taken, SUM(kept) AS kept FROM ("  # noqa: S608 - constants
        "SELECT account_id AS account, order_id, -amount AS taken, 0 AS kept FROM payments_balanceentry "
        "WHERE order_id IS NOT NULL "
        f"UNION ALL SELECT p.account_id, p.order_id, 0, {_KEPT} FROM payments_payment p "
        "WHERE p.account_id IS NOT NULL) AS parts GROUP BY account, order_id HAVING SUM(taken) <> SUM(kept)",
    ),
    Check(
        "payments.amounts",
        "No tender captured more than was put aside, gave back more than it captured, or is due beyond its amount",
        _PAYMENTS,
        "SELECT id AS payment, status, amount, due, authorised, captured, refunded FROM payments_payment "
        "WHERE amount <= 0 OR due < 0 OR due > amount OR authorised < 0 OR authorised > amount OR captured < 0 "
        "OR captured > authorised OR refunded < 0 OR refunded > captured OR (captured > 0) <> (status = 'captured') "
        "OR (method IN ('gift_card', 'store_credit')) <> (account_id IS NOT NULL)",
    ),
    Check(
        "payments.tenders",
        "An order's tenders are numbered from one on, each once, at one place and in one currency",
        "SELECT COUNT(*) FROM (SELECT DISTINCT order_id FROM payments_payment) AS orders",
        "SELECT order_id, COUNT(*) AS tenders, MAX(number) AS last FROM payments_payment GROUP BY order_id "
        "HAVING COUNT(*) <> MAX(number) OR COUNT(DISTINCT number) <> MAX(number) OR COUNT(DISTINCT place_id) <> 1 "
        "OR COUNT(DISTINCT currency) <> 1",
    ),
    Check(
        "payments.refunds",
        "A refund's parts add up to it, and a tender gave back what its parts say, but for those that were refused",
        "SELECT COALESCE(SUM(amount), 0) FROM payments_refund",
        "SELECT 'refund' AS kind, CAST(r.id AS text) AS id, r.amount AS stated, COALESCE(SUM(q.amount), 0) AS parts "
        "FROM payments_refund r LEFT JOIN payments_refundpart q ON q.refund_id = r.id GROUP BY r.id, r.amount "
        "HAVING r.amount <> COALESCE(SUM(q.amount), 0) "
        "UNION ALL SELECT 'payment', CAST(p.id AS text), p.refunded, COALESCE(SUM(q.amount), 0) "
        "FROM payments_payment p LEFT JOIN payments_refundpart q ON q.payment_id = p.id AND q.status <> 'refused' "
        "AND NOT q.is_lowered GROUP BY p.id, p.refunded HAVING p.refunded <> COALESCE(SUM(q.amount), 0)",
    ),
    Check(
        "payments.calls",
        "Every call to a provider is of a payment, no authorisation was asked for twice, and what cards paid was told",
        "SELECT COUNT(*) FROM payments_attempt",
        "SELECT 'orphan' AS kind, CAST(a.id AS text) AS what, a.operation, 1 AS times FROM payments_attempt a "
        "LEFT JOIN payments_payment p ON p.id = a.payment_id WHERE p.id IS NULL "
        "UNION ALL SELECT 'twice', key, operation, COUNT(*) FROM payments_attempt WHERE operation = 'authorise' "
        "GROUP BY key, operation HAVING COUNT(*) > 1 "
        "UNION ALL SELECT 'untold', CAST(p.id AS text), p.status, 1 FROM payments_payment p WHERE p.method = 'card' "
        "AND p.status IN ('authorised', 'captured') AND NOT EXISTS (SELECT 1 FROM payments_attempt a "
        "WHERE a.payment_id = p.id AND a.result = 'told')",
    ),
    Check(
        "payments.unknown",
        "Card payments of which it is not known yet what came of them",
        "SELECT COUNT(*) FROM payments_payment WHERE status = 'unknown'",
    ),
)


def audit_payments() -> list[Finding]:
    """Prove that balances, tenders and refunds agree with their entries, calls and parts."""
    return prove(_CHECKS)
