"""What stackable promotions take off a unit, on top of whatever else it takes part in.

Each is worked out on the price that the unit has before promotions, so they add up and their order does not matter.
Those that are not a manufacturer's coupon take no more together than the unit costs.
"""

from collections.abc import Sequence

import msgspec

from onebasket.commerce.pricing.rules.compiling import Rule
from onebasket.commerce.pricing.rules.promotions import AmountOff, PercentOff, Stacking
from onebasket.commerce.pricing.rules.qualifying import Standing
from onebasket.commerce.pricing.rules.runs import Run
from onebasket.kernel.money import PPM, divide_half_up, price_for

Claim = tuple[Standing, int]
"""A stackable promotion and what it takes off each unit of a run."""


class OnTop(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What comes off each unit: `capped` claims within its price, then `uncapped` ones, a manufacturer's coupons."""

    capped: tuple[Claim, ...] = ()
    uncapped: tuple[Claim, ...] = ()
    within: int = 0
    beyond: int = 0


NOTHING = OnTop()


class Toppings(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What comes on top of a unit that takes part in nothing that minds, and in what shuts out coupons."""

    full: OnTop = NOTHING
    without_coupons: OnTop = NOTHING

    def beside(self, stacking: Stacking) -> OnTop:
        """Return what comes on top of a promotion of goods."""
        if stacking.mode == "exclusive":
            return NOTHING
        return self.full if stacking.with_coupons else self.without_coupons


PLAIN = Toppings()


def unit_claim(rule: Rule, run: Run) -> int:
    """Return what a stackable promotion takes off a unit by itself."""
    saving = rule.promotion.saving
    if isinstance(saving, PercentOff):
        return divide_half_up(run.own * saving.share, PPM)
    if isinstance(saving, AmountOff):
        off = of_measure(saving.amount, run)
        return off if rule.uncapped else min(off, run.own)
    raise TypeError(type(saving))


def of_measure(amount: int, run: Run) -> int:
    """Return what an amount for a unit comes to: once for a unit, by its weight for a weighed line."""
    item = run.line.item
    if item.unit_steps == 1:
        return amount
    return price_for(amount, per_quantity=item.unit_steps, quantity=item.quantity)


def put_on_top(run: Run, claims: Sequence[Claim]) -> Toppings:
    """Add up what claims take off each unit of a run."""
    if not claims:
        return PLAIN
    ordered = sorted(claims, key=_order)
    return Toppings(_add_up(run, ordered), _add_up(run, [claim for claim in ordered if not _is_coupon(claim)]))


def _add_up(run: Run, claims: Sequence[Claim]) -> OnTop:
    left, capped, uncapped = run.own, list[Claim](), list[Claim]()
    for standing, off in claims:
        if standing.rule.uncapped:
            uncapped.append((standing, off))
        elif taken := min(off, left):
            capped.append((standing, taken))
            left -= taken
    return OnTop(tuple(capped), tuple(uncapped), run.own - left, sum(off for _, off in uncapped))


def _order(claim: Claim) -> tuple[bool, int]:
    return _is_coupon(claim), claim[0].rank


def _is_coupon(claim: Claim) -> bool:
    return claim[0].rule.promotion.coupon is not None
