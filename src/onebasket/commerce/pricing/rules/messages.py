"""What sources state about promotions, campaigns, coupons and taxes, and the news that comes of it."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.commerce.customers.rules.messages import LoyaltyNumber
from onebasket.commerce.pricing.rules.book import EVENTS as BOOK_EVENTS
from onebasket.commerce.pricing.rules.book import Instant
from onebasket.commerce.pricing.rules.promotions import Promotion
from onebasket.kernel.money import PPM

State = Literal["draft", "live", "ended"]
STATE_NUMBERS: dict[State, int] = {"draft": 1, "live": 2, "ended": 3}
STATE_NAMES: dict[int, State] = {number: state for state, number in STATE_NUMBERS.items()}
Medium = Literal["digital", "paper", "single_use"]
MEDIUM_NUMBERS: dict[Medium, int] = {"digital": 1, "paper": 2, "single_use": 3}
MEDIUM_NAMES: dict[int, Medium] = {number: medium for medium, number in MEDIUM_NUMBERS.items()}
Rounding = Literal["line", "receipt"]
ROUNDING_NUMBERS: dict[Rounding, int] = {"line": 1, "receipt": 2}
ROUNDING_NAMES: dict[int, Rounding] = {number: rounding for rounding, number in ROUNDING_NUMBERS.items()}

MOST_HOUSEHOLDS = 50_000
MOST_SERIALS = 1_000
SHORTEST_SERIAL = 10
PromotionCode = Annotated[str, Meta(min_length=1, max_length=64)]
CampaignCode = Annotated[str, Meta(min_length=1, max_length=48)]
CouponCode = Annotated[str, Meta(min_length=1, max_length=64)]
Serial = Annotated[str, Meta(min_length=SHORTEST_SERIAL, max_length=64)]
TaxCode = Annotated[str, Meta(min_length=1, max_length=64)]
PlaceCode = Annotated[str, Meta(max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class PromotionItem(SourceItem, frozen=True, forbid_unknown_fields=True):
    """A promotion as a source states it, whole: a draft that waits beside what is live, or live at once."""

    promotion: Promotion
    state: Literal["draft", "live"] = "draft"


class PromotionLaunch(SourceItem, frozen=True, forbid_unknown_fields=True):
    """Let the draft of a promotion go live, in the place of what was live under its code."""

    code: PromotionCode


class PromotionEnd(SourceItem, frozen=True, forbid_unknown_fields=True):
    """End a promotion: from `ends_at` on, or now and its draft with it."""

    code: PromotionCode
    ends_at: Instant | None = None


class CampaignItem(SourceItem, frozen=True, forbid_unknown_fields=True):
    """A campaign as a source states it; `households` are all it is for, None leaves them as they are."""

    code: CampaignCode
    name: Name
    valid_from: Instant
    valid_to: Instant | None = None
    households: Annotated[frozenset[LoyaltyNumber], Meta(max_length=MOST_HOUSEHOLDS)] | None = None


class CouponItem(SourceItem, frozen=True, forbid_unknown_fields=True):
    """How a coupon is presented, as a source states it: what it is worth says the promotion that asks for its code.

    A `paper` coupon's `barcode` is its digits as they are scanned.
    """

    code: CouponCode
    medium: Medium
    barcode: Annotated[str, Meta(max_length=48)] = ""


class CouponEnd(SourceItem, frozen=True, forbid_unknown_fields=True):
    """End a coupon: presented, it is known no more."""

    code: CouponCode


class SerialsItem(SourceItem, frozen=True, forbid_unknown_fields=True):
    """Secret codes of a single-use coupon, each good once; kept as digests alone."""

    coupon: CouponCode
    serials: Annotated[frozenset[Serial], Meta(min_length=1, max_length=MOST_SERIALS)]


class ClipItem(SourceItem, frozen=True, forbid_unknown_fields=True):
    """Put a digital coupon on a customer's card: from then on it applies by itself."""

    coupon: CouponCode
    loyalty_number: LoyaltyNumber


