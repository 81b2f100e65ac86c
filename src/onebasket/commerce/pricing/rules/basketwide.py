"""Basket promotions: what is taken off what goods come to together, by the prices before promotions.

They are measured before promotions, so that no promotion of goods can cost a shopper a tier.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from onebasket.commerce.pricing.rules.promotions import BasketOff, Tier
from onebasket.commerce.pricing.rules.qualifying import Standing
from onebasket.commerce.pricing.rules.runs import Line
from onebasket.kernel.money import PPM, divide_half_up


class BasketCut(msgspec.Struct, frozen=True, eq=False):
    """What a basket promotion takes `off` these lines; when nothing, how much money is `missing` for its first tier."""

    standing: Standing
    lines: Sequence[Line]
    off: int
    missing: int = 0


def measure(standing: Standing, lines: Sequence[Line]) -> BasketCut:
    """Work out what a basket promotion takes off."""
    saving = standing.rule.promotion.saving
    if not isinstance(saving, BasketOff):
        raise TypeError(type(saving))
    amount = sum(line.own for line in lines)
    reached = [tier for tier in saving.tiers if tier.from_amount <= amount]
    if not reached:
        return BasketCut(standing, lines, 0, saving.tiers[0].from_amount - amount)
    return BasketCut(standing, lines, _off(reached[-1], amount))


def choose_cuts(
    covered: Mapping[int, tuple[Standing, Sequence[Line]]], barred: Collection[int]
) -> tuple[list[BasketCut], list[BasketCut]]:
    """Choose which basket promotions apply together, and return them and the rest; `barred` ones cannot."""
    cuts = [measure(standing, lines) for standing, lines in covered.values()]
    able = [cut for cut in cuts if cut.off and cut.standing.rank not in barred]
    by_mode: dict[str, list[BasketCut]] = {"ordinary": [], "exclusive": [], "stackable": []}
    for cut in able:
        by_mode[cut.standing.rule.promotion.stacking.mode].append(cut)
    together = [*_best(by_mode["ordinary"]), *by_mode["stackable"]]
    alone = _best(by_mode["exclusive"])
    chosen = alone if _sum(alone) > _sum(together) else together
    chosen.sort(key=lambda cut: cut.standing.rank)
    return chosen, [cut for cut in cuts if cut not in chosen]


def _off(tier: Tier, amount: int) -> int:
    if tier.share_off is not None:
        return divide_half_up(amount * tier.share_off, PPM)
    return tier.amount_off or 0


def _best(cuts: Sequence[BasketCut]) -> list[BasketCut]:
    return [max(cuts, key=lambda cut: (cut.off, -cut.standing.rank))] if cuts else []


def _sum(cuts: Sequence[BasketCut]) -> int:
    return sum(cut.off for cut in cuts)
