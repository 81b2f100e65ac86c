"""Secrets that must be read again: kept encrypted under the installation's key, one derived key for each purpose."""

import base64
from functools import lru_cache
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class UnsealableError(Exception):
    """The text was sealed under another ONEBASKET_SECRET_KEY, or for another purpose."""


def seal(text: str, *, purpose: str) -> str:
    """Return a text as it is kept."""
    return _cipher(purpose, settings.SECRET_KEY).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """Return what was sealed.

    Raises:
        UnsealableError: it was sealed under another key.
    """
    try:
        return _cipher(purpose, settings.SECRET_KEY).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise UnsealableError(purpose) from error


@lru_cache(maxsize=16)
def _cipher(purpose: str, secret_key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(sha256(f"onebasket.{purpose}:{secret_key}".encode()).digest()))
