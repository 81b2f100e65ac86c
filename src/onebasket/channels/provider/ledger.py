"""The simulated provider's books, in a SQLite file of its own: authorisations, captures, refunds, answered requests."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from onebasket.commerce.payments.rules.port import CardState, RefundState
from onebasket.commerce.payments.rules.wire import AmountBody, AuthoriseBody, Trouble

_TABLES = """
CREATE TABLE IF NOT EXISTS authorisation (
    reference TEXT PRIMARY KEY, token TEXT NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, captured INTEGER NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND amount),
    code TEXT NOT NULL DEFAULT '', label TEXT NOT NULL DEFAULT '', expires_at TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS refund (
    key TEXT PRIMARY KEY, reference TEXT NOT NULL REFERENCES authorisation, amount INTEGER NOT NULL CHECK (amount > 0));
CREATE TABLE IF NOT EXISTS answered (
    key TEXT PRIMARY KEY, request BLOB NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS stumbled (reference TEXT PRIMARY KEY);
"""
_DECLINES = {"tok_declined": "declined", "tok_insufficient": "insufficient"}
_LABELS = "Test card"


class Reply(NamedTuple):
    """An answer: the HTTP status, and the state of the authorisation or why it was not done."""

    status: int
    content: CardState | Trouble


Work = Callable[[sqlite3.Connection], Reply]


class Ledger:
    """The books. Every request is one transaction; the same idempotency key again gets the first answer."""

    def __init__(self, path: Path, *, lasts: timedelta) -> None:
        """Open the file, or make it; `lasts` is how long an authorisation holds."""
        self._path = path
        self._lasts = lasts
        with closing(self._connect()) as session:
            session.executescript(_TABLES)

    def _connect(self) -> sqlite3.Connection:
        session = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        session.execute("PRAGMA journal_mode=WAL")
        session.execute("PRAGMA synchronous=FULL")
        return session

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as session:
            session.execute("BEGIN IMMEDIATE")
            try:
                yield session
            except BaseException:
                session.execute("ROLLBACK")
                raise
            session.execute("COMMIT")

    def once(self, key: str, request: bytes, work: Work) -> Reply:
        """Do the work under its key, once; another request under the same key is turned away."""
        with self._transaction() as session:
            found = session.execute("SELECT request, status, body FROM answered WHERE key = ?", [key]).fetchone()
            if found is not None:
                return _again(found, request)
            reply = work(session)
            session.execute(
                "INSERT INTO answered VALUES (?, ?, ?, ?)",
                [key, request, reply.status, msgspec.json.encode(reply.content)],
            )
        return reply

    def stumbles(self, reference: str) -> bool:
        """Whether this is the first time that the reference is heard of, of a card that makes us stumble once."""
        with self._transaction() as session:
            done = session.execute("INSERT OR IGNORE INTO stumbled VALUES (?)", [reference])
            return done.rowcount == 1

    def token_of(self, reference: str) -> str:
        """Return the token of an authorisation's card; empty where there is none."""
        with closing(self._connect()) as session:
            found = session.execute("SELECT token FROM authorisation WHERE reference = ?", [reference]).fetchone()
        return str(found[0]) if found else ""

    def find(self, reference: str) -> Reply:
        """Tell where an authorisation stands."""
        with self._transaction() as session:
            state = self._state(session, reference)
        return _unknown() if state is None else Reply(200, state)

    def authorise(self, session: sqlite3.Connection, reference: str, body: AuthoriseBody) -> Reply:
        """Put an amount aside, or decline; a reference is used once, one that was let go beforehand never."""
        if state := self._state(session, reference):
            return _refused("used", "This reference was used before.", state)
        code = _DECLINES.get(body.token, "" if body.token.startswith("tok_") else "unknown_card")
        status = "declined" if code else "authorised"
        expires_at = "" if code else (datetime.now(UTC) + self._lasts).isoformat()
        label = f"{_LABELS} {body.token.removeprefix('tok_')}" if not code else ""
        session.execute(
            "INSERT INTO authorisation VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)",
            [reference, body.token, status, body.amount, body.currency, code, label, expires_at],
        )
        return self._told(session, reference)

    def capture(self, session: sqlite3.Connection, reference: str, body: AmountBody) -> Reply:
        """Take at most what was put aside, once; the rest is let go."""
        state = self._state(session, reference)
        if state is None:
            return _unknown()
        if state.status != "authorised":
            return _refused("not_authorised", f"It is {state.status}.", state)
        if body.amount > state.amount:
            return _refused("too_much", "More is to be captured than was put aside.", state)
        session.execute(
            "UPDATE authorisation SET status = 'captured', captured = ? WHERE reference = ?", [body.amount, reference]
        )
        return self._told(session, reference)

    def reverse(self, session: sqlite3.Connection, reference: str) -> Reply:
        """Let go what was put aside; beforehand, where the reference is not known yet: should it come, it fails."""
        state = self._state(session, reference)
        if state is None:
            session.execute(
                "INSERT INTO authorisation (reference, token, status, amount, currency) VALUES (?, '', ?, 0, '')",
                [reference, "reversed"],
            )
        elif state.status == "captured":
            return _refused("captured", "It was captured: refund it.", state)
        elif state.status == "authorised":
            session.execute("UPDATE authorisation SET status = 'reversed' WHERE reference = ?", [reference])
        return self._told(session, reference)

    def refund(self, session: sqlite3.Connection, reference: str, body: AmountBody, *, key: str) -> Reply:
        """Give back a part of what was captured."""
        state = self._state(session, reference)
        if state is None:
            return _unknown()
        left = state.captured - sum(one.amount for one in state.refunds)
        if state.status != "captured" or body.amount > left:
            return _refused("too_much", f"At most {left} can be given back.", state)
        session.execute("INSERT INTO refund VALUES (?, ?, ?)", [key, reference, body.amount])
        return self._told(session, reference)

    def _told(self, session: sqlite3.Connection, reference: str) -> Reply:
        state = self._state(session, reference)
        assert state is not None  # noqa: S101 - just written
        return Reply(200, state)

    def _state(self, session: sqlite3.Connection, reference: str) -> CardState | None:
        sql = (
            "SELECT status, amount, currency, captured, code, label, expires_at FROM authorisation WHERE reference = ?"
        )
        found = session.execute(sql, [reference]).fetchone()
        if found is None:
            return None
        status, amount, currency, captured, code, label, stated = found
        expires_at = datetime.fromisoformat(stated) if stated else None
        if status == "authorised" and expires_at is not None and expires_at <= datetime.now(UTC):
            session.execute("UPDATE authorisation SET status = 'expired' WHERE reference = ?", [reference])
            status = "expired"
        rows = session.execute("SELECT key, amount FROM refund WHERE reference = ? ORDER BY rowid", [reference])
        refunds = tuple(RefundState(key, part) for key, part in rows)
        return CardState(reference, status, amount, currency, captured, refunds, code, label, expires_at)


def _again(found: tuple[bytes, int, bytes], request: bytes) -> Reply:
    first, status, body = found
    if first != request:
        return Reply(422, Trouble("key_conflict", "This key was used before for another request."))
    if status == 200:  # noqa: PLR2004 - OK
        return Reply(status, msgspec.json.decode(body, type=CardState))
    return Reply(status, msgspec.json.decode(body, type=Trouble))


def _unknown() -> Reply:
    return Reply(404, Trouble("unknown", "There is no such authorisation."))


def _refused(code: str, message: str, state: CardState) -> Reply:
    return Reply(409, Trouble(code, message, state))
