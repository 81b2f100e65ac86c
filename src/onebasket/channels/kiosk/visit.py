"""What the kiosk knows of the shopper before it: a signed cookie that ends with the visit and leaves nothing."""

from secrets import token_urlsafe
from time import time
from typing import Any, Final
from uuid import UUID

import msgspec
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from onebasket.channels.kiosk.enrolment import PATH

COOKIE: Final = "onebasket_kiosk_visit"
SALT: Final = "onebasket.kiosk.visit"
AWAY_SECONDS: Final = 300
"""A visit that nobody has gone on with for so long is over, whatever the browser does."""
MOST_COMPARED: Final = 3


class Visit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shopper's visit: its name, the basket that is being filled, what is compared, and the order just placed.

    `id` names the visit in its addresses and in the keys of its writes: what another shopper did has another name.
    `compared` are products (`p:` and a SKU) and offers (`o:` and an id). `said` is what the next page has to tell, by
    its code in `words`. `seen` is when it went on last, in seconds.
    """

    id: str = ""
    place: str = ""
    seen: int = 0
    language: str = ""
    basket: UUID | None = None
    baskets: int = 0
    compared: tuple[str, ...] = ()
    order: UUID | None = None
    said: str = ""

    @property
    def is_used(self) -> bool:
        """Whether there is anything of a shopper in it, though it be a card in an empty basket or a language."""
        return bool(self.basket or self.compared or self.order or self.language)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Visit).decode


def new_visit(place: str) -> Visit:
    """Begin a visit under a name that nobody can guess."""
    return Visit(token_urlsafe(12), place, seen=int(time()))


def read_visit(request: HttpRequest) -> Visit:
    """Return the visit of a request; one without a name where there is none, or it is not one of ours."""
    raw = request.COOKIES.get(COOKIE, "")
    if not raw:
        return Visit()
    try:
        text: Any = signing.Signer(salt=SALT).unsign(raw)
        return _decode(signing.b64_decode(text.encode()))
    except (signing.BadSignature, msgspec.MsgspecError, ValueError):
        return Visit()


def is_over(visit: Visit, place: str, *, now: float) -> bool:
    """Whether a visit cannot go on: nobody came back for long, or the kiosk was moved meanwhile."""
    return not visit.id or visit.place != place or now - visit.seen > AWAY_SECONDS


def written(visit: Visit) -> str:
    """Return the visit as its cookie's value."""
    return signing.Signer(salt=SALT).sign(signing.b64_encode(_encode(visit)).decode())


def write_visit(response: HttpResponseBase, visit: Visit) -> None:
    """Set the cookie, for as long as the browser runs at the most."""
    response.set_cookie(
        COOKIE,
        written(visit),
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