class TaxItem(SourceItem, frozen=True, forbid_unknown_fields=True):
    """A tax on a class of goods as a source states it: `rate` in parts per million (8.875 % is 88750).

    No place is every place; where a place has rates of its own for a code and class, these hold there instead.
    """

    code: TaxCode
    rate: Annotated[int, Meta(ge=0, le=PPM)]
    valid_from: Instant
    tax_class: Annotated[str, Meta(max_length=64)] = ""
    valid_to: Instant | None = None
    place: PlaceCode = ""


class TaxEnd(SourceItem, frozen=True, forbid_unknown_fields=True):
    """The end of a tax: from `ends_at` on there is none of this code on this class here."""

    code: TaxCode
    ends_at: Instant
    tax_class: Annotated[str, Meta(max_length=64)] = ""
    place: PlaceCode = ""


class TaxTermsItem(SourceItem, frozen=True, forbid_unknown_fields=True):
    """How taxes are reckoned from an instant on, at a place or in the whole chain.

    `included`: prices contain tax. `rounding`: on each line, or once on each rate of the receipt. `cash_step`: what a
    cash total is rounded to, in minor units.
    """

    valid_from: Instant
    included: bool
    rounding: Rounding = "line"
    cash_step: Annotated[int, Meta(ge=1, le=10_000)] = 1
    place: PlaceCode = ""


class TaxClassItem(SourceItem, frozen=True, forbid_unknown_fields=True):
    """Which class goods are of for tax: one of `sku`, `category`, `department`; an empty class takes it back.

    The closest statement holds: of the product, else its category, else its department, else the class is empty.
    """

    tax_class: Annotated[str, Meta(max_length=64)]
    sku: Annotated[str, Meta(max_length=64)] = ""
    category: Annotated[str, Meta(max_length=120)] = ""
    department: Annotated[str, Meta(max_length=80)] = ""


class PromotionChanged(msgspec.Struct, frozen=True):
    """A promotion's draft, live or ended version was recorded. `GET /promotions/{code}` gives its terms."""

    code: str
    version: int
    state: State
    name: str
    kind: str
    funder: str
    coupon: str
    valid_from: datetime
    valid_to: datetime | None


class CampaignChanged(msgspec.Struct, frozen=True):
    """A campaign was made or changed; `households` is how many it is for now."""

    code: str
    version: int
    name: str
    valid_from: datetime
    valid_to: datetime | None
    households: int


class CouponChanged(msgspec.Struct, frozen=True):
    """A coupon was made, changed, or ended (`active` false)."""

    code: str
    version: int
    medium: Medium
    barcode: str
    active: bool


class TaxChanged(msgspec.Struct, frozen=True):
    """A tax was set for [valid_from, valid_to); it goes over what was said of that span before."""

    code: str
    tax_class: str
    place: str
    rate: int
    valid_from: datetime
    valid_to: datetime | None
    version: int


class TaxEnded(msgspec.Struct, frozen=True):
    """From `ends_at` on there is no such tax; a tombstone."""

    code: str
    tax_class: str
    place: str
    ends_at: datetime


class TaxTermsChanged(msgspec.Struct, frozen=True):
    """How taxes are reckoned at a place, or in the whole chain, from an instant on."""

    place: str
    valid_from: datetime
    included: bool
    rounding: Rounding
    cash_step: int


class TaxClassChanged(msgspec.Struct, frozen=True):
    """Goods are of another class for tax: a product, a category or a department."""

    sku: str
    category: str
    department: str
    tax_class: str


EVENTS: dict[str, type[msgspec.Struct]] = BOOK_EVENTS | {
    "promotion.changed": PromotionChanged,
    "campaign.changed": CampaignChanged,
    "coupon.changed": CouponChanged,
    "tax.changed": TaxChanged,
    "tax.ended": TaxEnded,
    "tax_terms.changed": TaxTermsChanged,
    "tax_class.changed": TaxClassChanged,
}
"""The data of each event type that pricing emits."""


def serial_digest(serial: str) -> str:
    """Return the 64 hex digits under which a single-use code is kept: SHA-256 of its capitals and digits."""
    return sha256("".join(serial.split()).replace("-", "").upper().encode()).hexdigest()
