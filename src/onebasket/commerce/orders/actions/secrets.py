"""The secrets of an order: one opens its page without a log-in, one hands it over. Each is worth 128 bits.

They are made of the installation's key, the order and its generation, so that a page and a mail can show them again
while only their digests are kept; a new generation revokes the old ones. Ids grant nothing.
"""

import base64
import hmac
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from django.conf import settings

_BYTES = 16


def page_secret(order: UUID, generation: int) -> str:
    """Return what opens the order's page: 26 characters."""
    return _secret("page", order, generation)


def collection_code(order: UUID, generation: int) -> str:
    """Return what the shopper shows at the counter, as text and as a QR code: 26 characters."""
    return _secret("collect", order, generation)


def page_digest(order: UUID, generation: int) -> str:
    """Return what is kept of the page's secret."""
    return digest(page_secret(order, generation))


def code_digest(order: UUID, generation: int) -> str:
    """Return what is kept of the collection code."""
    return digest(collection_code(order, generation))


def digest(secret: str) -> str:
    """Return 64 hex digits (SHA-256: a secret of 128 random bits needs no salt), whatever case it is typed in."""
    return sha256(secret.strip().upper().encode()).hexdigest()


@lru_cache(maxsize=1)
def _key() -> bytes:
    return sha256(b"onebasket.orders.secrets" + settings.SECRET_KEY.encode()).digest()


def _secret(purpose: str, order: UUID, generation: int) -> str:
    made = hmac.digest(_key(), b"%s/%s/%d" % (purpose.encode(), order.bytes, generation), "sha256")[:_BYTES]
    return base64.b32encode(made).decode().rstrip("=")
