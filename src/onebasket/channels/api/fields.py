"""What paths and queries are made of."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta
from ninja import Path

LARGEST_ID = 2**63 - 1

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""A row's id in a path."""

PlaceCode = Annotated[str, Meta(min_length=1, max_length=64, description="A place's code.")]
Sku = Annotated[str, Meta(min_length=1, max_length=64, description="A product's SKU.")]
Channel = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,15}$", description="A sales channel, such as web.")]
Since = Annotated[datetime, Meta(tz=True, description="Only what came at or after this instant, such as 2026-03-02T15:00:00Z.")]
Note = Annotated[str, Meta(min_length=1, max_length=500)]
