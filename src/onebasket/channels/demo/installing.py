"""The demo's log-ins and tokens: random for each installation, made once, kept in a file only its owner can read."""

import secrets
from pathlib import Path

import msgspec

from onebasket.base.clock import database_now
from onebasket.channels.demo.keeping import read_kept, write_kept
from onebasket.commerce.access.actions import (
    TokenRequest,
    UserRequest,
    create_user,
    enrol_source,
    issue_token,
    set_password,
)
from onebasket.commerce.access.queries import sources_by_code, token_by_digest, user_by_name
from onebasket.commerce.access.rules import EVERY_PLACE, PLACE_BOUND_ROLES, ROLE_RIGHTS, SCOPES, token_digest

ACTOR = "demo"
LOADER, RELAY, SHOP, ASSOCIATES, VISITOR = "demo-loader", "demo-relay", "demo-shop", "demo-associates", "demo-visitor"
_READS = tuple(scope for scope in SCOPES if scope.endswith(":read") and not scope.startswith("webhooks"))
SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    RELAY: ("The tills of the demo's stores, through their relay", ("sales:write", "stock:write")),
    SHOP: ("The demo's web shop", ("orders:write", "orders:read", "stock:read", "catalogue:read")),
    ASSOCIATES: ("The demo's associates, who pick and hand over", ("orders:write", "orders:read")),
    VISITOR: ("You: try the API with it", (*_READS, "sales:write", "orders:write", "stock:write")),
}
"""What each enrolled system is, and what its token is for; every place."""
_PASSWORD_BYTES = 9


class Login(msgspec.Struct, frozen=True):
    """A person of the demo; `places` bind a store role only."""

    username: str
    password: str
    role: str
    places: tuple[str, ...] = ()


class Keys(msgspec.Struct, frozen=True):
    """The secrets of an installation: who signs in with which password, and each system's token."""

    logins: tuple[Login, ...] = ()
    tokens: dict[str, str] = {}


def source_of(code: str, name: str = "") -> int:
    """Return the id of the demo's own source of this code; it is enrolled the first time."""
    known = sources_by_code([code]).get(code)
    return known.id if known else enrol_source(code, name=name, actor=ACTOR)


def install_keys(path: Path, *, store: str) -> Keys:
    """Make sure that each role has its log-in and each system its token, and return them.

    What the file holds and the database knows stays; a file or database that was replaced is brought into line.
    `store` is the place of the store role.
    """
    kept = read_kept(path, Keys) or Keys()
    logins = {login.role: login for login in kept.logins}
    for role in ROLE_RIGHTS:
        places = (store,) if role in PLACE_BOUND_ROLES else ()
        password = logins[role].password if role in logins else secrets.token_urlsafe(_PASSWORD_BYTES)
        logins[role] = Login(role, password, role, places)
    # Kept before they are made known: a kill in between must not lock anyone out.
    keys = Keys(tuple(logins.values()), kept.tokens)
    write_kept(path, keys)
    for login in keys.logins:
        _install_login(login, fresh=login not in kept.logins)
    tokens = {code: _install_token(code, kept.tokens.get(code, "")) for code in SOURCES}
    keys = Keys(keys.logins, tokens)
    write_kept(path, keys)
    return keys


def _install_login(login: Login, *, fresh: bool) -> None:
    if user_by_name(login.username) is None:
        create_user(UserRequest(login.username, login.role, login.places, login.password), actor=ACTOR)
    elif fresh:
        set_password(login.username, password=login.password, actor=ACTOR)


def _install_token(code: str, secret: str) -> str:
    name, scopes = SOURCES[code]
    source_of(code, name)
    known = token_by_digest(token_digest(secret)) if secret else None
    if known is not None and known.source_code == code and known.is_valid(database_now()):
        return secret
    return issue_token(TokenRequest(code, name, scopes, (EVERY_PLACE,)), actor=ACTOR)[1]
