"""Which promotions and coupons a till's receipt used, and how often, as far as its discounts tell.

A discount says by its reference which promotion or coupon it was, and how much it took off; not how often it was used.
That is worked out from the goods and the promotion's terms, and is one at least.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Bundle,
    BuyGet,
    FixedPrice,
    MultiBuy,
    PercentOff,
    Promotion,
)
from onebasket.commerce.sales.rules.receipt import Kind, Receipt

COUPON = "coupon"


class Reduced(NamedTuple):
    """What a promotion took off a line: how many units the line has (1 of goods by weight), and how much in all."""

    units: int
    amount: int


class TillUse(NamedTuple):
    """A use that a receipt states: of which promotion, how often, and by which single-use code, if any."""

    code: str
    times: int
    serial: str = ""


class Counting:
    """The promotions whose uses count: those with a limit for each customer, and those that need a coupon."""

    def __init__(self, promotions: Iterable[Promotion]) -> None:
        """Index them by their codes and by their coupons' codes; of several with one coupon the first by code."""
        self.by_code: dict[str, Promotion] = {}
        self.by_coupon: dict[str, Promotion] = {}
        for promotion in promotions:
            if promotion.coupon or promotion.limits.per_customer:
                self.by_code[promotion.code] = promotion
            if promotion.coupon:
                self.by_coupon.setdefault(promotion.coupon.code, promotion)

    def find(self, reference: str, coupon_of: Mapping[str, str]) -> tuple[Promotion, str] | None:
        """Return the promotion that a discount names by its own code, its coupon's or a single-use code; and that code.

        `coupon_of` are coupons by their single-use codes.
        """
        if found := self.by_code.get(reference) or self.by_coupon.get(reference):
            return found, ""
        by_serial = self.by_coupon.get(coupon_of.get(reference, ""))
        return (by_serial, reference) if by_serial else None


def references_of(receipts: Iterable[Receipt]) -> set[tuple[str, str]]:
    """Return what discounts of sales refer to, as (kind, reference)."""
    return {
        (discount.kind, discount.reference)
        for receipt in receipts
        if receipt.kind is Kind.SALE
        for line in receipt.lines
        for discount in line.discounts
        if discount.reference
    }


def uses_of(
    receipt: Receipt, unit_steps: Sequence[int], counting: Counting, coupon_of: Mapping[str, str]
) -> list[TillUse]:
    """Return what a sale used; `unit_steps` are one unit of each line, 0 of goods by weight."""
    if receipt.kind is not Kind.SALE:
        return []
    found: dict[tuple[str, str], list[Reduced]] = {}
    for line, steps in zip(receipt.lines, unit_steps, strict=True):
        for discount in line.discounts:
            named = counting.find(discount.reference, coupon_of) if discount.reference else None
            if named and discount.amount > 0:
                units = max(1, line.quantity // steps) if steps else 1
                found.setdefault((named[0].code, named[1]), []).append(Reduced(units, discount.amount))
    return [
        TillUse(code, times_of(counting.by_code[code], reduced), serial) for (code, serial), reduced in found.items()
    ]


def times_of(promotion: Promotion, reduced: Sequence[Reduced]) -> int:
    """Return how often a promotion was used, as far as can be told: no more than its own limit in a basket."""
    saving = promotion.saving
    units, amount = sum(one.units for one in reduced), sum(one.amount for one in reduced)
    if isinstance(saving, AmountOff) and saving.amount:
        times = -(-amount // saving.amount)
    elif isinstance(saving, PercentOff | FixedPrice):
        times = units
    elif isinstance(saving, MultiBuy):
        times = units // saving.units
    elif isinstance(saving, BuyGet):
        times = units // (saving.get if saving.get_goods else saving.buy + saving.get)
    elif isinstance(saving, Bundle):
        times = units // sum(part.units for part in saving.parts)
    else:
        times = 1
    return max(1, min(times, promotion.limits.per_basket or times))
