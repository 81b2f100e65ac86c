"""The inbox's part of the audit: one key, one effect, and no entry without an outcome."""

from onebasket.base.audit import Check, Finding, prove

_CHECKS = (
    Check(
        "inbox.once",
        "A source's key stands in the inbox once",
        "SELECT COUNT(*) FROM base_inboxentry",
        "SELECT source_id AS source, key, COUNT(*) AS times FROM base_inboxentry "
        "GROUP BY source_id, key HAVING COUNT(*) > 1",
    ),
    Check(
        "inbox.outcomes",
        "Every entry has an outcome",
        "SELECT COUNT(outcome) FROM base_inboxentry",
        "SELECT id AS entry, source_id AS source, key, kind FROM base_inboxentry WHERE outcome IS NULL",
    ),
    Check(
        "quarantine.kept",
        "What is in quarantine is whole and has its reason",
        "SELECT COUNT(*) FROM base_quarantineitem",
        "SELECT id AS item, kind, state FROM base_quarantineitem "
        "WHERE content = '' OR reason = '' OR (state = 'open') <> (settled_at IS NULL)",
    ),
)


def audit_inbox() -> list[Finding]:
    """Prove what the inbox and the quarantine promise."""
    return prove(_CHECKS)
