"""What is asked of buffers, and what is answered."""

from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.kernel.patterns import exactly


class BufferSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Keep `quantity` steps back from a channel ('' is every channel) at a place.

    Of one product (`sku`), or of every product that is sold in a unit (`unit`): exactly one of the two. Zero keeps
    nothing back, and hides a wider setting.
    """

    key: Annotated[str, Meta(min_length=1, max_length=120)]
    place: Annotated[str, Meta(min_length=1, max_length=64)]
    quantity: Annotated[int, Meta(ge=0, le=10**9)]
    channel: Annotated[str, Meta(pattern=exactly("([a-z][a-z0-9-]{0,15})?"))] = ""
    sku: Annotated[str, Meta(max_length=64)] = ""
    unit: Annotated[str, Meta(max_length=16)] = ""


class BufferOutcome(msgspec.Struct, frozen=True, gc=False):
    """`outcome` is set, invalid or conflict; `message` says what is wrong."""

    outcome: str
    message: str = ""
