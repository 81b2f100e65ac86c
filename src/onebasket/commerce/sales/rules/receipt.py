"""A receipt as its source states it: the shape of the message on the wire and in files.

Amounts are integers of the currency's minor unit; quantities are integers of the unit's smallest step (grams for kg).
A return or void states what goes back as positive quantities and positive amounts, as the till prints them.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.kernel.patterns import exactly

Amount = Annotated[int, Meta(ge=-(10**13), le=10**13)]
Steps = Annotated[int, Meta(ge=-(10**12), le=10**12)]
Code = Annotated[str, Meta(min_length=1, max_length=48)]
Name = Annotated[str, Meta(max_length=64)]
Needed = Annotated[str, Meta(min_length=1, max_length=64)]
Key = Annotated[str, Meta(min_length=1, max_length=120)]
Currency = Annotated[str, Meta(pattern=exactly("[A-Z]{3}"))]
Instant = Annotated[datetime, Meta(tz=True)]


class Kind(StrEnum):
    """What the till recorded."""

    SALE = "sale"
    RETURN = "return"
    VOID = "void"
    NO_SALE = "no-sale"


class Funder(StrEnum):
    """Who pays for a discount; what a manufacturer or partner funds is a receivable."""

    RETAILER = "retailer"
    MANUFACTURER = "manufacturer"
    PARTNER = "partner"


class Disposition(StrEnum):
    """What becomes of goods that come back."""

    SELLABLE = "sellable"
    UNSELLABLE = "unsellable"


class Discount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A reduction of a line: `kind` such as loyalty, promotion, coupon; positive amounts reduce."""

    kind: Annotated[str, Meta(min_length=1, max_length=32)]
    funder: Funder
    amount: Amount
    reference: Name = ""


class Tax(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Tax on a line: `rate` in parts per million (8.875 % is 88,750) of `base` gives `amount`, to within one unit."""

    rate: Annotated[int, Meta(ge=0, le=10_000_000)]
    base: Amount
    amount: Amount
    code: Name = ""


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: `code` as scanned (barcode, PLU, in-store code) or, with `sku`, the product itself.

    `list_amount` less the discounts is `paid_amount`. An empty `unit` means the product's own.
    """

    code: Code
    quantity: Steps
    list_amount: Amount
    paid_amount: Amount
    sku: Name = ""
    unit: Annotated[str, Meta(max_length=16)] = ""
    discounts: Annotated[tuple[Discount, ...], Meta(max_length=50)] = ()
    taxes: Annotated[tuple[Tax, ...], Meta(max_length=20)] = ()
    disposition: Disposition | None = None


class Tender(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A means of payment and its amount; `reference` never holds a full card number."""

    kind: Annotated[str, Meta(min_length=1, max_length=32)]
    amount: Amount
    reference: Name = ""


class Original(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The receipt that a return or void refers to, as printed on it."""

    place: Needed
    till: Needed
    business_day: date
    number: Needed


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A till's record of a sale, return or void, as stated by the till."""

    key: Key
    place: Needed
    till: Needed
    number: Needed
    kind: Kind
    currency: Currency
    occurred_at: Instant
    lines: Annotated[tuple[Line, ...], Meta(max_length=2_000)] = ()
    tenders: Annotated[tuple[Tender, ...], Meta(max_length=50)] = ()
    operator: Name = ""
    business_day: date | None = None
    original: Original | None = None
    loyalty_number: Name = ""
    change: Amount = 0
    rounding: Amount = 0
    tax_included: bool = True


def comes_back_unsellable(kind: Kind, stated: Disposition | None) -> bool:
    """Whether goods that come back may not be sold again: as the line states, else what a return brings back."""
    usual = Disposition.UNSELLABLE if kind is Kind.RETURN else Disposition.SELLABLE
    return (stated or usual) is Disposition.UNSELLABLE
