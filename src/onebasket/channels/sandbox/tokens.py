"""Codes and tokens: each holds for a while, a code and a refresh token once. The books keep their digests alone."""

import hashlib
import secrets

import msgspec

from onebasket.channels.sandbox.books import Session, now_ms

CODE_SECONDS = 600
_ACCESS, _REFRESH, _CODE = "access", "refresh", "code"


class Lives(msgspec.Struct, frozen=True):
    """For how many seconds tokens hold."""

    access: int = 3600
    refresh: int = 86_400


class Pair(msgspec.Struct, frozen=True):
    """An access token and what gets the next one; until when each holds, in milliseconds since 1970."""

    access_token: str
    refresh_token: str
    expire_time: int
    refresh_token_valid_time: int


def make_code(session: Session) -> str:
    """Return a code that gets tokens, once, for some minutes."""
    return _issue(session, _CODE, now_ms() + CODE_SECONDS * 1000)


def make_pair(session: Session, lives: Lives) -> Pair:
    """Return new tokens."""
    now = now_ms()
    until, refresh_until = now + lives.access * 1000, now + lives.refresh * 1000
    return Pair(_issue(session, _ACCESS, until), _issue(session, _REFRESH, refresh_until), until, refresh_until)


def by_code(session: Session, code: str, lives: Lives) -> Pair | None:
    """Return tokens for a code, and use it up; None where it holds no more."""
    return make_pair(session, lives) if _use(session, _CODE, code) else None


def by_refresh(session: Session, token: str, lives: Lives) -> Pair | None:
    """Return new tokens for a refresh token, and use it up; None where it holds no more."""
    return make_pair(session, lives) if _use(session, _REFRESH, token) else None


def holds(session: Session, token: str) -> bool:
    """Whether an access token holds now."""
    sql = "SELECT 1 FROM token WHERE digest = ? AND kind = ? AND until_ms > ?"
    return session.execute(sql, [_digest(token), _ACCESS, now_ms()]).fetchone() is not None


def end_all(session: Session) -> int:
    """Let every access token that holds end now; return how many."""
    sql = "UPDATE token SET until_ms = ?1 WHERE kind = ?2 AND until_ms > ?1"
    return session.execute(sql, [now_ms(), _ACCESS]).rowcount


def _issue(session: Session, kind: str, until_ms: int) -> str:
    token = secrets.token_urlsafe(24)
    session.execute("INSERT INTO token (digest, kind, until_ms) VALUES (?, ?, ?)", [_digest(token), kind, until_ms])
    return token


def _use(session: Session, kind: str, token: str) -> bool:
    sql = "UPDATE token SET used = 1 WHERE digest = ? AND kind = ? AND used = 0 AND until_ms > ?"
    return session.execute(sql, [_digest(token), kind, now_ms()]).rowcount == 1


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
