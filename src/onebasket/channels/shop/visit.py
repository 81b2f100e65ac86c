"""What the shop knows of a guest between pages: a signed cookie, read once and written when it has changed."""

from secrets import token_urlsafe
from typing import Any, Final
from uuid import UUID

import msgspec
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

COOKIE: Final = "onebasket_shop"
PATH: Final = "/shop/"
SALT: Final = "onebasket.shop.visit"
KEPT_SECONDS: Final = 60 * 24 * 3600
"""Sixty days: a store is chosen once."""
MOST_ORDERS: Final = 8


class Visit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A guest's visit: what was chosen, the basket that is being filled, and the orders placed from this browser.

    `id` names the visit in the keys of its writes, so that no other guest's form can meet them; `baskets` counts the
    baskets opened so far. `orders` are ids, the newest first: the signature shows that we wrote them. `said` is what
    the next page has to tell, by its code in `words`.
    """

    id: str = ""
    place: str = ""
    language: str = ""
    card: str = ""
    basket: UUID | None = None
    baskets: int = 0
    orders: tuple[UUID, ...] = ()
    said: str = ""

    def after_order(self, order: UUID) -> "Visit":
        """Return the visit once its basket has become an order."""
        kept = tuple(dict.fromkeys([order, *self.orders]))[:MOST_ORDERS]
        return msgspec.structs.replace(self, basket=None, baskets=self.baskets + 1, orders=kept)


def new_visit_id() -> str:
    """Return a name for a visit that nobody can guess."""
    return token_urlsafe(12)


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
