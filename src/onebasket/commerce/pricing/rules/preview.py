"""What baskets of the past would have come to under other promotions, before these go live."""

from collections.abc import Iterable

import msgspec

from onebasket.commerce.pricing.rules.basket import PricedBasket
from onebasket.commerce.pricing.rules.compiling import PromotionSet
from onebasket.commerce.pricing.rules.kept import BasketAsk, price_ask


class LineChange(msgspec.Struct, frozen=True, gc=False):
    """A line that comes to another amount."""

    number: int
    sku: str
    before: int
    after: int


class BasketChange(msgspec.Struct, frozen=True):
    """A basket before and after, and the lines that differ."""

    before: PricedBasket
    after: PricedBasket
    lines: tuple[LineChange, ...]

    @property
    def difference(self) -> int:
        """How much more is to be paid; below zero for less."""
        return self.after.total - self.before.total


class PromotionEffect(msgspec.Struct, frozen=True, gc=False):
    """What a promotion does to baskets: in how many, how often, and what it takes off."""

    code: str
    baskets: int = 0
    times: int = 0
    amount: int = 0


class PreviewTotals(msgspec.Struct, frozen=True):
    """What the change does to baskets together; effects stand by code, before and after."""

    baskets: int
    changed: int
    total_before: int
    total_after: int
    effects_before: tuple[PromotionEffect, ...]
    effects_after: tuple[PromotionEffect, ...]


def preview(ask: BasketAsk, before: PromotionSet, after: PromotionSet) -> BasketChange:
    """Price a basket under two sets of promotions and compare."""
    old, new = price_ask(ask, before), price_ask(ask, after)
    return BasketChange(
        old,
        new,
        tuple(
            LineChange(one.number, one.sku, one.amount, other.amount)
            for one, other in zip(old.lines, new.lines, strict=True)
            if one.amount != other.amount
        ),
    )


def sum_up(changes: Iterable[BasketChange]) -> PreviewTotals:
    """Add up what a change does; baskets are taken one at a time."""
    baskets = changed = before = after = 0
    effects_before: dict[str, PromotionEffect] = {}
    effects_after: dict[str, PromotionEffect] = {}
    for change in changes:
        baskets += 1
        changed += bool(change.lines)
        before += change.before.total
        after += change.after.total
        _add(effects_before, change.before)
        _add(effects_after, change.after)
    return PreviewTotals(baskets, changed, before, after, _by_code(effects_before), _by_code(effects_after))


def _add(effects: dict[str, PromotionEffect], basket: PricedBasket) -> None:
    amounts: dict[str, int] = {}
    for line in basket.lines:
        for reduction in line.reductions:
            amounts[reduction.reference] = amounts.get(reduction.reference, 0) + reduction.amount
    for use in basket.uses:
        known = effects.get(use.reference, PromotionEffect(use.reference))
        effects[use.reference] = PromotionEffect(
            use.reference,
            known.baskets + 1,
            known.times + use.times,
            known.amount + amounts.get(use.reference, 0),
        )


def _by_code(effects: dict[str, PromotionEffect]) -> tuple[PromotionEffect, ...]:
    return tuple(effect for _, effect in sorted(effects.items()))
