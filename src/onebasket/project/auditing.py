"""The whole audit: every module's part, in one snapshot."""

from collections.abc import Sequence

from onebasket.base.audit import Finding, snapshot
from onebasket.base.clock import database_now
from onebasket.base.inbox_audit import audit_inbox
from onebasket.commerce.books.queries.audit import audit_books
from onebasket.commerce.fulfilment.queries.audit import audit_fulfilment
from onebasket.commerce.fulfilment.queries.journal_audit import audit_returned
from onebasket.commerce.orders.queries.audit import audit_orders
from onebasket.commerce.orders.queries.journal_audit import audit_sold
from onebasket.commerce.partners.queries.audit import audit_partners
from onebasket.commerce.partners.queries.commissions_audit import audit_commissions
from onebasket.commerce.partners.queries.journal_audit import audit_sent
from onebasket.commerce.payments.queries.audit import audit_payments
from onebasket.commerce.payments.queries.journal_audit import audit_paid
from onebasket.commerce.pricing.queries.audit import audit_pricing
from onebasket.commerce.sales.queries.audit import audit_sales
from onebasket.commerce.sales.queries.journal_audit import audit_journal
from onebasket.commerce.slots.queries.audit import audit_slots
from onebasket.commerce.stock.queries.audit import audit_stock


def audit() -> list[Finding]:
    """Prove every claim from the rows as of one instant; green beside a running hub."""
    with snapshot():
        now = database_now()
        return [
            *audit_inbox(),
            *audit_stock(now=now),
            *audit_slots(now=now),
            *audit_sales(),
            *audit_payments(),
            *audit_commissions(),
            *audit_partners(),
            *audit_sent(),
            *audit_pricing(),
            *audit_orders(),
            *audit_fulfilment(),
            *audit_books(),
            *audit_journal(),
            *audit_sold(),
            *audit_paid(),
            *audit_returned(),
        ]


def differences(findings: Sequence[Finding]) -> int:
    """Return how many rows contradict what they should; zero is green."""
    return sum(finding.differences for finding in findings)
