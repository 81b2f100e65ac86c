"""The sandbox's books, in a SQLite file of its own: goods, links, tokens, orders, commission lines, pushes to send."""

import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

Session = sqlite3.Connection

_TABLES = """
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shop (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS category (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, parent INTEGER NOT NULL, path TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS good (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, price INTEGER NOT NULL CHECK (price >= 0), list_price INTEGER NOT NULL,
    stock INTEGER NOT NULL CHECK (stock >= 0), shop INTEGER NOT NULL, category INTEGER NOT NULL, gtin TEXT NOT NULL,
    model TEXT NOT NULL, brand TEXT NOT NULL, shipping INTEGER NOT NULL, days_from INTEGER NOT NULL,
    days_to INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL UNIQUE,
    stated_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS link (
    code TEXT PRIMARY KEY, good INTEGER NOT NULL, tracking TEXT NOT NULL, click TEXT NOT NULL,
    UNIQUE (good, tracking, click)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (
    digest TEXT PRIMARY KEY, kind TEXT NOT NULL, until_ms INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS purchase (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, ours TEXT NOT NULL, shop INTEGER NOT NULL, status TEXT NOT NULL,
    shipping INTEGER NOT NULL, tracking TEXT NOT NULL, address TEXT NOT NULL, form TEXT UNIQUE,
    created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL, due_ms INTEGER);
CREATE INDEX IF NOT EXISTS purchase_ours ON purchase (ours);
CREATE INDEX IF NOT EXISTS purchase_due ON purchase (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS line (
    id INTEGER PRIMARY KEY, purchase INTEGER NOT NULL, good INTEGER NOT NULL, title TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0), price INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS line_purchase ON line (purchase);
CREATE TABLE IF NOT EXISTS commission (
    id INTEGER PRIMARY KEY, line INTEGER NOT NULL UNIQUE, purchase INTEGER NOT NULL, status TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '', paid INTEGER NOT NULL, paid_commission INTEGER NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0, finished_commission INTEGER NOT NULL DEFAULT 0, rate INTEGER NOT NULL,
    good INTEGER NOT NULL, title TEXT NOT NULL, quantity INTEGER NOT NULL, category INTEGER NOT NULL,
    kind TEXT NOT NULL, tracking TEXT NOT NULL, custom TEXT NOT NULL, country TEXT NOT NULL,
    paid_ms INTEGER NOT NULL, finished_ms INTEGER, settled_ms INTEGER, modified_ms INTEGER NOT NULL, due_ms INTEGER);
CREATE INDEX IF NOT EXISTS commission_status ON commission (status, id);
CREATE INDEX IF NOT EXISTS commission_due ON commission (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS push (
    id INTEGER PRIMARY KEY, body BLOB NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS push_due ON push (due_ms) WHERE sent = 0;
"""


class Books:
    """The file. Every change is one transaction that is on the disk when it returns."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as session:
            session.executescript(_TABLES)
            session.execute("INSERT OR IGNORE INTO known VALUES ('cursor key', ?)", [secrets.token_hex(16)])

    def _connect(self) -> Session:
        session = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        session.row_factory = sqlite3.Row
        session.execute("PRAGMA journal_mode=WAL")
        session.execute("PRAGMA synchronous=FULL")
        return session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read the file as it is at one moment."""
        with closing(self._connect()) as session:
            session.execute("BEGIN")
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Change the file: all of it is kept, or nothing."""
        with closing(self._connect()) as session:
            session.execute("BEGIN IMMEDIATE")
            try:
                yield session
            except BaseException:
                session.execute("ROLLBACK")
                raise
            session.execute("COMMIT")


def known(session: Session, name: str, default: str = "") -> str:
    """Return a single value that the books keep by name."""
    found = session.execute("SELECT value FROM known WHERE name = ?", [name]).fetchone()
    return str(found[0]) if found else default


def keep(session: Session, name: str, value: str) -> None:
    """Keep a single value by name."""
    session.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", [name, value])


def number(session: Session, sql: str, values: list[object] | None = None) -> int:
    """Return the one number that a query gives; none is zero."""
    found = session.execute(sql, values or []).fetchone()
    return int(found[0] or 0) if found else 0


def now_ms() -> int:
    """Return this moment in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
