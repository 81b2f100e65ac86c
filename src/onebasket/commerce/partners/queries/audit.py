"""The partners' part of the audit: parts come to their lines, are paid by their own tenders, and end as those do."""

from onebasket.base.audit import Check, Finding, dashed, prove
from onebasket.base.subscriptions.unheard import unheard

SETTLING = "parts.settle"
_SETTLES = ("part.placed", "part.shipped", "part.delivered", "part.refused", "part.cancelled")
"""The subscription, and its events, after which a part's tenders come to what the part does."""
_PARTS = "SELECT COUNT(*) FROM partners_partnerpart"
_ASKED_FOR = "('due', 'unknown', 'stuck')"
"""So a part stands until its partner has taken it in: lines may fall away, and what was put aside is lowered then."""
_GOING = "('due', 'unknown', 'placed', 'shipped', 'delivered')"

_SURE = "CASE WHEN y.status IN ('authorised', 'captured', 'unknown') THEN y.due + COALESCE(w.amount, 0) ELSE 0 END"
_LOWERED = "(SELECT payment_id, SUM(amount) AS amount FROM payments_refundpart WHERE is_lowered GROUP BY payment_id)"
"""What was given back of cards by capturing less: it was put aside all the same."""

_CHECKS = (
    Check(
        "partners.lines",
        "A part's lines come to its total, shipping and tax, and no line was taken in or brought back beyond it",
        "SELECT COUNT(*) FROM partners_partnerpartline",
        "SELECT p.id AS part, p.total, p.shipping_amount AS shipping, p.tax_amount AS tax, SUM(l.amount) AS amounts "
        "FROM partners_partnerpart p LEFT JOIN partners_partnerpartline l ON l.part_id = p.id "
        "WHERE p.status NOT IN ('refused', 'cancelled') "
        "GROUP BY p.id, p.total, p.shipping_amount, p.tax_amount "
        "HAVING COUNT(l.id) = 0 OR SUM(l.amount) <> p.total OR SUM(l.tax_amount) <> p.tax_amount "
        "OR SUM(CASE WHEN COALESCE(l.accepted, l.quantity) > 0 THEN l.shipping_amount ELSE 0 END) <> p.shipping_amount "
        "OR SUM(CASE WHEN l.returned > COALESCE(l.accepted, l.quantity) THEN 1 ELSE 0 END) > 0",
    ),
    Check(
        "partners.paid",
        "No part was let go to its partner, or is with it, whose money is not put aside or taken; none is paid there",
        _PARTS,
        f"SELECT p.id AS part, p.status, p.total, SUM({_SURE}) AS sure FROM partners_partnerpart p "  # noqa: S608 - constants
        f"LEFT JOIN payments_payment y ON y.order_id = p.id LEFT JOIN {_LOWERED} w ON w.payment_id = y.id "
        f"WHERE p.status IN {_GOING} GROUP BY p.id, p.status, p.total HAVING p.total > 0 AND SUM({_SURE}) < p.total "
        "UNION ALL SELECT p.id, p.status, p.total, y.due FROM partners_partnerpart p "
        "JOIN payments_payment y ON y.order_id = p.id WHERE y.method = 'at_collection' OR y.place_id <> p.place_id "
        "OR y.currency <> p.currency",
    ),
    Check(
        "partners.returns",
        "What came back of a part's lines over counters is what their returns say, each paid back by its own refund",
        "SELECT COUNT(*) FROM partners_partnerreturn",
        "SELECT l.part_id AS part, l.number AS line, l.returned AS pieces, COALESCE(r.pieces, 0) AS returns "
        "FROM partners_partnerpartline l LEFT JOIN (SELECT part_id, line, SUM(quantity) AS pieces "
        "FROM partners_partnerreturn GROUP BY part_id, line) AS r ON r.part_id = l.part_id AND r.line = l.number "
        "WHERE l.returned <> COALESCE(r.pieces, 0) "
        "UNION ALL SELECT r.part_id, 0, SUM(r.amount), COALESCE(f.amount, 0) FROM partners_partnerreturn r "
        "LEFT JOIN (SELECT order_id, SUM(amount) AS amount FROM payments_refund "
        "WHERE SUBSTR(key, 1, 12) = 'return/part/' "
        "GROUP BY order_id) AS f ON f.order_id = r.part_id "
        "GROUP BY r.part_id, f.amount HAVING SUM(r.amount) <> COALESCE(f.amount, 0)",
    ),
    Check(
        "partners.addresses",
        "Every address is that of an order that has parts",
        "SELECT COUNT(*) FROM partners_partneraddress",
        "SELECT a.order_id FROM partners_partneraddress a WHERE NOT EXISTS ("
        "SELECT 1 FROM partners_partnerpart p WHERE p.order_id = a.order_id)",
    ),
)


def _tenders() -> Check:
    waiting = unheard(SETTLING, _SETTLES)
    due = "CASE WHEN p.status IN ('refused', 'cancelled') THEN 0 ELSE p.total - COALESCE(SUM(q.lowered), 0) END"
    wrong = f"SUM(y.due) < {due} OR (p.status NOT IN {_ASKED_FOR} AND SUM(y.due) > {due})"
    return Check(
        "partners.tenders",
        "What is due on the tenders of a part is what it comes to, and nothing where it has come to nothing; no less "
        "while its partner is asked for it",
        "SELECT COUNT(*) FROM payments_payment y JOIN partners_partnerpart p ON p.id = y.order_id",
        "SELECT p.id AS part, p.status, p.total, SUM(y.due) AS due FROM partners_partnerpart p "  # noqa: S608
        "JOIN payments_payment y ON y.order_id = p.id LEFT JOIN (SELECT payment_id, SUM(amount) AS lowered "
        "FROM payments_refundpart WHERE is_lowered GROUP BY payment_id) AS q ON q.payment_id = y.id "
        f"WHERE 'part/' || {dashed('p.id')} NOT IN ({waiting}) "
        f"GROUP BY p.id, p.status, p.total HAVING {wrong}",
    )


def audit_partners() -> list[Finding]:
    """Prove that partners' parts come to their lines and are paid by their own tenders."""
    return prove((*_CHECKS, _tenders()))
