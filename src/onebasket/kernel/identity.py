"""Ids that a process makes for itself, and fingerprints of parsed content."""

from hashlib import blake2b
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

_canonical = msgspec.json.Encoder(order="sorted")
_packed = msgspec.msgpack.Encoder(order="sorted")


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562): unique wherever it is made, offline too. Never order rows by it."""
    return uuid7()


def canonical(content: object) -> bytes:
    """Return the content as sorted JSON: equal exactly when the parsed content is."""
    return _canonical.encode(content)


def fingerprint(content: object) -> str:
    """Return 32 hex digits that are equal exactly when the parsed content is (BLAKE2b over sorted MessagePack).

    MessagePack states an instant as seconds since 1970, so it counts the same in whatever offset it was stated. An
    instant whose year in UTC no calendar has is taken as it was written.
    """
    try:
        packed = _packed.encode(content)
    except OverflowError:
        packed = _canonical.encode(content)
    return blake2b(packed, digest_size=16).hexdigest()


def has_nul(text: bytes) -> bool:
    """Whether any text in canonical content holds a NUL character, which PostgreSQL cannot store."""
    return b"\\u0000" in text
