"""A serving process goes on only with the SQLite file that it began with: it makes no empty one in its place.

A file that is moved away or deleted stays open, and whoever wrote on into it would lose with the last connection what
was acknowledged. Opening its name again would make an empty file, or find another one.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import OperationalError, connection


@dataclass(slots=True)
class _Watched:
    path: Path
    identity: tuple[int, int] | None
    """Device and inode; None until the file has been seen."""


_watched: list[_Watched] = []


def keep_to_the_file() -> None:
    """Open the file from now on only where it is there, and remember which it is. Nothing on PostgreSQL."""
    if connection.vendor != "sqlite":
        return
    path = Path(str(connection.settings_dict["NAME"])).absolute()
    # What Django hands to the driver beside NAME wins over it; all threads share these settings.
    connection.settings_dict["OPTIONS"]["database"] = f"file:{quote(str(path))}?mode=rw"
    connection.settings_dict["OPTIONS"]["factory"] = _WatchedConnection
    connection.close()
    _watched[:] = [_Watched(path, _identity(path))]


def require_the_file() -> None:
    """Raise OperationalError where the file is not in its place, or another is; only where `keep_to_the_file` was."""
    for watched in _watched:
        found = _identity(watched.path)
        if found is None:
            raise OperationalError(f"{watched.path} is not there")
        if watched.identity is None:
            watched.identity = found
        if found != watched.identity:
            raise OperationalError(f"{watched.path} is another file than it was; put it back, or start the hub again")


class _WatchedConnection(sqlite3.Connection):
    """Opens no other file: SQLite would take our write-ahead log, which has kept its name, for that file's own."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as sqlite3.connect takes them
        try:
            require_the_file()
        except OperationalError as error:
            raise sqlite3.OperationalError(*error.args) from error
        super().__init__(*args, **options)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
