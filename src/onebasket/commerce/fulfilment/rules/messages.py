"""What is asked when goods are brought back, and what is answered: frozen, and the shape kept in the inbox."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from onebasket.commerce.sales.rules.receipt import Disposition, Original

Key = Annotated[str, Meta(min_length=1, max_length=120)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=200)]
Policy = Literal["allocated", "reprice_kept"]
"""What a broken multi-buy pays back: each unit's part of its line, or what was paid less what kept goods cost then."""
ALLOCATED: Policy = "allocated"
REPRICE_KEPT: Policy = "reprice_kept"
MOST_LINES = 200


class BackLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """How much of a line comes back, in steps of the unit, and what becomes of it.

    `line` is the line of the order or receipt, 0 where there is neither and `sku` says what it is. `amount` overrides
    what is paid back for it, tax included.
    """

    quantity: Annotated[int, Meta(ge=1, le=10**9)]
    line: Annotated[int, Meta(ge=0, le=2_000)] = 0
    sku: Annotated[str, Meta(max_length=64)] = ""
    disposition: Disposition = Disposition.UNSELLABLE
    amount: Annotated[int, Meta(ge=0, le=10**9)] | None = None


class ReturnRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods brought back at a place: of an order, of a receipt, or without either.

    `to_credit`: pay store credit instead of the original tenders, as it
    always is without a receipt. `override` says why an amount was overridden; a line that states one needs it.
    `expected_total` is what the customer was told: where it comes to something else, nothing is done.
    """

    key: Key
    place: Code
    operator: Annotated[str, Meta(min_length=1, max_length=64)]
    lines: Annotated[tuple[BackLine, ...], Meta(min_length=1, max_length=MOST_LINES)]
    order: UUID | None = None
    receipt: Original | None = None
    to_credit: bool = False
    loyalty_number: Annotated[str, Meta(max_length=64)] = ""
    reason: Text = ""
    override: Text = ""
    expected_total: Annotated[int, Meta(ge=0, le=10**12)] | None = None


class PaidBack(msgspec.Struct, frozen=True, gc=False):
    """What is paid back in one way; `code` is that of store credit, told once."""

    kind: str
    amount: int
    reference: str = ""
    code: str = ""


class LineBack(msgspec.Struct, frozen=True, gc=False):
    """A line that came back: `amount` is paid back for it, of which `tax_amount` is tax.

    Without a quantity it is kept, and costs more without what came back (an amount below zero) or less.
    """

    sku: str
    quantity: int
    amount: int
    tax_amount: int
    disposition: str


class ReturnAccepted(msgspec.Struct, frozen=True, tag="accepted", tag_field="outcome"):
    """The goods are back, and the money is on its way to where it came from."""

    id: UUID
    number: str
    place: str
    currency: str
    total: int
    tax_total: int
    lines: tuple[LineBack, ...]
    tenders: tuple[PaidBack, ...]


ReturnRefusal = Literal[
    "unknown_place", "unknown_original", "not_handed_over", "not_a_sale", "unknown_line", "doubled_line", "too_much",
    "unknown_product", "no_price", "other_currency", "reason_needed", "nothing_named", "other_total",
]  # fmt: skip


class ReturnRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """Nothing was changed."""

    code: ReturnRefusal
    message: str


class ReturnConflict(msgspec.Struct, frozen=True, tag="conflict", tag_field="outcome"):
    """The key was used before for other content; nothing was changed."""

    message: str = "This key was used before for another return. Use a new key for a new one."


ReturnOutcome = ReturnAccepted | ReturnRefused | ReturnConflict


class ReturnNews(msgspec.Struct, frozen=True):
    """Goods were brought back; amounts in minor units, lines as [sku, steps]."""

    id: str
    number: str
    place: str
    reference: str
    loyalty_number: str
    currency: str
    total: int
    lines: list[tuple[str, int]]


class StagedNews(msgspec.Struct, frozen=True):
    """A picked order stands at a spot until it is collected."""

    order: str
    place: str
    spot: str


EVENTS: dict[str, type[msgspec.Struct]] = {"return.accepted": ReturnNews, "order.staged": StagedNews}
"""The data of each event type that fulfilment emits."""
