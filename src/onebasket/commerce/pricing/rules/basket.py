"""What pricing is asked and what it answers: the same for a till, a kiosk and the web.

Amounts are integers of the currency's minor unit, quantities integers of the unit's smallest step.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

ReductionKind = Literal["markdown", "loyalty", "promotion", "coupon", "basket", "staff"]
FunderName = Literal["retailer", "manufacturer", "partner"]
Cause = Literal["applied", "card", "coupon", "limit", "short", "better", "together", "weighed"]
"""Why a rule applied or did not: needs the card, needs its coupon, used up, not enough goods or not enough money in the
basket, something better or as good, not together with what applied, not for weighed goods."""
Why = Literal[
    "applied", "needs_card", "needs_coupon", "no_such_coupon", "used_before", "for_the_card", "wants_own_code",
    "not_known", "too_many_codes", "used_up", "by_weight", "priced_apart", "not_together", "instead", "no_gain",
    "more_goods", "more_money", "nothing_for_it",
]  # fmt: skip
"""What is said of it exactly. A channel has its words for each, in its languages; `wording.py` has them in English."""


class UnitPrice(msgspec.Struct, frozen=True, gc=False):
    """A price of the book: `amount` per `per_quantity` steps; `id` is its row."""

    amount: int
    per_quantity: int = 1
    id: int = 0


class Item(msgspec.Struct, frozen=True, gc=False):
    """A line to be priced: `quantity` steps, of which `unit_steps` are one unit (1 for each, 1,000 for kg in grams).

    `loyalty` is the card's price, for members only and only where it is lower. `groups` are what promotions select
    by besides the SKU: `department:Produce`, `category:Soup`, `brand:Private label`. `label_amount` is what a price-in
    label says that the whole line costs (a markdown when below the shelf price).
    """

    number: int
    sku: str
    quantity: int
    shelf: UnitPrice
    unit_steps: int = 1
    loyalty: UnitPrice | None = None
    groups: frozenset[str] = frozenset()
    tax_class: str = ""
    label_amount: int | None = None


class Shopper(msgspec.Struct, frozen=True):
    """Who buys, as pricing sees it. `used`: how often each promotion or coupon was used before, by its code."""

    member: bool = False
    staff: bool = False
    loyalty_number: str = ""
    segments: frozenset[str] = frozenset()
    used: Mapping[str, int] = {}


class TaxRate(msgspec.Struct, frozen=True, gc=False):
    """A tax on a class of goods: `rate` in parts per million (8.875 % is 88,750)."""

    code: str
    tax_class: str
    rate: int


class Terms(msgspec.Struct, frozen=True):
    """Where, when and under which rules a basket is priced; `taxes` are those that hold there and then.

    `tax_included`: prices contain tax. `tax_rounding`: to the minor unit on each line, or once on each rate of the
    receipt (then allocated to the lines). `cash_step`: what a cash total is rounded to, 1 for not at all.
    `below_zero`: whether coupons may bring the total below zero, so that money is paid out.
    """

    place: str
    channel: str
    currency: str
    at: datetime
    taxes: tuple[TaxRate, ...] = ()
    tax_included: bool = True
    tax_rounding: Literal["line", "receipt"] = "line"
    cash_step: int = 1
    below_zero: bool = False


class Reduction(msgspec.Struct, frozen=True, gc=False):
    """What takes a line down by `amount` (positive): which rule, of which kind, and who pays for it."""

    kind: ReductionKind
    reference: str
    name: str
    funder: FunderName
    amount: int


class TaxPart(msgspec.Struct, frozen=True, gc=False):
    """Tax on a line: `rate` ppm of `base` gives `amount`. A manufacturer's coupon stays in the base."""

    code: str
    rate: int
    base: int
    amount: int


class Note(msgspec.Struct, frozen=True, gc=False):
    """Why a rule applied to a line or did not: `saved` is what it took off, 0 where it did not apply.

    `missing`, with the cause `short`: how many units are missing, in a note on the basket how much money. `other` is
    the name of what it does not go together with, or of what applied instead.
    """

    reference: str
    name: str
    applied: bool
    why: Why
    saved: int = 0
    cause: Cause = "applied"
    missing: int = 0
    other: str = ""


class PromotionUse(msgspec.Struct, frozen=True, gc=False):
    """How often a basket uses a promotion: what counts towards its limits, and which coupon it takes."""

    reference: str
    coupon: str
    times: int


class PricedLine(msgspec.Struct, frozen=True):
    """A line as priced: `list_amount` less its reductions is `amount`, maybe negative; tax is in it or beside it.

    `unit_amount` per `per_quantity` steps is the shelf price that it was priced at.
    """

    number: int
    sku: str
    quantity: int
    list_amount: int
    amount: int
    reductions: tuple[Reduction, ...] = ()
    taxes: tuple[TaxPart, ...] = ()
    notes: tuple[Note, ...] = ()
    unit_amount: int = 0
    per_quantity: int = 1

    @property
    def reduced_by(self) -> int:
        """Return what all reductions take off."""
        return self.list_amount - self.amount


class PricedBasket(msgspec.Struct, frozen=True):
    """What a basket comes to. `total` is to be paid: the lines' amounts, with tax where it is not included.

    `rounding` is what is added to the total when it is paid in cash. `method` is `exact`, or names the fallback that
    was taken where the search came to its bound; `nodes` is how far it went.
    """

    lines: tuple[PricedLine, ...]
    currency: str
    list_total: int
    reduction_total: int
    tax_total: int
    total: int
    tax_included: bool
    rounding: int = 0
    method: str = "exact"
    nodes: int = 0
    notes: tuple[Note, ...] = ()
    uses: tuple[PromotionUse, ...] = ()
