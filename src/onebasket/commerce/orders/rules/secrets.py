"""How an order's secrets are made and kept: 128 bits each; only their digests are written down. Ids grant nothing."""

import base64
import hmac
from hashlib import sha256
from uuid import UUID

_BYTES = 16


def make_secret(key: bytes, purpose: str, order: UUID, generation: int) -> str:
    """Return a secret of 26 characters, A to Z and 2 to 7: the same for the same order, purpose and generation."""
    made = hmac.digest(key, b"%s/%s/%d" % (purpose.encode(), order.bytes, generation), "sha256")[:_BYTES]
    return base64.b32encode(made).decode().rstrip("=")


def digest(secret: str) -> str:
    """Return 64 hex digits (SHA-256: a secret of 128 random bits needs no salt), whatever case it is typed in."""
    return sha256(secret.strip().upper().encode()).hexdigest()
