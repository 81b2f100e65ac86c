"""The audit of payments in the journal: money has its entries, and what the books owe on a balance is what is on it."""

from onebasket.base.audit import Check, Finding, dashed, prove
from onebasket.base.subscriptions.unheard import unheard
from onebasket.commerce.payments.rules.journal import SUBSCRIPTION

_TYPES = ("payment.captured", "payment.refunded", "balance.changed")
_BALANCES = "('gift_card', 'store_credit')"


def audit_paid() -> list[Finding]:
    """Prove that payments, balances and journal agree, as far as the journal has come."""
    payment, waiting = dashed("p.id"), unheard(SUBSCRIPTION, _TYPES)
    captured = _missing(
        "'captured'", "p.captured", f"'payment/' || {payment}", "-",
        f"payments_payment p WHERE p.status = 'captured' AND p.method NOT IN {_BALANCES}",
    )  # fmt: skip
    refunded = _missing(
        "'refunded'", "q.amount", f"'refund/' || {dashed('q.refund_id')} || '/' || {payment}", "",
        "payments_refundpart q JOIN payments_payment p ON p.id = q.payment_id "
        f"WHERE q.status = 'done' AND NOT q.is_lowered AND p.method NOT IN {_BALANCES}",
    )  # fmt: skip
    money = (
        f"SELECT what, id, stated, posted FROM ({captured} UNION ALL {refunded}) AS money "  # noqa: S608 - constants
        f"WHERE stated <> COALESCE(posted, 0) AND 'payment/' || id NOT IN ({waiting})"
    )
    balances = (
        "SELECT 'balance', account, SUM(balance), SUM(owed) FROM ("  # noqa: S608 - constants
        "SELECT CAST(id AS text) AS account, balance, 0 AS owed FROM payments_balanceaccount UNION ALL "
        "SELECT part, 0, -amount FROM books_posting WHERE account IN (2100, 2110) AND part NOT IN ('sold', 'tendered')"
        f") AS sides WHERE 'balance/' || account NOT IN ({waiting}) GROUP BY account HAVING SUM(balance) <> SUM(owed)"
    )
    return prove(
        (
            Check(
                "payments.journal",
                "What was captured and given back has its entry, and the books owe on each balance what is on it",
                "SELECT COALESCE(SUM(balance), 0) FROM payments_balanceaccount",
                f"{money} UNION ALL {balances}",
            ),
        )
    )


def _missing(kind: str, stated: str, fact: str, sign: str, rows: str) -> str:
    """Return the rows with what was posted for each on what is due on its order."""
    posted = (
        f"SELECT {sign}b.amount FROM books_entry e JOIN books_posting b ON b.place_id = e.place_id "  # noqa: S608
        f"AND b.entry_id = e.id AND b.account = 1400 WHERE e.fact = {fact} AND e.kind = {kind}"
    )
    return f"SELECT {kind} AS what, {dashed('p.id')} AS id, {stated} AS stated, ({posted}) AS posted FROM {rows}"  # noqa: S608
