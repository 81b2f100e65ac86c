"""The sales' only lock: batches with voids run alone, so that a void and its original cannot pass each other unseen."""

from onebasket.base import bulk
from onebasket.base.locking import require_transaction

VOIDS = 0x6F6E6576  # any constant of our own


def await_turn(*, alone: bool) -> None:
    """Wait for batches with voids (`alone`: for every batch) to commit; held until this transaction ends.

    Without it a void would not see an original that is just being booked and wait for it for ever, and two voids would
    both send the same goods back. On SQLite a writing transaction is alone anyway.
    """
    require_transaction()
    if bulk.is_postgresql():
        bulk.fetch(f"SELECT pg_advisory_xact_lock{'' if alone else '_shared'}(%s)", [VOIDS])
