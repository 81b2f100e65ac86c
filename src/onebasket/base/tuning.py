"""How a process and its connection are set for writing a lot: larger caches, fewer checkpoints, calmer collection."""

import gc

from django.db import connection

from onebasket.base.bulk import is_postgresql

CACHE_KIBIBYTES = 65_536
CHECKPOINT_PAGES = 16_000
BY_KEY = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit")
"""What PostgreSQL's planner does without where every row is found by its key."""


def tune_process() -> None:
    """Let the garbage collector look at long-lived objects less often; batches make many that die young."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def tune_writer() -> None:
    """Set this thread's connection for batches of writes by key. Durability is unchanged.

    PostgreSQL: find rows by their keys, whatever the statistics say; those of a table that has just grown, or was never
    analysed, make the planner read it whole for a batch of thirty rows.

    SQLite: 64 MiB of pages (the default of 2 MiB makes random index inserts read the file), and a write-ahead log
    that is copied back every 64 MB, so that a page written by many commits is copied once.
    """
    with connection.cursor() as cursor:
        if is_postgresql():
            for setting in BY_KEY:
                cursor.execute(f"SET {setting} = off")
            return
        cursor.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
