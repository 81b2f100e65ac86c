"""What a partner is asked, and what it answers: the port that every gateway implements.

Amounts are minor units of the currency that stands beside them. A gateway knows no database and no decision of ours: it
says what the partner stated. Every call has a deadline in seconds and ends in an answer, never in an exception.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

import msgspec


class Capability(StrEnum):
    """What a partner's platform can do; what it cannot is never asked of it."""

    CATALOGUE = "catalogue"
    """It lists its offers by a cursor."""
    DETAILS = "details"
    """It tells price and stock of single offers at once."""
    LINKS = "links"
    """It takes shoppers on its own site, with our click id in the address."""
    ORDERS = "orders"
    """It takes orders and ships them."""
    ORDER_LIST = "order_list"
    """It lists the orders that we placed: without this an unknown order can only be looked into by a person."""
    PUSHES = "pushes"
    """It tells by itself what becomes of orders."""
    COMMISSION = "commission"
    """It states commission line by line."""


class OfferStated(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as the partner states it; `stock` None where it states no figure, `stated_at` when it says that was.

    `shipping_amount` None where it is not known. `gone`: the partner sells it no more.
    """

    reference: str
    title: str = ""
    price: int = 0
    currency: str = ""
    list_price: int | None = None
    stock: int | None = None
    available: bool = True
    seller: str = ""
    brand: str = ""
    gtin: str = ""
    model: str = ""
    category: str = ""
    description: str = ""
    url: str = ""
    shipping_amount: int | None = None
    days_from: int | None = None
    days_to: int | None = None
    stated_at: datetime | None = None
    gone: bool = False


class OddItem(msgspec.Struct, frozen=True):
    """One thing among others that could not be read: whole, and why."""

    reference: str
    reason: str
    explanation: str
    content: str


class OfferPage(msgspec.Struct, frozen=True):
    """Offers from a cursor on; `cursor` continues, `has_more` whether there is more now.

    `total`: how many the partner says it lists in all, None where it does not: a page that was left out shows by it.
    """

    offers: tuple[OfferStated, ...]
    cursor: str
    has_more: bool
    odd: tuple[OddItem, ...] = ()
    total: int | None = None


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a partner ships to: personal data."""

    name: str
    street: str
    city: str
    postcode: str
    country: str
    region: str = ""
    phone: str = ""
    email: str = ""


class AskedLine(msgspec.Struct, frozen=True):
    """A line to order: the partner's offer, how many, and what one is expected to cost."""

    number: int
    reference: str
    quantity: int
    unit_amount: int
    currency: str


class OrderAsked(msgspec.Struct, frozen=True):
    """An order to place. `ours` names it at the partner for ever: by it an unknown order is found in the list."""

    ours: str
    lines: tuple[AskedLine, ...]
    address: Address
    currency: str


class TheirLine(msgspec.Struct, frozen=True):
    """A line of an order of theirs."""

    reference: str
    quantity: int
    unit_amount: int


class Tracking(msgspec.Struct, frozen=True):
    """Where a parcel is followed."""

    carrier: str
    number: str
    url: str = ""


class TheirOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the partner states it; `status` is its own word. Several of these may serve one of ours."""

    reference: str
    ours: str
    status: str
    currency: str
    amount: int
    lines: tuple[TheirLine, ...]
    placed_at: datetime | None = None
    changed_at: datetime | None = None
    tracking: tuple[Tracking, ...] = ()


class Placed(msgspec.Struct, frozen=True):
    """The partner has taken the order in, as one or several of its own; what they do not name was left out."""

    orders: tuple[TheirOrder, ...]


class Refused(msgspec.Struct, frozen=True):
    """The partner will not do it, for certain; `code` is its own word. `lines`: the numbers meant, none means all."""

    code: str
    message: str
    lines: tuple[int, ...] = ()


class Lost(msgspec.Struct, frozen=True):
    """It was asked, and whether it was done is not known."""

    reason: str


class NotDone(msgspec.Struct, frozen=True):
    """It was certainly not done: the partner was not reached or turned the call away; ask again after some seconds."""

    reason: str
    code: Literal["unreachable", "throttled", "unauthorised", "turned_away", "not_able"] = "unreachable"
    retry_seconds: int | None = None


Trouble = Lost | NotDone


class CommissionStated(msgspec.Struct, frozen=True, kw_only=True):
    """Commission on one line as the partner states it now; `key` names the line for ever, `status` is its own word.

    `rate` is parts per million, `click` our click id where the partner gives it back.
    """

    key: str
    order: str
    status: str
    currency: str
    amount: int
    commission: int
    rate: int | None = None
    click: str = ""
    ours: str = ""
    reference: str = ""
    quantity: int = 1
    bought_at: datetime | None = None
    changed_at: datetime | None = None
    reason: str = ""


class CommissionPage(msgspec.Struct, frozen=True):
    """Commission lines from a cursor on."""

    lines: tuple[CommissionStated, ...]
    cursor: str
    has_more: bool
    odd: tuple[OddItem, ...] = ()


PushKind = Literal["order", "offer", "commission", "other"]


class PushStated(msgspec.Struct, frozen=True, kw_only=True):
    """News that the partner sent by itself; `key` names it for ever. What it says is asked for, never believed."""

    key: str
    kind: PushKind
    reference: str
    status: str = ""
    occurred_at: datetime | None = None


class Forged(msgspec.Struct, frozen=True):
    """The push is not signed with the partner's secret, or not for us."""

    reason: str


class Tokens(msgspec.Struct, frozen=True):
    """What a platform gives for a while; instants in UTC, None where it does not say."""

    access: str = ""
    refresh: str = ""
    access_until: datetime | None = None
    refresh_until: datetime | None = None


class GatewayAccount(msgspec.Struct, frozen=True, kw_only=True):
    """How we are known to a partner."""

    partner: str
    endpoint: str
    app_key: str = ""
    secret: str = ""
    tokens: Tokens = Tokens()
    options: dict[str, str] = {}


class Gateway(Protocol):
    """One partner's platform. `capabilities` says which of the calls it knows; the others answer NotDone (not_able)."""

    capabilities: frozenset[Capability]

    def list_offers(self, cursor: str, *, seconds: float) -> OfferPage | Trouble:
        """Return the next offers from a cursor on; an empty cursor begins."""

    def read_offers(self, references: Sequence[str], *, seconds: float) -> tuple[OfferStated, ...] | Trouble:
        """Return single offers as they are now; those that the partner does not know come back as gone."""

    def link(self, url: str, click: str, *, seconds: float) -> str | Trouble:
        """Return the address at which the partner's page knows our click."""

    def place_order(self, asked: OrderAsked, *, seconds: float) -> Placed | Refused | Trouble:
        """Place an order. Lost means unknown: `find_orders` comes before any retry."""

    def find_orders(self, ours: str, *, since: datetime, seconds: float) -> tuple[TheirOrder, ...] | Trouble:
        """Return the partner's orders that bear our reference; an empty answer is a sure no."""

    def read_order(self, reference: str, *, seconds: float) -> TheirOrder | Refused | Trouble:
        """Return one order of theirs as it stands now."""

    def list_commissions(
        self, cursor: str, *, since: datetime, until: datetime, seconds: float
    ) -> CommissionPage | Trouble:
        """Return commission lines that were bought in [since, until), from a cursor on; an empty cursor begins."""

    def read_push(self, headers: Mapping[str, str], body: bytes) -> PushStated | OddItem | Forged:
        """Read what the partner sent by itself; header names are lower-case."""

    def renewed_tokens(self) -> Tokens | None:
        """Return tokens that a call of this gateway renewed, to be kept; None when they are as they were."""
