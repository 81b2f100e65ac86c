"""Which kiosk this is: a machine that somebody of the store has opened, bound to the store by a token of its own.

The token is the machine's: it opens these pages and nothing else, it is known by its digest alone, and whoever may
revoke tokens closes the kiosk from wherever they are. Nobody is signed in at an open kiosk.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from onebasket.commerce.access.actions import AccessError, TokenRequest, enrol_source, issue_token, revoke_token
from onebasket.commerce.access.queries import sources_by_code, token_by_digest, tokens_of
from onebasket.commerce.access.rules import (
    KIOSK_SCOPE,
    KIOSK_SOURCE,
    TokenFacts,
    UserFacts,
    is_token,
    reach,
    token_digest,
)
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.places.rules import PlaceFacts

COOKIE: Final = "onebasket_kiosk"
PATH: Final = "/kiosk/"
RIGHT: Final = "kiosk.open"
KEPT_SECONDS: Final = 400 * 24 * 3600
"""As long as browsers keep a cookie at the most; every page renews it."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """An open kiosk: its token, and the code of the place that it stands at."""

    token: int
    source_id: int
    place: str
    secret: str


def kiosk_of(request: HttpRequest) -> Kiosk | None:
    """Return the kiosk that asks; None where nobody has opened it, or it was closed."""
    secret = request.COOKIES.get(COOKIE, "")
    found = token_by_digest(token_digest(secret)) if is_token(secret) else None
    if found is None or not found.is_valid(datetime.now(UTC)) or KIOSK_SCOPE not in found.scopes:
        return None
    if found.every_place or len(found.places) != 1:
        return None
    return Kiosk(found.id, found.source_id, next(iter(found.places)), secret)


def keep_open(response: HttpResponseBase, secret: str) -> None:
    """Let the browser keep the machine's token, out of reach of every script and of every other address."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=KEPT_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def places_for(user: UserFacts) -> list[PlaceFacts]:
    """Return the stores at which somebody may open a kiosk, by code."""
    allowed = reach(user, RIGHT)
    stores = (place for place in all_places() if place.active and place.kind == "store")
    return [place for place in stores if allowed is None or place.code in allowed]


def open_kiosk(place: PlaceFacts, name: str, *, actor: str) -> str:
    """Enrol a kiosk at a store; return its token's secret."""
    _ensure_source()
    request = TokenRequest(KIOSK_SOURCE, f"{name or 'Kiosk'}, {place.name}"[:120], (KIOSK_SCOPE,), (place.code,))
    _, secret = issue_token(request, actor=actor)
    return secret


def kiosks_at(places: list[PlaceFacts]) -> list[TokenFacts]:
    """Return the kiosks that are open at these stores, the newest first."""
    codes = {place.code for place in places}
    now = datetime.now(UTC)
    listed = (one for one in tokens_of(KIOSK_SOURCE) if one.is_valid(now) and KIOSK_SCOPE in one.scopes)
    return [one for one in listed if one.places <= codes and not one.every_place]


def close_kiosk(token: int, *, actor: str) -> None:
    """Close a kiosk for ever; one that was closed before stays closed."""
    revoke_token(token, actor=actor)


def kiosk_source() -> int:
    """Return the id of the kiosks' source."""
    return _ensure_source()


def _ensure_source() -> int:
    found = sources_by_code([KIOSK_SOURCE]).get(KIOSK_SOURCE)
    if found is not None:
        return found.id
    try:
        return enrol_source(KIOSK_SOURCE, actor="onebasket", name="Kiosks")
    except AccessError:  # another request was faster
        return sources_by_code([KIOSK_SOURCE])[KIOSK_SOURCE].id
