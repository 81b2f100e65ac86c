"""Whether a hub serves the SQLite file, and where its committer listens: whoever else would write asks that one.

The hub holds a lock on a file beside the database; the system lets go of it when the process ends, however it ends. In
the file stands the committer's socket, which only the hub's own user may reach.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.db import connection

_TRIES, _PAUSE = 50, 0.01
"""Whoever looks holds the lock for a moment; another hub holds it for as long as it lives."""


def announce(socket: Path) -> IO[str] | None:
    """Hold the lock for as long as the returned file lives; None on PostgreSQL, or when another hub holds it."""
    if connection.vendor != "sqlite":
        return None
    file = _path().open("a+", encoding="utf-8")
    for _ in range(_TRIES):
        if _lock(file):
            with suppress(OSError):  # the disk is full: whoever else writes does so without asking
                os.truncate(file.fileno(), 0)
                os.write(file.fileno(), os.fsencode(socket.absolute()))
            return file
        time.sleep(_PAUSE)
    file.close()
    return None


def hub_is_serving() -> bool:
    """Whether a hub holds the lock just now (SQLite alone: on PostgreSQL nobody has to step aside)."""
    if connection.vendor != "sqlite" or not _path().exists():
        return False
    with _path().open("a", encoding="utf-8") as file:
        return not _lock(file)


def committer_of_the_hub() -> Path | None:
    """Return the socket of the committer of the hub that serves the file; None without one that we may ask."""
    if not hub_is_serving():
        return None
    socket = _path().read_text(encoding="utf-8")
    return Path(socket) if socket and os.access(socket, os.W_OK) else None


def _path() -> Path:
    return Path(f"{connection.settings_dict['NAME']}-hub")


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
