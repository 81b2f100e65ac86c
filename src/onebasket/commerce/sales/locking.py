"""The sales' locks.

Batches with voids run alone, so that a void and its original cannot pass each other unseen; and one worker at a time
journalises receipts.
"""

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.sales.rules.journal import Cursor

VOIDS = 0x6F6E6576  # any constant of our own
ONLY = 1
"""The id of the one cursor of the journal."""


def await_turn(*, alone: bool) -> None:
    """Wait for batches with voids (`alone`: for every batch) to commit; held until this transaction ends.

    Without it a void would not see an original that is just being booked and wait for it for ever, and two voids would
    both send the same goods back. On SQLite a writing transaction is alone anyway.
    """
    require_transaction()
    if bulk.is_postgresql():
        bulk.fetch(f"SELECT pg_advisory_xact_lock{'' if alone else '_shared'}(%s)", [VOIDS])


def lock_cursor() -> Cursor | None:
    """Lock the journal's cursor and return it; None while another worker has it, or before there is one."""
    require_transaction()
    skip = " FOR UPDATE SKIP LOCKED" if bulk.is_postgresql() else ""
    rows = bulk.fetch(f"SELECT position, swept, sweep_to FROM sales_journalcursor WHERE id = %s{skip}", [ONLY])  # noqa: S608
    return Cursor(*rows[0]) if rows else None
