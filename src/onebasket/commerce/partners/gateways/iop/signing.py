"""How calls and pushes of the open-platform protocol are signed (TOP and IOP).

System and business parameters together without `sign`, empty ones left out, sorted by key in ASCII order, each key
followed by its value with nothing between; the digest is written in upper-case hexadecimal. A push is signed over the
app key and the raw body, in lower case.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping

SIGN = "sign"


def joined(parameters: Mapping[str, str]) -> str:
    """Return the parameters as they are signed; a JSON value counts as the exact text that is sent."""
    return "".join(f"{key}{parameters[key]}" for key in sorted(parameters) if key and parameters[key] and key != SIGN)


def sign_top(parameters: Mapping[str, str], secret: str, *, method: str = "md5") -> str:
    """Return the signature of a TOP call (`/router/rest`); `method` is md5, hmac or hmac-sha256.

    Raises:
        KeyError: there is no such method.
    """
    return _TOP[method](joined(parameters), secret)


def sign_iop(parameters: Mapping[str, str], secret: str, *, path: str = "", body: str = "") -> str:
    """Return the sha256 signature of an IOP call.

    System calls (`/rest/...`) are signed with their `path` before, and a JSON `body` behind; business calls
    (`/sync?method=...`) over the parameters alone.
    """
    return _hmac("sha256", f"{path}{joined(parameters)}{body}", secret)


def sign_push(app_key: str, secret: str, body: bytes) -> str:
    """Return what the header Authorization of a push says."""
    return hmac.new(secret.encode(), app_key.encode() + body, hashlib.sha256).hexdigest()


def is_signed(expected: str, stated: str) -> bool:
    """Whether a signature is the expected one, compared in constant time."""
    return hmac.compare_digest(expected.encode(), stated.encode("utf-8", "surrogateescape"))


def _hmac(digest: str, text: str, secret: str) -> str:
    return hmac.new(secret.encode(), text.encode(), digest).hexdigest().upper()


def _md5(text: str, secret: str) -> str:
    wrapped = f"{secret}{text}{secret}".encode()
    return hashlib.md5(wrapped, usedforsecurity=False).hexdigest().upper()


_TOP: Mapping[str, Callable[[str, str], str]] = {
    "md5": _md5,
    "hmac": lambda text, secret: _hmac("md5", text, secret),
    "hmac-sha256": lambda text, secret: _hmac("sha256", text, secret),
}
