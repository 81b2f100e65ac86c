"""Whether a hub serves the SQLite file: whoever else writes to it then keeps transactions under 50 ms.

The hub holds a lock on a file beside the database; the system lets go of it when the process ends, however it ends.
"""

import fcntl
from pathlib import Path
from typing import IO

from django.db import connection


def announce() -> IO[str] | None:
    """Hold the lock for as long as the returned file lives; None on PostgreSQL, or when another process holds it."""
    if connection.vendor != "sqlite":
        return None
    file = _path().open("w", encoding="ascii")
    if _lock(file):
        return file
    file.close()
    return None


def hub_is_serving() -> bool:
    """Whether a hub holds the lock just now (SQLite alone: on PostgreSQL nobody has to step aside)."""
    if connection.vendor != "sqlite" or not _path().exists():
        return False
    with _path().open("a", encoding="ascii") as file:
        return not _lock(file)


def _path() -> Path:
    return Path(f"{connection.settings_dict['NAME']}-hub")


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
