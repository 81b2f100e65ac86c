"""What paths and queries are made of."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta
from ninja import Path

from onebasket.channels.api.wording import CHANNEL
from onebasket.kernel.patterns import exactly

LARGEST_ID = 2**63 - 1

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""A row's id in a path."""

PlaceCode = Annotated[str, Meta(min_length=1, max_length=64, description="A place's code.")]
Sku = Annotated[str, Meta(min_length=1, max_length=64, description="A product's SKU.")]
Channel = Annotated[str, Meta(pattern=exactly(CHANNEL), description="A sales channel, such as web.")]
Since = Annotated[
    datetime, Meta(tz=True, description="Only what came at or after this instant, such as 2026-03-02T15:00:00Z.")
]
Note = Annotated[str, Meta(min_length=1, max_length=500)]

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


def instant(stated: datetime | None) -> datetime | None:
    """Return an instant that every database can compare with: nothing is older or newer than the bounds."""
    return None if stated is None else min(max(stated, _EARLIEST), _LATEST)
