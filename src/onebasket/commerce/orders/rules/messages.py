"""What is asked of orders and what is answered: frozen, and the shape kept in the inbox."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from onebasket.commerce.orders.rules.life import Step
from onebasket.kernel.patterns import exactly

Steps = Annotated[int, Meta(ge=1, le=10**9)]


class LineRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A product, by SKU, and how much of it in steps of its unit."""

    sku: Annotated[str, Meta(min_length=1, max_length=64)]
    quantity: Steps


class OrderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order to place.

    `places`: one place code, or several, meaning "the first of these, in this order, that serves it whole".
    `partial`: take what there is of each line (then exactly the first place that has any serves it).
    `hold`: the basket's hold that the order confirms; its place must be the only one.
    `payment_minutes`: when set, the order awaits payment and its promise expires after so many minutes.
    `coupons`: codes as typed or scanned. `expected_total`: what it is to come to, tax included; else nothing is done.
    """

    key: Annotated[str, Meta(min_length=1, max_length=120)]
    places: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(min_length=1, max_length=500)]
    lines: Annotated[tuple[LineRequest, ...], Meta(min_length=1, max_length=200)]
    channel: Annotated[str, Meta(pattern=exactly("[a-z][a-z0-9-]{0,15}"))] = "web"
    partial: bool = False
    loyalty_number: Annotated[str, Meta(max_length=64)] = ""
    hold: UUID | None = None
    payment_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    note: Annotated[str, Meta(max_length=500)] = ""
    coupons: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(max_length=50)] = ()
    expected_total: Annotated[int, Meta(ge=0, le=10**13)] | None = None


class Shortfall(msgspec.Struct, frozen=True, gc=False):
    """A line that cannot be promised: `missing` is by how many steps, at the place that came closest."""

    line: int
    sku: str
    requested: int
    available: int
    missing: int


class PlacedLine(msgspec.Struct, frozen=True, gc=False):
    """A line as promised: quantities in steps, amounts in minor units; `amount` is due, tax included.

    `list_amount` less `reduced_amount` is the price; `tax_amount` lies in it or beside it.
    """

    line: int
    sku: str
    ordered: int
    promised: int
    unit_amount: int
    per_quantity: int
    amount: int
    owner: str
    list_amount: int = 0
    reduced_amount: int = 0
    tax_amount: int = 0


class OpenedPayment(msgspec.Struct, frozen=True):
    """A tender of an order: how it is paid, and how much of it in minor units."""

    id: UUID
    method: str
    amount: int


class OpenedPart(msgspec.Struct, frozen=True):
    """A partner's part of an order: `total` is due for it, shipping and tax included, and paid by its own tenders."""

    id: UUID
    partner: str
    merchant: str
    total: int
    payments: tuple[OpenedPayment, ...] = ()


class OrderPlaced(msgspec.Struct, frozen=True, tag="placed", tag_field="outcome"):
    """The order stands and its promise is taken. `reason` says why this place serves it.

    `total`, lines and payments are those of the store's own goods; what partners send of it stands in `parts`.
    """

    id: UUID
    number: str
    place: str
    status: str
    currency: str
    total: int
    placed_at: datetime
    lines: tuple[PlacedLine, ...]
    reason: str
    shortfalls: tuple[Shortfall, ...] = ()
    expires_at: datetime | None = None
    slot: int | None = None
    payments: tuple[OpenedPayment, ...] = ()
    parts: tuple[OpenedPart, ...] = ()


RefusalCode = Literal[
    "short", "unknown_product", "unknown_place", "no_price", "untracked_product", "hold_not_usable", "too_much_money",
    "inactive_product", "inactive_place", "doubled_line", "price_changed", "coupon_not_usable",
]  # fmt: skip


class OrderRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """The order was not placed and changed nothing; `shortfalls` name each short line and by how much.

    `total` is what it would have come to, where another total was expected.
    """

    code: RefusalCode
    message: str
    place: str = ""
    shortfalls: tuple[Shortfall, ...] = ()
    skus: tuple[str, ...] = ()
    total: int | None = None


class OrderConflict(msgspec.Struct, frozen=True, tag="conflict", tag_field="outcome"):
    """The key was used before for other content; nothing was changed."""

    message: str = "This key was used before for another request. Use a new key for a new request."


OrderOutcome = OrderPlaced | OrderRefused | OrderConflict


class PickedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """How much of a line was picked, in steps; less than promised is a short pick, zero is none at all."""

    line: Annotated[int, Meta(ge=1, le=200)]
    quantity: Annotated[int, Meta(ge=0, le=10**9)]


class OrderStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be done to an order.

    pick: `lines` as picked, each once, or None for all that is left, as promised; with `finish` what is not picked is
    short.
    put_back: all that was picked of a cancelled order goes back on the shelf.
    """

    key: Annotated[str, Meta(min_length=1, max_length=120)]
    order: UUID
    step: Step
    lines: tuple[PickedLine, ...] | None = None
    finish: bool = True
    reason: Annotated[str, Meta(max_length=200)] = ""


class StepDone(msgspec.Struct, frozen=True, tag="done", tag_field="outcome"):
    """The order has moved on; `total` in minor units is what it comes to now."""

    order: UUID
    status: str
    total: int


StepRefusal = Literal[
    "not_open", "unknown_line", "doubled_line", "too_much", "nothing_picked", "picked_before", "nothing_to_put_back",
    "expired", "not_paid",
]  # fmt: skip


class StepRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """Nothing was changed; `status` is where the order stands."""

    code: StepRefusal
    message: str
    status: str


class StepUnknown(msgspec.Struct, frozen=True, tag="unknown", tag_field="outcome"):
    """There is no such order, or not at a place that the caller may see; never stored."""

    order: UUID


StepOutcome = StepDone | StepRefused | StepUnknown | OrderConflict


REOPENED = "opened again to be changed"
"""Why an order is cancelled whose lines a basket holds from then on."""


class OrderNews(msgspec.Struct, frozen=True, omit_defaults=True):
    """An order moved on in its life; amounts in minor units, lines as [sku, steps].

    `reopened` stands where it is cancelled because it was opened again as a basket.
    """

    order: str
    number: str
    place: str
    channel: str
    status: str
    currency: str
    total: int
    lines: list[tuple[str, int]]
    reopened: bool = False


EVENTS: dict[str, type[msgspec.Struct]] = {
    f"order.{name}": OrderNews
    for name in (
        "placed",
        "payment_confirmed",
        "picking",
        "ready",
        "handed_over",
        "cancelled",
        "put_back",
        "expired",
        "closed",
    )
}
