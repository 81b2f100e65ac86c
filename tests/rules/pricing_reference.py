"""The least a basket can cost, found the slow way: every unit in every promotion, every claim on every unit.

It shares nothing with the engine but the shapes of items and promotions, and knows nothing of runs, sets or bounds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product

from onebasket.commerce.pricing.rules.basket import Item, Shopper
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


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2)) if value >= 0 else -int(-value + Fraction(1, 2))


def share_of(amount: int, share: int) -> int:
    return half_up(Fraction(amount * share, 1_000_000))


class Unit:
    """One unit, or one weighed line, with its three prices."""

    def __init__(self, item: Item, shelf: int, card: int, label: int) -> None:
        self.item, self.shelf, self.card, self.label = item, shelf, card, label
        self.own = min(card, label)
        self.weighed = item.unit_steps != 1

    def base(self, promotion: Promotion) -> int:
        prices = [self.shelf]
        if promotion.stacking.with_card:
            prices.append(self.card)
        if promotion.stacking.with_markdown:
            prices.append(self.label)
        return min(prices)

    def measured(self, amount: int) -> int:
        return half_up(Fraction(amount * self.item.quantity, self.item.unit_steps)) if self.weighed else amount

    def is_left_alone(self, promotion: Promotion) -> bool:
        if self.label < self.shelf and self.label <= self.card:
            return not promotion.stacking.with_markdown
        return self.card < self.shelf and not promotion.stacking.with_card


def units_of(item: Item, *, member: bool) -> list[Unit]:
    shelf = half_up(Fraction(item.shelf.amount * item.quantity, item.shelf.per_quantity))
    label = shelf if item.label_amount is None else item.label_amount
    shelf = max(shelf, label)
    card = shelf
    if member and item.loyalty is not None:
        card = min(shelf, half_up(Fraction(item.loyalty.amount * item.quantity, item.loyalty.per_quantity)))
    count = item.quantity if item.unit_steps == 1 else 1
    return [
        Unit(item, *(amount // count + (number < amount % count) for amount in (shelf, card, label)))
        for number in range(count)
    ]


def selects(goods: Selector, item: Item) -> bool:
    named = goods.everything or item.sku in goods.skus or bool(goods.groups & item.groups)
    return named and item.sku not in goods.without_skus and not goods.without_groups & item.groups


def parts_of(promotion: Promotion) -> list[tuple[Selector, int]]:
    saving = promotion.saving
    match saving:
        case Bundle():
            return [(part.goods, part.units) for part in saving.parts]
        case MultiBuy():
            return [(promotion.goods, saving.units)]
        case BuyGet(get_goods=None):
            return [(promotion.goods, saving.buy + saving.get)]
        case BuyGet():
            assert saving.get_goods is not None
            return [(promotion.goods, saving.buy), (saving.get_goods, saving.get)]
        case AmountOff():
            return [(promotion.goods, saving.per_units)]
    return [(promotion.goods, 1)]


def by_the_unit(promotion: Promotion) -> bool:
    saving = promotion.saving
    return isinstance(saving, PercentOff | FixedPrice) or (isinstance(saving, AmountOff) and saving.per_units == 1)


def uncapped(promotion: Promotion) -> bool:
    return promotion.coupon is not None and promotion.funder == "manufacturer"


class Reference:
    """One basket, and promotions that are live for it."""

    def __init__(
        self, items: Sequence[Item], promotions: Iterable[Promotion], shopper: Shopper, coupons: Sequence[str] = ()
    ) -> None:
        self.units = [unit for item in items for unit in units_of(item, member=shopper.member)]
        shown = Counter(coupons)
        self.times: dict[str, int] = {}
        self.live: list[Promotion] = []
        for promotion in promotions:
            times = promotion.limits.per_basket or 10**9
            if promotion.limits.per_customer:
                times = min(times, promotion.limits.per_customer - shopper.used.get(promotion.code, 0))
            if promotion.coupon is not None:
                uses = promotion.coupon.uses or 10**9
                times = min(times, shown[promotion.coupon.code] * uses)
            if promotion.audience.who == "members" and not shopper.member:
                times = 0
            if times > 0:
                self.times[promotion.code] = times
                self.live.append(promotion)

    def least_total(self) -> int:
        return max(0, min(self._least(chosen) for chosen in self._one_of_each_group()))

    def _one_of_each_group(self) -> Iterator[list[Promotion]]:
        groups: dict[str, list[Promotion]] = {}
        free = [promotion for promotion in self.live if not promotion.stacking.group]
        for promotion in self.live:
            if promotion.stacking.group:
                groups.setdefault(promotion.stacking.group, []).append(promotion)
        for chosen in product(*groups.values()):
            yield [*free, *chosen]

    def _least(self, promotions: Sequence[Promotion]) -> int:
        basket = [each for each in promotions if isinstance(each.saving, BasketOff)]
        on_top = [each for each in promotions if each.stacking.mode == "stackable" and each not in basket]
        goods = [each for each in promotions if each not in basket and each not in on_top]
        marks = [list(self._ways_to_mark(each)) for each in on_top]
        least = None
        for labels in self._labellings(goods):
            for marked in product(*marks):
                cost = self._cost(labels, on_top, marked)
                if cost is not None and (least is None or cost < least):
                    least = cost
        assert least is not None
        return least - self._basket_off(basket)

    def _labellings(self, goods: Sequence[Promotion]) -> Iterator[list[tuple[Promotion, int] | None]]:
        options: list[list[tuple[Promotion, int] | None]] = []
        for unit in self.units:
            found: list[tuple[Promotion, int] | None] = [None]
            for promotion in goods:
                if unit.weighed and not by_the_unit(promotion):
                    continue
                found += [
                    (promotion, number)
                    for number, (selector, _) in enumerate(parts_of(promotion))
                    if selects(selector, unit.item)
                ]
            options.append(found)
        for labels in product(*options):
            if self._fits(list(labels)):
                yield list(labels)

    def _fits(self, labels: list[tuple[Promotion, int] | None]) -> bool:
        counts = Counter((label[0].code, label[1]) for label in labels if label)
        for promotion in {label[0].code: label[0] for label in labels if label}.values():
            sets = set()
            for number, (_, need) in enumerate(parts_of(promotion)):
                whole, rest = divmod(counts[promotion.code, number], need)
                if rest:
                    return False
                sets.add(whole)
            if len(sets) != 1:
                return False
            count = sets.pop()
            if not getattr(promotion.saving, "minimum_units", 1) <= count <= self.times[promotion.code]:
                return False
        return True

    def _able(self, promotion: Promotion) -> list[int]:
        """Return the units that a promotion may come on top of."""
        able = [
            number
            for number, unit in enumerate(self.units)
            if selects(promotion.goods, unit.item)
            and not unit.is_left_alone(promotion)
            and (by_the_unit(promotion) or not unit.weighed)
        ]
        return able if len(able) >= getattr(promotion.saving, "minimum_units", 1) else []

    def _is_for_all(self, promotion: Promotion) -> bool:
        return by_the_unit(promotion) and self.times[promotion.code] >= len(self._able(promotion))

    def _ways_to_mark(self, promotion: Promotion) -> Iterator[tuple[int, ...]]:
        able = self._able(promotion)
        if self._is_for_all(promotion):
            yield tuple(able)
            return
        size = promotion.saving.per_units if isinstance(promotion.saving, AmountOff) else 1
        for sets in range(min(self.times[promotion.code], len(able) // size) + 1):
            yield from combinations(able, sets * size)

    def _cost(
        self,
        labels: Sequence[tuple[Promotion, int] | None],
        on_top: Sequence[Promotion],
        marked: Sequence[tuple[int, ...]],
    ) -> int | None:
        """Return what all units cost, None where a promotion of so many lies on a unit that cannot take it."""
        capped, free = [0] * len(self.units), [0] * len(self.units)
        for promotion, numbers in zip(on_top, marked, strict=True):
            for number in numbers:
                if not self._is_shut_out(labels[number], promotion):
                    (free if uncapped(promotion) else capped)[number] += self._claim(promotion, self.units[number])
                elif not self._is_for_all(promotion):
                    return None
        pools: dict[str, list[int]] = {}
        total = 0
        for number, (unit, label) in enumerate(zip(self.units, labels, strict=True)):
            within = min(unit.own, capped[number])
            total -= free[number]
            price = unit.own if label is None else self._unit_price(unit, *label)
            if price is not None:
                total += max(0, price - within)
            elif label is not None:
                pools.setdefault(label[0].code, []).append(number)
        by_code = {promotion.code: promotion for promotion in self.live}
        for code, pooled in pools.items():
            within = sum(min(self.units[number].own, capped[number]) for number in pooled)
            total += max(0, self._pool_price(by_code[code], [self.units[number] for number in pooled]) - within)
        return total

    @staticmethod
    def _is_shut_out(label: tuple[Promotion, int] | None, promotion: Promotion) -> bool:
        if label is None:
            return False
        stacking = label[0].stacking
        return stacking.mode == "exclusive" or (promotion.coupon is not None and not stacking.with_coupons)

    @staticmethod
    def _claim(promotion: Promotion, unit: Unit) -> int:
        saving = promotion.saving
        if isinstance(saving, PercentOff):
            return share_of(unit.own, saving.share)
        assert isinstance(saving, AmountOff)
        return unit.measured(saving.amount) // saving.per_units

    @staticmethod
    def _unit_price(unit: Unit, promotion: Promotion, part: int) -> int | None:
        """Return what a unit costs where each is worked out by itself."""
        base, saving = unit.base(promotion), promotion.saving
        match saving:
            case PercentOff():
                return base - share_of(base, saving.share)
            case FixedPrice():
                return min(base, unit.measured(saving.amount))
            case AmountOff(per_units=1):
                return max(0, base - unit.measured(saving.amount))
            case Bundle() if saving.share_off is not None:
                return base - share_of(base, saving.share_off)
            case BuyGet() if saving.get_goods is not None:
                return base - share_of(base, saving.share) if part else base
        return None

    @staticmethod
    def _pool_price(promotion: Promotion, units: Sequence[Unit]) -> int:
        bases, saving = [unit.base(promotion) for unit in units], promotion.saving
        size = sum(need for _, need in parts_of(promotion))
        sets = len(units) // size
        match saving:
            case MultiBuy():
                return saving.amount * sets
            case Bundle() if saving.price is not None:
                return saving.price * sets
            case Bundle():
                return sum(bases) - (saving.amount_off or 0) * sets
            case AmountOff():
                return sum(bases) - saving.amount * sets
            case BuyGet():
                return sum(bases) - max(
                    sum(share_of(base, saving.share) for each in way for base in sorted(each)[: saving.get])
                    for way in groupings(bases, size)
                )
        raise AssertionError(saving)

    def _basket_off(self, basket: Sequence[Promotion]) -> int:
        offs: dict[str, list[int]] = {"ordinary": [0], "exclusive": [0], "stackable": [0]}
        for promotion in basket:
            saving = promotion.saving
            assert isinstance(saving, BasketOff)
            amount = sum(
                unit.own
                for unit in self.units
                if selects(promotion.goods, unit.item) and not unit.is_left_alone(promotion)
            )
            for tier in reversed(saving.tiers):
                if tier.from_amount <= amount:
                    off = share_of(amount, tier.share_off) if tier.share_off is not None else tier.amount_off or 0
                    offs[promotion.stacking.mode].append(off)
                    break
        return max(*offs["exclusive"], max(offs["ordinary"]) + sum(offs["stackable"]))


def groupings(bases: Sequence[int], size: int) -> Iterator[list[list[int]]]:
    """Yield every way to put units into sets."""
    if not bases:
        yield []
        return
    for others in combinations(range(1, len(bases)), size - 1):
        first = [bases[0], *(bases[at] for at in others)]
        rest = [base for at, base in enumerate(bases) if at and at not in others]
        for way in groupings(rest, size):
            yield [first, *way]
