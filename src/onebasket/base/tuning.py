"""How a process and its connection are set for writing a lot: larger caches, fewer checkpoints, calmer collection."""

import gc

from django.db import connection

from onebasket.base.bulk import is_postgresql

CACHE_KIBIBYTES = 65_536
CHECKPOINT_PAGES = 16_000


def tune_process() -> None:
    """Let the garbage collector look at long-lived objects less often; batches make many that die young."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def tune_writer() -> None:
    """Give this thread's connection the cache of a writer; on PostgreSQL the server has its own.

    SQLite: 64 MiB of pages (the default of 2 MiB makes random index inserts read the file), and a write-ahead log
    that is copied back every 64 MB, so that a page written by many commits is copied once. Durability is unchanged.
    """
    if is_postgresql():
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
