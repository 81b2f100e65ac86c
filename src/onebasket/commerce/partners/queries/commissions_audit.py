"""The partners' part of the audit: every commission line is what its entries add up to, and is whose it says."""

from onebasket.base.audit import Check, Finding, prove

_CHECKS = (
    Check(
        "partners.commission",
        "Every commission line stands at the sum of its entries, which are numbered from one on, in one currency",
        "SELECT COALESCE(SUM(commission), 0) FROM partners_commissionline",
        "SELECT partner_id, key, SUM(commission) AS commission, SUM(change) AS entered, SUM(lines) AS lines, "
        "SUM(entries) AS entries, SUM(times) AS times, MAX(number) AS last FROM ("
        "SELECT partner_id, key, commission, 0 AS change, 1 AS lines, entries, 0 AS times, 0 AS number, currency "
        "FROM partners_commissionline "
        "UNION ALL SELECT partner_id, key, 0, change, 0, 0, 1, number, currency FROM partners_commissionentry"
        ") AS parts GROUP BY partner_id, key HAVING SUM(commission) <> SUM(change) OR SUM(lines) <> 1 "
        "OR SUM(entries) <> SUM(times) OR MAX(number) <> SUM(times) OR MIN(currency) <> MAX(currency)",
    ),
    Check(
        "partners.credited",
        "Every commission line that is credited belongs to a referral or a part of the same partner, and to one alone",
        "SELECT COUNT(*) FROM partners_commissionline WHERE referral_id IS NOT NULL OR part_id IS NOT NULL",
        "SELECT l.id AS line, l.key, l.attribution FROM partners_commissionline l "
        "LEFT JOIN partners_referral r ON r.id = l.referral_id "
        "LEFT JOIN partners_partnerpart p ON p.id = l.part_id "
        "WHERE (l.referral_id IS NOT NULL AND (r.id IS NULL OR r.partner_id <> l.partner_id OR l.part_id IS NOT NULL)) "
        "OR (l.part_id IS NOT NULL AND (p.id IS NULL OR p.partner_id <> l.partner_id))",
    ),
    Check(
        "partners.referrals",
        "A referral stands as its commission lines do: bought where there is one, taken back where nothing is left",
        "SELECT COUNT(*) FROM partners_referral",
        "SELECT r.id AS referral, r.status, COUNT(l.id) AS lines FROM partners_referral r "
        "LEFT JOIN partners_commissionline l ON l.referral_id = r.id GROUP BY r.id, r.status "
        "HAVING (COUNT(l.id) > 0 AND r.status IN ('clicked', 'bought')) "
        "OR (COUNT(l.id) = 0 AND r.status NOT IN ('clicked', 'bought')) "
        "OR (COUNT(l.id) > 0 AND (r.status = 'clawed_back') <> "
        "(SUM(CASE WHEN l.standing = 'clawed_back' THEN 0 ELSE 1 END) = 0))",
    ),
)


def audit_commissions() -> list[Finding]:
    """Prove that commission adds up and is credited to what is there."""
    return prove(_CHECKS)
