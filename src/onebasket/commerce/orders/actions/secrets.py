"""The secrets of an order: one opens its page without a log-in, one hands it over.

They are made of the installation's key, the order and its generation, so that a page and a mail can show them again
while only their digests are kept; a new generation revokes the old ones.
"""

from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from django.conf import settings

from onebasket.commerce.orders.rules.secrets import digest, make_secret


def page_secret(order: UUID, generation: int) -> str:
    """Return what opens the order's page."""
    return make_secret(_key(), "page", order, generation)


def collection_code(order: UUID, generation: int) -> str:
    """Return what the shopper shows at the counter, as text and as a QR code."""
    return make_secret(_key(), "collect", order, generation)


def pass_secret(basket: UUID, generation: int) -> str:
    """Return what takes a basket along to another screen."""
    return make_secret(_key(), "take", basket, generation)


def page_digest(order: UUID, generation: int) -> str:
    """Return what is kept of the page's secret."""
    return digest(page_secret(order, generation))


def code_digest(order: UUID, generation: int) -> str:
    """Return what is kept of the collection code."""
    return digest(collection_code(order, generation))


@lru_cache(maxsize=1)
def _key() -> bytes:
    return sha256(b"onebasket.orders.secrets" + settings.SECRET_KEY.encode()).digest()
