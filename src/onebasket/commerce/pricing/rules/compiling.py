"""Promotions made ready for pricing: found by SKU and group, so that a thousand live ones cost a basket little."""

from collections.abc import Iterable, Sequence

import msgspec

from onebasket.commerce.pricing.rules.basket import Item, ReductionKind
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    BasketOff,
    Bundle,
    BuyGet,
    FixedPrice,
    MultiBuy,
    PercentOff,
    Promotion,
    Selector,
)


class Part(msgspec.Struct, frozen=True):
    """Goods of which a set takes `units`: all that a promotion names, or a part of a bundle."""

    goods: Selector
    units: int


class Rule(msgspec.Struct, frozen=True, eq=False):
    """A promotion made ready; `rank` is its place in the order of codes, `kind` what its reductions are called.

    `for_each_unit`: worked out for one unit at a time, so that weighed goods can take part. `for_basket`: worked out on
    what goods come to together. `stackable`: comes on top of others, unit by unit. `uncapped`: a stackable coupon of a
    manufacturer, which is money, so that it may take off more than a unit costs. `minimum_units`: needs so many units.
    """

    promotion: Promotion
    rank: int
    parts: tuple[Part, ...]
    kind: ReductionKind
    for_each_unit: bool
    for_basket: bool
    stackable: bool
    uncapped: bool
    minimum_units: int


class Reach(msgspec.Struct, frozen=True, eq=False):
    """That a part of a rule may cover goods, unless they are left out of it; `picky` when it leaves out any."""

    rule: Rule
    part: int
    goods: Selector
    picky: bool

    def leaves_out(self, item: Item) -> bool:
        """Whether the goods are named as not meant."""
        goods = self.goods
        return item.sku in goods.without_skus or not goods.without_groups.isdisjoint(item.groups)


class PromotionSet(msgspec.Struct, frozen=True, eq=False):
    """Promotions that may be live, by what they reach; made by `compile_promotions` and kept by callers."""

    rules: tuple[Rule, ...]
    by_sku: dict[str, tuple[Reach, ...]]
    by_group: dict[str, tuple[Reach, ...]]
    everywhere: tuple[Reach, ...]
    by_coupon: dict[str, tuple[Rule, ...]]

    def reaching(self, item: Item) -> Sequence[Reach]:
        """Return what covers an item, each part of a rule once, in the order of codes."""
        found = self.by_sku.get(item.sku, ()) + self.everywhere
        for group in item.groups:
            if more := self.by_group.get(group):
                found += more
        if not found:
            return ()
        once = {
            (reach.rule.rank, reach.part): reach for reach in found if not reach.picky or not reach.leaves_out(item)
        }
        return [once[key] for key in sorted(once)]


def compile_promotions(promotions: Iterable[Promotion]) -> PromotionSet:
    """Index promotions that `problem` finds sound; ValueError when two have one code."""
    ordered = sorted(promotions, key=lambda promotion: promotion.code)
    codes = [promotion.code for promotion in ordered]
    if len(set(codes)) != len(codes):
        raise ValueError("two promotions have the same code")
    rules = tuple(_rule(promotion, rank) for rank, promotion in enumerate(ordered))
    by_sku: dict[str, list[Reach]] = {}
    by_group: dict[str, list[Reach]] = {}
    everywhere: list[Reach] = []
    for rule in rules:
        for number, part in enumerate(rule.parts):
            goods = part.goods
            reach = Reach(rule, number, goods, picky=bool(goods.without_skus or goods.without_groups))
            if goods.everything:
                everywhere.append(reach)
                continue
            for sku in goods.skus:
                by_sku.setdefault(sku, []).append(reach)
            for group in goods.groups:
                by_group.setdefault(group, []).append(reach)
    by_coupon: dict[str, tuple[Rule, ...]] = {}
    for rule in rules:
        if coupon := rule.promotion.coupon:
            by_coupon[coupon.code] = (*by_coupon.get(coupon.code, ()), rule)
    return PromotionSet(rules, _fixed(by_sku), _fixed(by_group), tuple(everywhere), by_coupon)


def _rule(promotion: Promotion, rank: int) -> Rule:
    saving, coupon = promotion.saving, promotion.coupon
    for_basket = isinstance(saving, BasketOff)
    stackable = promotion.stacking.mode == "stackable" and not for_basket
    kind: ReductionKind = "basket" if for_basket else "promotion"
    if coupon is not None:
        kind = "coupon"
    elif promotion.audience.who == "staff":
        kind = "staff"
    return Rule(
        promotion,
        rank,
        _parts(promotion),
        kind,
        for_each_unit=isinstance(saving, PercentOff | FixedPrice)
        or (isinstance(saving, AmountOff) and saving.per_units == 1),
        for_basket=for_basket,
        stackable=stackable,
        uncapped=stackable and coupon is not None and promotion.funder == "manufacturer",
        minimum_units=saving.minimum_units if isinstance(saving, AmountOff | PercentOff | FixedPrice) else 1,
    )


def _fixed(index: dict[str, list[Reach]]) -> dict[str, tuple[Reach, ...]]:
    return {name: tuple(reaches) for name, reaches in index.items()}


def _parts(promotion: Promotion) -> tuple[Part, ...]:
    saving, goods = promotion.saving, promotion.goods
    if isinstance(saving, Bundle):
        return tuple(Part(part.goods, part.units) for part in saving.parts)
    if isinstance(saving, MultiBuy):
        return (Part(goods, saving.units),)
    if isinstance(saving, BuyGet):
        if saving.get_goods is None:
            return (Part(goods, saving.buy + saving.get),)
        return Part(goods, saving.buy), Part(saving.get_goods, saving.get)
    if isinstance(saving, AmountOff):
        return (Part(goods, saving.per_units),)
    return (Part(goods, 1),)
