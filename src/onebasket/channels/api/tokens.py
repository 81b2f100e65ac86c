"""Who calls: bearer tokens by their digest, remembered for a few seconds; failed attempts are counted by address."""

import time
from collections import OrderedDict
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

import msgspec
from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from onebasket.channels.api.problems import REALM, ProblemError, problem, refuse
from onebasket.commerce.access.queries import token_by_digest
from onebasket.commerce.access.rules import TokenFacts, is_token, token_digest

REMEMBERED_SECONDS = 5.0
MOST_REMEMBERED = 10_000
MOST_ADDRESSES = 10_000
MOST_FAILURES = 60
"""Failed attempts that one address has in a window; tokens that were good before are looked up all the same."""
WINDOW_SECONDS = 60.0

_remembered: "OrderedDict[str, tuple[float, TokenFacts]]" = OrderedDict()
_failures: "OrderedDict[str, tuple[float, int]]" = OrderedDict()


class Caller(msgspec.Struct, frozen=True, gc=False):
    """A token that opens the door: its source, and the place codes that it reaches (None: every place)."""

    token: TokenFacts
    source_id: int
    places: frozenset[str] | None

    @property
    def actor(self) -> str:
        """Return how the audit trail names the caller."""
        return f"token/{self.token.id} ({self.token.source_code})"

    def reaches(self, place: str) -> bool:
        """Whether the token is bound to this place, or to none."""
        return self.places is None or place in self.places


def forget() -> None:
    """Drop what is remembered of tokens and failures: for tests."""
    _remembered.clear()
    _failures.clear()


def admit(request: HttpRequest, scope: str, or_scope: str = "") -> Caller:
    """Return who calls; a ProblemError with 401, 403 or 429 for whoever may not. Either scope lets in."""
    kind, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    token = _find(secret.strip(), request) if kind.lower() == "bearer" else None
    if token is None or not token.is_valid(datetime.now(UTC)):
        raise _turn_away(request, stated=bool(kind))
    if scope not in token.scopes and or_scope not in token.scopes:
        found = problem(403, "scope", f"This token does not have the scope {scope}.")
        raise ProblemError(found, {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{scope}"'})
    return Caller(token, token.source_id, None if token.every_place else token.places)


def require_places(caller: Caller, places: AbstractSet[str]) -> None:
    """Refuse the whole request when it names a place that the token is not bound to."""
    if caller.places is None or places <= caller.places:
        return
    foreign = min(places - caller.places)
    raise refuse(403, "other_place", f"This token is not bound to the place {foreign!r}.", place=foreign)


def narrow_to(caller: Caller, place: str | None) -> None:
    """Refuse a list of one place that the token is not bound to."""
    if place is not None:
        require_places(caller, {place})


def require_every_place(caller: Caller, what: str) -> None:
    """Refuse what concerns the whole chain to a token that is bound to places."""
    if caller.places is not None:
        raise refuse(403, "other_place", f"{what} the whole chain: this token is bound to places.")


def _find(secret: str, request: HttpRequest) -> TokenFacts | None:
    if not is_token(secret):
        return None
    digest = token_digest(secret)
    known = _remembered.get(digest)
    now = time.monotonic()
    if known is not None and now - known[0] < REMEMBERED_SECONDS:
        return known[1]
    if known is None and _is_blocked(_address(request), now):
        return None
    token = token_by_digest(digest)
    _hand_back_connection()
    if token is None:
        _remembered.pop(digest, None)
        return None
    _remembered[digest] = (now, token)
    if len(_remembered) > MOST_REMEMBERED:
        _remembered.popitem(last=False)
    return token


def _hand_back_connection() -> None:
    """Wait for the committer without a connection: PostgreSQL's pool is smaller than the number of threads."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()


def _turn_away(request: HttpRequest, *, stated: bool) -> ProblemError:
    address, now = _address(request), time.monotonic()
    if _is_blocked(address, now):
        found = problem(429, "too_many_failures", "Too many failed attempts from this address. Wait a minute.")
        return ProblemError(found, {"Retry-After": str(int(WINDOW_SECONDS))})
    if not stated:
        found = problem(401, "token_missing", "Send a token: Authorization: Bearer ob_…")
        return ProblemError(found, {"WWW-Authenticate": REALM})
    since, count = _failures.get(address, (now, 0))
    _failures[address] = (since, count + 1) if now - since < WINDOW_SECONDS else (now, 1)
    if len(_failures) > MOST_ADDRESSES:
        _failures.popitem(last=False)
    found = problem(401, "token_invalid", "This token opens nothing: it is unknown, revoked or expired.")
    return ProblemError(found, {"WWW-Authenticate": f'{REALM}, error="invalid_token"'})


def _is_blocked(address: str, now: float) -> bool:
    since, count = _failures.get(address, (now, 0))
    return count >= MOST_FAILURES and now - since < WINDOW_SECONDS


def _address(request: HttpRequest) -> str:
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):  # a proxy in front is trusted: it adds the address last
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
        if forwarded:
            return forwarded
    return str(request.META.get("REMOTE_ADDR", ""))
