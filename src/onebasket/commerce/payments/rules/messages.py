"""What is asked of payments, what is answered, and what is told of them. Amounts are minor units of the currency."""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.commerce.payments.rules.balances import BalanceKind
from onebasket.commerce.payments.rules.life import Method
from onebasket.commerce.payments.rules.tenders import Kind

Amount = Annotated[int, Meta(ge=1, le=10**12)]


class NewPayment(NamedTuple):
    """A tender of an order: `id` is made by whoever opens it, `reference` is free text such as an invoice's number.

    `account_id` is the balance that it was spent from, for gift cards and store credit alone.
    """

    id: UUID
    order: UUID
    place_id: int
    place_code: str
    method: Method
    currency: str
    amount: int
    account_id: int | None = None
    reference: str = ""


class Settling(NamedTuple):
    """What has happened to an order: it comes to `total` now, in minor units."""

    order: UUID
    kind: Kind
    total: int = 0


class Authorised(msgspec.Struct, frozen=True, tag="authorised", tag_field="outcome"):
    """The money is put aside, or captured already."""

    payment: UUID
    amount: int
    label: str = ""


DeclineCode = Literal[
    "declined", "insufficient", "expired", "never_reached", "unavailable", "not_open", "too_many", "not_a_card"
]


class Declined(msgspec.Struct, frozen=True, tag="declined", tag_field="outcome"):
    """No money was put aside, for certain. The payment stays open: the same, or another card, may be tried.

    never_reached, unavailable: the card's bank was not asked. not_open, too_many, not_a_card: this payment takes none.
    """

    payment: UUID
    code: str
    message: str


class Unknown(msgspec.Struct, frozen=True, tag="unknown", tag_field="outcome"):
    """What came of it is not known yet. Ask nothing again: an inquiry follows, and `payment.authorised` may."""

    payment: UUID


CardOutcome = Authorised | Declined | Unknown


class NewRefund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount of an order to give back to its tenders. `key` names it within its source, for ever."""

    key: Annotated[str, Meta(min_length=1, max_length=120)]
    order: UUID
    amount: Amount
    reason: Annotated[str, Meta(max_length=200)] = ""


class RefundCall(NamedTuple):
    """A refund, the source that asks for it, who does, and the place codes it may see (None: every place)."""

    source_id: int
    request: NewRefund
    actor: str = ""
    places: frozenset[str] | None = None


class RefundedPart(msgspec.Struct, frozen=True):
    """What one tender gets back; pending while a card's provider is yet to be asked."""

    payment: UUID
    method: Method
    amount: int
    status: str


class RefundMade(msgspec.Struct, frozen=True, tag="refunded", tag_field="outcome"):
    """The refund is booked; its parts add up to what was asked."""

    id: UUID
    order: UUID
    currency: str
    amount: int
    parts: tuple[RefundedPart, ...]


class RefundRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """Nothing was changed; `refundable` is what can be given back, `soon` what may be once a capture is known."""

    code: Literal["unknown_order", "too_much", "key_conflict"]
    message: str
    refundable: int = 0
    soon: int = 0


RefundOutcome = RefundMade | RefundRefused

Currency = Annotated[str, Meta(min_length=3, max_length=3)]
Place = Annotated[str, Meta(max_length=64)]


class GiftCardIssue(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A gift card to make. Without an amount it is worth nothing until it is activated, as printed cards are."""

    currency: Currency
    amount: Annotated[int, Meta(ge=0, le=10**9)] = 0
    place: Place = ""
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class GiftCardActivation(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """Money put on a gift card by its code, when it is sold or topped up."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    amount: Annotated[int, Meta(ge=1, le=10**9)]
    currency: Currency
    place: Place = ""


class StoreCreditIssue(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """Store credit: for a loyalty number, or for whoever has the code. `reason` says what for."""

    currency: Currency
    amount: Annotated[int, Meta(ge=1, le=10**9)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    place: Place = ""
    loyalty_number: Annotated[str, Meta(max_length=64)] = ""
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class Issued(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one item: `code` is given to whoever sent it, and never kept in a form that can be read."""

    outcome: Literal["issued", "activated", "invalid", "conflict"]
    message: str = ""
    account: int = 0
    code: str = ""
    balance: int = 0


class PaymentNews(msgspec.Struct, frozen=True):
    """A payment moved on: money was put aside, captured or let go, or will not come. Amounts in minor units."""

    payment: str
    order: str
    place: str
    method: str
    status: str
    currency: str
    amount: int
    due: int
    authorised: int
    captured: int
    refunded: int
    reason: str


class RefundNews(msgspec.Struct, frozen=True):
    """A tender got money back, or its provider refused to give it."""

    refund: str
    payment: str
    order: str
    place: str
    method: str
    currency: str
    amount: int
    reason: str


class UncoveredNews(msgspec.Struct, frozen=True):
    """An order was handed over, and no tender has paid so much of its total."""

    order: str
    place: str
    currency: str
    total: int
    uncovered: int


class BalanceNews(msgspec.Struct, frozen=True):
    """A gift card's or store credit's balance changed by `amount`; `order` where it was for one."""

    account: int
    kind: BalanceKind
    entry: str
    currency: str
    amount: int
    balance: int
    place: str
    order: str
    reference: str


class BalanceStopped(msgspec.Struct, frozen=True):
    """A gift card or store credit was blocked, or opened again."""

    account: int
    kind: BalanceKind
    active: bool
    reason: str


EVENTS: dict[str, type[msgspec.Struct]] = {
    **{
        f"payment.{name}": PaymentNews
        for name in ("authorised", "captured", "reversed", "refused", "expired", "unknown")
    },
    "payment.refunded": RefundNews,
    "payment.refund_refused": RefundNews,
    "payment.uncovered": UncoveredNews,
    "balance.changed": BalanceNews,
    "balance.stopped": BalanceStopped,
}
"""The data of each event type that payments emit."""
