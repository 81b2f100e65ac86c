"""Reads of tokens, sources and users."""

import json
from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant
from onebasket.commerce.access.models import User
from onebasket.commerce.access.rules import EVERY_PLACE, AccountFacts, SourceFacts, TokenFacts, UserFacts

_BY_DIGEST = (
    "SELECT t.id, t.source_id, s.code, t.name, t.scopes, t.places, t.expires_at, t.revoked_at, s.active "
    "FROM access_token t JOIN access_source s ON s.id = t.source_id WHERE t.digest = %s"
)


_OF_SOURCE = (
    "SELECT t.id, t.source_id, s.code, t.name, t.scopes, t.places, t.expires_at, t.revoked_at, s.active "
    "FROM access_token t JOIN access_source s ON s.id = t.source_id WHERE s.code = %s ORDER BY t.id DESC LIMIT %s"
)
MOST_TOKENS = 500


def token_by_digest(digest: str) -> TokenFacts | None:
    """Return the token of this SHA-256 digest (64 hex digits), revoked and expired ones too; ask `is_valid`."""
    rows = bulk.fetch(_BY_DIGEST, [digest])
    return _token(rows[0]) if rows else None


def tokens_of(source: str) -> list[TokenFacts]:
    """Return the newest tokens of a source (its code), revoked and expired ones too, at most 500."""
    return [_token(row) for row in bulk.fetch(_OF_SOURCE, [source, MOST_TOKENS])]


def _token(row: Row) -> TokenFacts:
    identity, source_id, source_code, name, scopes, places, expires_at, revoked_at, active = row
    codes = _codes(places)
    return TokenFacts(
        id=identity,
        source_id=source_id,
        source_code=source_code,
        name=name,
        scopes=_codes(scopes),
        places=codes - {EVERY_PLACE},
        every_place=EVERY_PLACE in codes,
        expires_at=as_instant(expires_at),
        revoked_at=as_instant(revoked_at),
        source_active=bool(active),
    )


def sources_by_code(codes: Iterable[str]) -> dict[str, SourceFacts]:
    """Return the enrolled sources that these codes name, inactive ones too."""
    sql = f"SELECT id, code, name, active FROM access_source WHERE {bulk.in_list('code')}"  # noqa: S608 - constants
    rows = bulk.fetch(sql, [bulk.list_parameter(set(codes))])
    return {code: SourceFacts(identity, code, name, bool(active)) for identity, code, name, active in rows}


def facts_of(user: object) -> UserFacts:
    """Return what rights are decided by, of a request's user; whoever is not signed in has none."""
    if not isinstance(user, User):
        return UserFacts(username="", role="", active=False)
    return UserFacts(user.username, user.role, frozenset(user.places), user.is_active)


def user_by_name(username: str) -> UserFacts | None:
    """Return the facts of the user of this name."""
    user = User.objects.filter(username=username).first()
    return None if user is None else facts_of(user)


def _codes(value: Any) -> frozenset[str]:  # noqa: ANN401 - text or a list, as the driver gives JSON
    return frozenset(json.loads(value) if isinstance(value, str) else value)


def accounts_of(user_ids: Iterable[int]) -> list[AccountFacts]:
    """Return what is kept about the log-ins of these users, by id: three statements."""
    ids = sorted(set(user_ids))
    addresses: dict[int, list[str]] = {}
    for user_id, email in EmailAddress.objects.filter(user_id__in=ids, verified=True).values_list("user_id", "email"):
        addresses.setdefault(user_id, []).append(email)
    guarded = set(Authenticator.objects.filter(user_id__in=ids).values_list("user_id", flat=True))
    rows = (
        User.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "role", "email", "date_joined", "last_login")
    )
    return [
        AccountFacts(user_id, role, email, tuple(sorted(addresses.get(user_id, ()))), since, last, user_id in guarded)
        for user_id, role, email, since, last in rows
    ]
