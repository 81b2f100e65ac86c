"""Goods, baskets and a thousand live promotions to measure pricing with: made up, or the real chain's baskets."""

import random
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import accumulate, islice

import msgspec

from onebasket.channels.demo.journey import JourneyBasket, read_baskets, read_products
from onebasket.commerce.pricing.rules.basket import Item, UnitPrice
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    BasketOff,
    Bundle,
    BundlePart,
    BuyGet,
    Coupon,
    FixedPrice,
    Limits,
    MultiBuy,
    PercentOff,
    Promotion,
    Saving,
    Selector,
    Stacking,
    Tier,
)

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
BY_WEIGHT = 200
"""A line of the data with a higher quantity is fuel, in thousandths."""
COUPONS = 40


class Good(msgspec.Struct, frozen=True):
    """Something sold: its price, and the groups from the narrowest to the widest."""

    sku: str
    amount: int
    groups: tuple[str, ...]


class World(msgspec.Struct, frozen=True):
    """Goods, and baskets of them."""

    goods: tuple[Good, ...]
    baskets: tuple[tuple[Item, ...], ...]


def made_up_world(*, goods: int, baskets: int, lines: int, seed: int) -> World:
    """Make goods in types, categories and departments, and baskets of so many of them, each as likely as the other."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    made = [
        Good(
            f"sku-{number:05d}",
            chance.choice((99, 149, 199, 249, 299, 399, 499, 799)),
            (f"type:{number % (goods // 8)}", f"category:{number % (goods // 40)}", f"department:{number % 20}"),
        )
        for number in range(goods)
    ]
    return World(
        tuple(made),
        tuple(
            tuple(_line(number, good, chance) for number, good in enumerate(chance.sample(made, lines), start=1))
            for _ in range(baskets)
        ),
    )


def real_world(*, most: int, every: int) -> World:
    """Take every so-manieth basket of the data, with the goods in them, the best sold first."""
    groups = {
        str(product["product_id"]): tuple(
            f"{name}:{product[column]}"
            for name, column in (
                ("type", "product_type"),
                ("category", "product_category"),
                ("department", "department"),
            )
        )
        for product in read_products()
    }
    taken = islice(islice(read_baskets(), 0, None, every), most)
    baskets = [lines for basket in taken if (lines := _real_lines(basket, groups))]
    sold = Counter(line.sku for lines in baskets for line in lines)
    amounts = {line.sku: line.shelf.amount // line.shelf.per_quantity for lines in baskets for line in lines}
    ordered = sorted(sold, key=lambda sku: (-sold[sku], sku))
    return World(tuple(Good(sku, max(1, amounts[sku]), groups[sku]) for sku in ordered), tuple(baskets))


def _line(number: int, good: Good, chance: random.Random) -> Item:
    card = UnitPrice(good.amount * 9 // 10) if chance.random() < 0.4 else None  # noqa: PLR2004 - as in the data, half
    return Item(
        number,
        good.sku,
        chance.choice((1, 1, 1, 2, 2, 3)),
        UnitPrice(good.amount),
        loyalty=card,
        groups=frozenset(good.groups),
        tax_class=good.groups[-1],
    )


def _real_lines(basket: JourneyBasket, groups: dict[str, tuple[str, ...]]) -> tuple[Item, ...]:
    return tuple(
        Item(
            number,
            str(line.product_id),
            line.quantity,
            UnitPrice(line.list_amount, line.quantity),
            unit_steps=1_000 if line.quantity > BY_WEIGHT else 1,
            loyalty=UnitPrice(line.list_amount - line.card_discount, line.quantity) if line.card_discount else None,
            groups=frozenset(groups[str(line.product_id)]),
        )
        for number, line in enumerate(basket.lines, start=1)
        if line.quantity > 0 and str(line.product_id) in groups
    )


Made = tuple[Saving, Selector, dict[str, object]]
Maker = Callable[[Good, Selector, random.Random], Made]


def make_promotions(goods: Sequence[Good], count: int, *, seed: int) -> list[Promotion]:
    """Make live promotions, more for goods near the front, each with others of its type or for its category."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    of_type: dict[str, list[str]] = {}
    for good in goods:
        of_type.setdefault(good.groups[0], []).append(good.sku)
    makers = [maker for _, maker in _MAKERS]
    limits = list(accumulate(weight for weight, _ in _MAKERS))
    made = []
    for number in range(count):
        good = _popular(goods, chance)
        if chance.random() < 0.9:  # noqa: PLR2004 - most promotions name their goods
            alike = of_type[good.groups[0]]
            named = {good.sku, *chance.sample(alike, min(len(alike), chance.randint(1, 12)))}
            covered = Selector(skus=frozenset(named))
        else:
            covered = Selector(groups=frozenset({good.groups[1]}))
        maker = makers[bisect(limits, chance.randrange(limits[-1]))]
        if maker is _bundle:
            covered = Selector(groups=frozenset({_popular(goods, chance).groups[1]}))
        saving, selected, more = maker(good, covered, chance)
        if more.pop("coupon", None):
            more["coupon"] = Coupon(f"coupon-{number % COUPONS}")
        made.append(
            Promotion(
                code=f"P{number:04d}",
                name=f"Promotion {number}",
                saving=saving,
                goods=selected,
                valid_from=SINCE,
                currency="USD",
                **more,  # type: ignore[arg-type]
            )
        )
    return made


