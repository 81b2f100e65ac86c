"""Which database serves: DATABASE_URL taken apart, and what each engine is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY"
"""Write-ahead log so that readers never wait; FULL so that what is acknowledged survives a power cut."""

POSTGRES_SESSION = "-c idle_in_transaction_session_timeout=60000 -c lock_timeout=20000"
"""A session that hangs inside a transaction (its machine gone, say) must not hold shelves for ever. Milliseconds."""

FORMS = "sqlite:///path/to/file, postgresql://user:password@host:5432/name or postgresql:///name?host=/socket/directory"


class InvalidDatabaseUrlError(ValueError):
    """DATABASE_URL cannot be understood. The message never repeats it: it may hold a password."""


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """A database file."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A PostgreSQL database; `host` is a name, an address or the directory of a socket, empty for the default."""

    name: str
    user: str = ""
    password: str = ""
    host: str = ""
    port: int | None = None
    options: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Leave the password out: addresses turn up in logs and tracebacks."""
        return f"PostgresAddress(name={self.name!r}, user={self.user!r}, host={self.host!r}, port={self.port!r})"


def parse_database_url(url: str, *, directory: Path) -> SqliteAddress | PostgresAddress:
    """Take DATABASE_URL apart; a SQLite path that is not absolute is taken from `directory`.

    Raises:
        InvalidDatabaseUrlError: it names no database that onebasket knows.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise InvalidDatabaseUrlError(f"DATABASE_URL has a port or host that cannot be read. Forms: {FORMS}") from error
    if parts.scheme == "sqlite":
        return _sqlite(parts, directory)
    if parts.scheme in {"postgres", "postgresql"}:
        return _postgres(parts, port)
    scheme = parts.scheme if "://" in url else ""
    raise InvalidDatabaseUrlError(f"DATABASE_URL begins with {scheme!r}, which is not known. Forms: {FORMS}")


def database_settings(address: SqliteAddress | PostgresAddress, *, pool: int) -> dict[str, Any]:
    """Return Django's settings for the database; `pool` is the most connections a process takes (PostgreSQL)."""
    if isinstance(address, SqliteAddress):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(address.path),
            # IMMEDIATE: a transaction that may write takes the lock at its start, so that it never fails half way.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_PRAGMAS},
            # Threads live for ten minutes idle, and opening the file again costs more than keeping it.
            "CONN_MAX_AGE": 600,
        }
    return {
        "ENGINE": "onebasket.base.postgresql",
        "NAME": address.name,
        "USER": address.user,
        "PASSWORD": address.password,
        "HOST": address.host,
        "PORT": "" if address.port is None else str(address.port),
        "OPTIONS": {
            **dict(address.options),
            "application_name": "onebasket",
            # Parameters travel apart from the statement: a list of texts is not quoted into it letter by letter.
            "server_side_binding": True,
            # Hot statements are prepared by `base/pipeline.py`. Where the driver prepares too, it drops all that is
            # prepared on the connection after some statements.
            "prepare_threshold": None,
            "options": POSTGRES_SESSION,
            # A request takes a connection with its first query and gives it back when it ends; requests on the hot
            # path wait for the committer without one, so that a few serve all threads.
            # A server that is gone is told within seconds, and tried anew as often as somebody asks: the pool's own
            # attempts come ever more rarely, and would leave a server that is back unused for minutes.
            "pool": {"min_size": 2, "max_size": pool, "timeout": 3, "reconnect_timeout": 3},
        },
        "CONN_MAX_AGE": 0,
        # The engine looks at each connection that it takes from the pool.
        "CONN_HEALTH_CHECKS": False,
    }


def _sqlite(parts: SplitResult, directory: Path) -> SqliteAddress:
    if parts.netloc:
        raise InvalidDatabaseUrlError("DATABASE_URL for SQLite takes three slashes (four for an absolute path).")
    path = unquote(parts.path)[1:]
    if not path or path.startswith(":memory:"):
        raise InvalidDatabaseUrlError("DATABASE_URL for SQLite must name a file: threads share it, memory cannot be.")
    return SqliteAddress(directory / path)


def _postgres(parts: SplitResult, port: int | None) -> PostgresAddress:
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name:
        raise InvalidDatabaseUrlError(f"DATABASE_URL must name one database after the host. Forms: {FORMS}")
    stated = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    stray = stated.keys() & {"options", "pool", "application_name"}
    if stray:
        raise InvalidDatabaseUrlError(f"DATABASE_URL may not state {', '.join(sorted(stray))}: onebasket does.")
    host = stated.pop("host", "") or unquote(parts.hostname or "")
    return PostgresAddress(
        name=name,
        user=unquote(stated.pop("user", "") or parts.username or ""),
        password=unquote(parts.password or "") or stated.pop("password", ""),
        host=host,
        port=_port(stated.pop("port", ""), port),
        options=tuple(sorted(stated.items())),
    )


def _port(stated: str, port: int | None) -> int | None:
    if not stated:
        return port
    if not (stated.isascii() and stated.isdigit()):
        raise InvalidDatabaseUrlError("DATABASE_URL states a port that is not a number.")
    return int(stated)
