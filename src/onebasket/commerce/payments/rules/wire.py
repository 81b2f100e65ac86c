"""How the hub and the card provider talk: JSON over HTTP, each request signed with the secret they share.

Paths are /v1/authorisations/{reference} and below it capture, reverse and refunds. The signature is HMAC-SHA256 over
time, method, path, idempotency key and body, each on a line of its own, in the header `Provider-Signature: t=…,v1=…`.
"""

import hmac
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.commerce.payments.rules.port import Call, CardState, Operation

SIGNATURE = "Provider-Signature"
KEY = "Idempotency-Key"
TOLERANCE_SECONDS = 300
"""A request signed longer ago, or so far in the future, is turned away."""
BASE = "/v1/authorisations/"

Amount = Annotated[int, Meta(ge=1, le=10**15)]


class AuthoriseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put an amount aside on the card that the token stands for."""

    token: Annotated[str, Meta(min_length=1, max_length=120)]
    amount: Amount
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class AmountBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Capture or refund an amount."""

    amount: Amount


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request was not done; `state` is where the authorisation stands, if there is one."""

    code: str
    message: str
    state: CardState | None = None


class Request(msgspec.Struct, frozen=True):
    """A request as it goes over the wire."""

    method: str
    path: str
    body: bytes


_encode = msgspec.json.Encoder().encode


def request_of(call: Call, token: str = "") -> Request:
    """Return the request that makes a call."""
    where = BASE + call.reference
    if call.operation is Operation.INQUIRE:
        return Request("GET", where, b"")
    if call.operation is Operation.AUTHORISE:
        return Request("POST", where, _encode(AuthoriseBody(token, call.amount, call.currency)))
    if call.operation in {Operation.REVERSE, Operation.FENCE}:
        return Request("POST", f"{where}/reverse", b"{}")
    part = "capture" if call.operation is Operation.CAPTURE else "refunds"
    return Request("POST", f"{where}/{part}", _encode(AmountBody(call.amount)))


def signed(secret: str, request: Request, *, key: str, at: int) -> str:
    """Return the signature header of a request made at a Unix time."""
    return f"t={at},v1={_digest(secret, request, key=key, at=at)}"


def is_genuine(secret: str, request: Request, *, key: str, header: str, now: int) -> bool:
    """Whether a request was signed with the secret, and lately."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    stated = parts.get("t", "")
    if not (stated.isascii() and stated.isdigit() and len(stated) < 12):  # noqa: PLR2004 - a Unix time
        return False
    if abs(now - int(stated)) > TOLERANCE_SECONDS:
        return False
    return hmac.compare_digest(_digest(secret, request, key=key, at=int(stated)), parts.get("v1", ""))


def _digest(secret: str, request: Request, *, key: str, at: int) -> str:
    message = b"\n".join([str(at).encode(), request.method.encode(), request.path.encode(), key.encode(), request.body])
    return hmac.new(secret.encode(), message, sha256).hexdigest()
