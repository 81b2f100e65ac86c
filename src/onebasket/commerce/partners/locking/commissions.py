"""The lock under which a partner's commission is booked: one statement after the other, so that none is overtaken."""

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.partners.models import PartnerCursor

CURSOR = "commission"


def lock_ledger(partner_id: int) -> None:
    """Lock a partner's commission ledger until the transaction ends."""
    require_transaction()
    rows = PartnerCursor.objects.select_for_update().filter(partner_id=partner_id, kind=CURSOR)
    if not list(rows.values_list("pk", flat=True)):
        bulk.insert_missing(
            PartnerCursor, ("partner", "kind", "cursor", "failures"), [(partner_id, CURSOR, "", 0)], ("id",)
        )
        list(rows.values_list("pk", flat=True))
