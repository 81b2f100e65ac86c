"""The ticket in a link to a partner's page: what was shown, where and when, sealed so that nobody can read or alter it.

AES-SIV (RFC 5297) under a key of the installation's: the text of a ticket tells nothing of what is in it, and no other
text opens. It is minted without any database, dozens a page; what is written down comes with the click.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b, sha512

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

NONCE_BYTES = 12
"""Random bytes in each ticket: 96 bits, so that two are never the same."""
LIFE = timedelta(days=30)
"""For so long a link leads to the partner after it was shown."""
LONGEST = 600
"""Characters; a longer text is no ticket of ours and is not looked into."""
_TAG_BYTES = 16
_pack = msgspec.msgpack.Encoder().encode


class Ticket(msgspec.Struct, frozen=True):
    """What a ticket says. `place_id` 0 where no place was chosen; `associate` is empty unless one showed it."""

    offer_id: int
    channel: str
    place_id: int
    associate: str
    shown_at: datetime


class Opened(msgspec.Struct, frozen=True):
    """A ticket of ours, opened. `serial` names it for ever; `click` is what the partner is given in its stead.

    Neither tells the other or the ticket to whoever has no key.
    """

    ticket: Ticket
    serial: str
    click: str


class _Sealed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is sealed: as short as can be; `shown` in whole seconds since 1970."""

    offer_id: int
    channel: str
    place_id: int
    associate: str
    shown: int


_unpack = msgspec.msgpack.Decoder(_Sealed).decode


def pack(ticket: Ticket, *, nonce: bytes, secret: str) -> str:
    """Return the ticket as it stands in an address: 60 to 80 characters that need no quoting.

    `nonce`: NONCE_BYTES random bytes, new for each. `secret`: the installation's.
    """
    shown = int(ticket.shown_at.timestamp())
    plain = _pack(_Sealed(ticket.offer_id, ticket.channel, ticket.place_id, ticket.associate, shown))
    return base64.urlsafe_b64encode(nonce + _cipher(secret).encrypt(plain, [nonce])).rstrip(b"=").decode()


def unpack(text: str, *, secret: str) -> Opened | None:
    """Return what a ticket says, or None: it is none of ours, or somebody changed it."""
    if len(text) > LONGEST:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        # The last character has bits that say nothing: one text for one ticket, or an altered one would open.
        if base64.urlsafe_b64encode(raw).rstrip(b"=") != text.encode() or len(raw) <= NONCE_BYTES + _TAG_BYTES:
            return None
        nonce, sealed = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        found = _unpack(_cipher(secret).decrypt(sealed, [nonce]))
    except (binascii.Error, ValueError, InvalidTag, msgspec.MsgspecError):
        return None
    ticket = Ticket(
        found.offer_id, found.channel, found.place_id, found.associate, datetime.fromtimestamp(found.shown, UTC)
    )
    return Opened(ticket, _named("serial", nonce, secret), _named("click", nonce, secret))


def is_expired(ticket: Ticket, *, now: datetime) -> bool:
    """Whether the link was shown too long ago to lead anywhere."""
    return now - ticket.shown_at >= LIFE


@lru_cache(maxsize=8)
def _cipher(secret: str) -> AESSIV:
    return AESSIV(sha512(f"onebasket.referral.tickets:{secret}".encode()).digest())


@lru_cache(maxsize=8)
def _key(purpose: str, secret: str) -> bytes:
    return sha512(f"onebasket.referral.{purpose}:{secret}".encode()).digest()


def _named(purpose: str, nonce: bytes, secret: str) -> str:
    """Return 32 hexadecimal digits that a ticket's nonce leads to, one way only."""
    return blake2b(nonce, key=_key(purpose, secret), digest_size=16).hexdigest()
