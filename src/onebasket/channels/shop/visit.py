"""What the shop knows of a guest between pages: a signed cookie, read once and written when it has changed."""

from typing import Any, Final

import msgspec
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

COOKIE: Final = "onebasket_shop"
PATH: Final = "/shop/"
SALT: Final = "onebasket.shop.visit"
KEPT_SECONDS: Final = 60 * 24 * 3600
"""Sixty days: a store is chosen once."""


class Visit(msgspec.Struct, omit_defaults=True):
    """A guest's visit: the store and language chosen (empty: none yet)."""

    place: str = ""
    language: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Visit).decode


def read_visit(request: HttpRequest) -> Visit:
    """Return the visit of a request; a new one where there is no cookie, or one that we did not sign."""
    raw = request.COOKIES.get(COOKIE, "")
    if not raw:
        return Visit()
    try:
        text: Any = signing.TimestampSigner(salt=SALT).unsign(raw, max_age=KEPT_SECONDS)
        return _decode(signing.b64_decode(text.encode()))
    except (signing.BadSignature, msgspec.MsgspecError, ValueError):
        return Visit()


def written(visit: Visit) -> str:
    """Return the visit as its cookie's value."""
    return signing.TimestampSigner(salt=SALT).sign(signing.b64_encode(_encode(visit)).decode())


def write_visit(response: HttpResponseBase, visit: Visit) -> None:
    """Set the cookie."""
    response.set_cookie(
        COOKIE,
        written(visit),
        max_age=KEPT_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
