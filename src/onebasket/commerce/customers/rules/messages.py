"""What sources state about customers, and the events that customers emit."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.kernel.patterns import exactly

MOST_ADDRESSES = 20
MOST_SEGMENTS = 200

LoyaltyNumber = Annotated[str, Meta(min_length=1, max_length=64)]
Instant = Annotated[datetime, Meta(tz=True)]
Short = Annotated[str, Meta(max_length=60)]
Line = Annotated[str, Meta(max_length=120)]
Email = Annotated[str, Meta(max_length=254)]
Phone = Annotated[str, Meta(max_length=32)]
Language = Annotated[str, Meta(max_length=16, pattern=exactly("([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?"))]
Country = Annotated[str, Meta(pattern=exactly("([A-Z]{2})?"), description="ISO 3166-1 alpha-2.")]
SegmentName = Annotated[str, Meta(min_length=1, max_length=64)]
Purpose = Annotated[str, Meta(min_length=1, max_length=32, pattern=exactly("[a-z][a-z0-9_]*"))]


class SegmentItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What a customer belongs to, such as `campaign:13`; half-open: from `valid_from` until before `valid_to`."""

    name: SegmentName
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class AddressItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A postal address; `label` is what its owner calls it."""

    line1: Annotated[str, Meta(min_length=1, max_length=120)]
    label: Short = ""
    name: Line = ""
    line2: Line = ""
    postcode: Annotated[str, Meta(max_length=16)] = ""
    city: Short = ""
    region: Short = ""
    country: Country = ""
    phone: Phone = ""


class CustomerItem(SourceItem, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A customer as a source states it; a retired one comes back by being stated again.

    A field that is left out, or null, stays as it is; an empty text empties it. `segments` and `addresses` are stated
    whole: what is not in them ends.
    """

    loyalty_number: LoyaltyNumber
    name: Line | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Language | None = None
    staff: bool | None = None
    segments: Annotated[tuple[SegmentItem, ...], Meta(max_length=MOST_SEGMENTS)] | None = None
    addresses: Annotated[tuple[AddressItem, ...], Meta(max_length=MOST_ADDRESSES)] | None = None


class CustomerRetirement(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A customer to retire: kept for what was sold, and found no more."""

    loyalty_number: LoyaltyNumber


class ConsentItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a customer agreed to or withdrew, when, and which version of the text was shown."""

    loyalty_number: LoyaltyNumber
    purpose: Purpose
    given: bool
    at: Instant
    text_version: Annotated[str, Meta(min_length=1, max_length=32)]


class CustomerChanged(msgspec.Struct, frozen=True):
    """A customer was made, changed, or came back."""

    loyalty_number: str


class CustomerRetired(msgspec.Struct, frozen=True):
    """A customer is found no more; a tombstone."""

    loyalty_number: str


class CustomerMerged(msgspec.Struct, frozen=True):
    """Two customers are one: both numbers go on, and `loyalty_number` is the one that stands for both."""

    loyalty_number: str
    other: str


class CustomerParted(msgspec.Struct, frozen=True):
    """A merge was undone: the numbers stand for two customers again."""

    loyalty_number: str
    other: str


class CustomerErased(msgspec.Struct, frozen=True):
    """Everything personal about a customer is gone here, and has to go wherever it was sent to; a tombstone."""

    loyalty_numbers: tuple[str, ...]


class ConsentStated(msgspec.Struct, frozen=True):
    """A customer agreed to a purpose, or withdrew."""

    loyalty_number: str
    purpose: str
    given: bool
    at: str
    text_version: str


EVENTS: dict[str, type[msgspec.Struct]] = {
    "customer.changed": CustomerChanged,
    "customer.retired": CustomerRetired,
    "customer.merged": CustomerMerged,
    "customer.parted": CustomerParted,
    "customer.erased": CustomerErased,
    "customer.consented": ConsentStated,
}
"""The data of each event type that customers emit."""
