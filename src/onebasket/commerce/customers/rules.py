"""Who buys, known by a loyalty number."""

from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem

LoyaltyNumber = Annotated[str, Meta(min_length=1, max_length=64)]


class CustomerItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A customer as a source states it; a retired one comes back by being stated again."""

    loyalty_number: LoyaltyNumber


class CustomerRetirement(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A customer to retire: kept for what was sold, and found no more."""

    loyalty_number: LoyaltyNumber


class CustomerChanged(msgspec.Struct, frozen=True):
    """A customer was made, or came back."""

    loyalty_number: str


class CustomerRetired(msgspec.Struct, frozen=True):
    """A customer is found no more; a tombstone."""

    loyalty_number: str


EVENTS: dict[str, type[msgspec.Struct]] = {"customer.changed": CustomerChanged, "customer.retired": CustomerRetired}
"""The data of each event type that customers emit."""
