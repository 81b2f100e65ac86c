"""How a process and its connection are set for writing a lot: larger caches, fewer checkpoints, calmer collection."""

import gc
from dataclasses import dataclass

from django.db import connection

from onebasket.base.bulk import is_postgresql


@dataclass(frozen=True, slots=True)
class Tuning:
    """What SQLite may keep: KiB of pages in memory, and pages in the write-ahead log before it is copied back."""

    cache_kibibytes: int
    checkpoint_pages: int


SERVING = Tuning(cache_kibibytes=64 * 1024, checkpoint_pages=16_000)
"""A process that serves: 64 MiB (the default of 2 MiB makes random index inserts read the file) and a log of 64 MB,
so that a page written by many commits is copied once, and no single request waits long for the copying."""

LOADING = Tuning(cache_kibibytes=128 * 1024, checkpoint_pages=64_000)
"""A process that loads a year and answers nobody meanwhile: fewer, longer copies of a log of 256 MB."""

BY_KEY = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit")
"""What PostgreSQL's planner does without where every row is found by its key."""


def tune_process() -> None:
    """Let the garbage collector look at long-lived objects less often; batches make many that die young."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def tune_writer(tuning: Tuning = SERVING) -> None:
    """Set this thread's connection for batches of writes by key. Durability is unchanged.

    PostgreSQL: find rows by their keys, whatever the statistics say; those of a table that has just grown, or was never
    analysed, make the planner read it whole for a batch of thirty rows. So there is one plan for a prepared statement,
    which is made once and not for each batch.
    SQLite: take the tuning's cache and length of the write-ahead log.
    """
    with connection.cursor() as cursor:
        if is_postgresql():
            for setting in BY_KEY:
                cursor.execute(f"SET {setting} = off")
            cursor.execute("SET plan_cache_mode = force_generic_plan")
            return
        cursor.execute(f"PRAGMA cache_size = -{tuning.cache_kibibytes}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {tuning.checkpoint_pages}")
