"""Ids that a process makes for itself, and fingerprints of parsed content."""

import re
from hashlib import blake2b
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

_encode = msgspec.json.Encoder().encode
_canonical = msgspec.json.Encoder(order="sorted")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_packed = msgspec.msgpack.Encoder(order="sorted")


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562): unique wherever it is made, offline too. Never order rows by it."""
    return uuid7()


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


def has_nul(content: object) -> bool:
    """Whether any text in the parsed content holds a NUL character, which PostgreSQL cannot store."""
    text = _encode(content)
    return b"\\u0000" in text and bool(_NUL.search(text))