def shown_coupons() -> tuple[str, ...]:
    """Return what a shopper presents: every fourth coupon there is."""
    return tuple(f"coupon-{number}" for number in range(0, COUPONS, 4))


def _popular(goods: Sequence[Good], chance: random.Random) -> Good:
    return goods[min(len(goods) - 1, int(chance.expovariate(10 / len(goods))))]


def _percent(_good: Good, covered: Selector, chance: random.Random) -> Made:
    return PercentOff(chance.choice((100_000, 150_000, 200_000, 300_000))), covered, {}


def _amount(good: Good, covered: Selector, _chance: random.Random) -> Made:
    return AmountOff(max(5, good.amount // 5)), covered, {}


def _fixed(good: Good, covered: Selector, _chance: random.Random) -> Made:
    return FixedPrice(max(1, good.amount * 8 // 10)), covered, {}


def _multi_buy(good: Good, covered: Selector, chance: random.Random) -> Made:
    units = chance.choice((2, 2, 3, 4, 5, 10))
    return MultiBuy(units, max(1, good.amount * units * 8 // 10)), covered, {}


def _buy_get(_good: Good, covered: Selector, chance: random.Random) -> Made:
    return BuyGet(chance.choice((1, 1, 1, 2, 3)), 1, chance.choice((1_000_000, 1_000_000, 500_000))), covered, {}


def _bundle(good: Good, covered: Selector, _chance: random.Random) -> Made:
    parts = (BundlePart(Selector(groups=frozenset({good.groups[0]}))), BundlePart(covered))
    return Bundle(parts, amount_off=100), Selector(), {}


def _five_or_more(_good: Good, covered: Selector, _chance: random.Random) -> Made:
    return AmountOff(100, minimum_units=5), covered, {}


def _coupon(_good: Good, covered: Selector, chance: random.Random) -> Made:
    more: dict[str, object] = {
        "coupon": True,
        "funder": "manufacturer",
        "stacking": Stacking(mode="stackable", with_markdown=True),
    }
    return AmountOff(chance.choice((35, 50, 75, 100))), covered, more


def _two_at_most(_good: Good, covered: Selector, _chance: random.Random) -> Made:
    return PercentOff(200_000), covered, {"limits": Limits(per_basket=2)}


def _basket(_good: Good, _covered: Selector, _chance: random.Random) -> Made:
    tiers = (Tier(5_000, amount_off=500), Tier(10_000, amount_off=1_200))
    return BasketOff(tiers), Selector(everything=True), {}


_MAKERS: tuple[tuple[int, Maker], ...] = (
    (250, _percent),
    (80, _amount),
    (220, _fixed),
    (170, _multi_buy),
    (100, _buy_get),
    (50, _bundle),
    (30, _five_or_more),
    (70, _coupon),
    (25, _two_at_most),
    (5, _basket),
)
"""What is made how often, in thousandths."""
