"""A basket that is taken along: from the screen on which it was filled to another one, once."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

PASS_MINUTES = 15
"""For so long a basket waits to be taken along."""
Key = Annotated[str, Meta(min_length=1, max_length=120)]
Digest = Annotated[str, Meta(min_length=64, max_length=64)]
TakeRefusal = Literal["expired", "taken", "basket_closed"]


class PassState(msgspec.Struct, frozen=True, gc=False):
    """A basket's pass as it is kept."""

    basket: UUID
    digest: str
    expires_at: datetime
    taken: bool


class TakeBasket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A basket to take along: `digest` is that of the secret that was shown."""

    key: Key
    digest: Digest


class TakeRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """The basket stays where it is."""

    code: TakeRefusal
    message: str


class TakeUnknown(msgspec.Struct, frozen=True, tag="unknown", tag_field="outcome"):
    """Nothing was ever shown, or is any more, that this opens; never stored."""

    digest: str


REFUSALS: dict[TakeRefusal, str] = {
    "expired": "The time to take this basket along is over.",
    "taken": "This basket was taken along before.",
    "basket_closed": "This basket has become an order, or was given back.",
}


def refuse_take(one: PassState, *, state: str, now: datetime) -> TakeRefused | None:
    """Say why a basket that is in `state` cannot be taken along, or None; expiry is half-open."""
    if one.taken:
        return _refused("taken")
    if state != "open":
        return _refused("basket_closed")
    return _refused("expired") if now >= one.expires_at else None


def _refused(code: TakeRefusal) -> TakeRefused:
    return TakeRefused(code, REFUSALS[code])
