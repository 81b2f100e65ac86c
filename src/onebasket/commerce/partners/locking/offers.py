"""The lock under which offers are written: one writer at a time, so that changes are numbered in order of commit."""

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.partners.models import OfferRevision


def lock_revision() -> int:
    """Lock the offers' revision until the transaction ends; return the number of the last change.

    Whoever follows reads `changed > n`. Were two writers to take numbers side by side, the lower ones could be
    committed after the higher ones had been read, and be passed over for ever.
    """
    require_transaction()
    sql = f"SELECT changed FROM partners_offerrevision WHERE id = 1{bulk.for_update()}"  # noqa: S608 - constants
    rows = bulk.fetch(sql)
    if not rows:
        ((highest,),) = bulk.fetch("SELECT COALESCE(MAX(changed), 0) FROM partners_offer")
        bulk.insert_missing(OfferRevision, ("id", "token", "changed"), [(1, 1, highest)], ("id",))
        rows = bulk.fetch(sql)
    return int(rows[0][0])
