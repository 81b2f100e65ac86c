"""What each kind of promotion makes of a basket, in cents."""

import pytest

from onebasket.commerce.pricing.rules.basket import Item, UnitPrice
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    BasketOff,
    Bundle,
    BundlePart,
    BuyGet,
    FixedPrice,
    Limits,
    MultiBuy,
    PercentOff,
    Saving,
    Selector,
    Tier,
)
from tests.rules.pricing_cases import EVERYTHING, amounts, item, price, promotion, skus, taken, weighed

SOUP, BREAD, JAM = "soup", "bread", "jam"

SAVINGS: dict[str, tuple[Saving, list[Item], list[int]]] = {
    "an amount off each": (AmountOff(50), [item(SOUP, 3, 199)], [447]),
    "an amount off is not more than the price": (AmountOff(250), [item(SOUP, 3, 199)], [0]),
    "an amount off every three": (AmountOff(100, per_units=3), [item(SOUP, 7, 199)], [1_193]),
    "an amount off each kilogram": (AmountOff(100), [weighed(SOUP, 842, 399)], [252]),
    "an amount off from three on: two": (AmountOff(50, minimum_units=3), [item(SOUP, 2, 199)], [398]),
    "an amount off from three on: four": (AmountOff(50, minimum_units=3), [item(SOUP, 4, 199)], [596]),
    "from three on, of several goods": (
        AmountOff(50, minimum_units=3),
        [item(SOUP, 2, 199), item(BREAD, 1, 249)],
        [298, 199],
    ),
    "a share off each, rounded for each": (PercentOff(250_000), [item(SOUP, 4, 99)], [296]),
    "a share off by weight": (PercentOff(100_000), [weighed(SOUP, 842, 399)], [302]),
    "a share that rounds half up": (PercentOff(500_000), [item(SOUP, 1, 199)], [99]),
    "everything off": (PercentOff(1_000_000), [item(SOUP, 2, 199)], [0]),
    "a fixed price": (FixedPrice(149), [item(SOUP, 2, 199)], [298]),
    "a fixed price for a kilogram": (FixedPrice(299), [weighed(SOUP, 842, 399)], [252]),
    "a fixed price above the shelf's": (FixedPrice(249), [item(SOUP, 2, 199)], [398]),
    "three for $5: seven": (MultiBuy(3, 500), [item(SOUP, 7, 199)], [1_199]),
    "three for $5: two": (MultiBuy(3, 500), [item(SOUP, 2, 199)], [398]),
    "three for $5 takes the dearest": (MultiBuy(3, 500), [item(SOUP, 2, 150), item(BREAD, 3, 250)], [300, 500]),
    "three for $5 that cost less": (MultiBuy(3, 500), [item(SOUP, 3, 150)], [450]),
    "three for $5 shares the odd cent": (
        MultiBuy(3, 500),
        [item(SOUP, 1, 200), item(BREAD, 1, 200), item(JAM, 1, 200)],
        [167, 166, 167],
    ),
    "two and one free: the cheapest": (
        BuyGet(2, 1),
        [item(SOUP, 1, 300), item(BREAD, 1, 200), item(JAM, 1, 100)],
        [250, 167, 83],
    ),
    "two and one free: six make two sets": (BuyGet(2, 1), [item(SOUP, 3, 300), item(BREAD, 3, 100)], [600, 200]),
    "one and one at half the price": (BuyGet(1, 1, 500_000), [item(SOUP, 2, 199)], [298]),
    "a bread with every two soups": (
        BuyGet(2, 1, get_goods=skus(BREAD)),
        [item(SOUP, 4, 100), item(BREAD, 3, 250)],
        [178, 472],
    ),
    "meal for $6": (
        Bundle((BundlePart(skus(SOUP)), BundlePart(skus(BREAD, JAM))), price=600),
        [item(SOUP, 2, 400), item(BREAD, 1, 350), item(JAM, 1, 300)],
        [662, 290, 248],
    ),
    "a bundle with $1 off": (
        Bundle((BundlePart(skus(SOUP), 2), BundlePart(skus(BREAD))), amount_off=100),
        [item(SOUP, 5, 100), item(BREAD, 3, 200)],
        [400, 500],
    ),
    "a bundle at a quarter off": (
        Bundle((BundlePart(skus(SOUP)), BundlePart(skus(BREAD))), share_off=250_000),
        [item(SOUP, 2, 199), item(BREAD, 1, 99)],
        [348, 74],
    ),
}


@pytest.mark.parametrize(("saving", "items", "expected"), SAVINGS.values(), ids=SAVINGS.keys())
def test_what_a_promotion_makes_of_a_basket(saving: Saving, items: list[Item], expected: list[int]) -> None:
    goods = skus(SOUP) if isinstance(saving, BuyGet) and saving.get_goods else EVERYTHING

    found = price(items, promotion("p", saving, goods))

    assert amounts(found) == expected
    assert found.total == sum(expected)
    assert found.method == "exact"


TIERS = BasketOff((Tier(5_000, amount_off=500), Tier(10_000, share_off=100_000)))
BASKETS = {
    "below the first tier": (49_99, 49_99),
    "at the first tier": (50_00, 45_00),
    "below the second": (99_99, 94_99),
    "at the second: a share": (100_00, 90_00),
    "far above it": (123_45, 111_10),
}


@pytest.mark.parametrize(("amount", "expected"), BASKETS.values(), ids=BASKETS.keys())
def test_a_basket_promotion_goes_by_what_the_goods_cost(amount: int, expected: int) -> None:
    assert price([item(SOUP, 1, amount)], promotion("p", TIERS)).total == expected


def test_a_basket_promotion_is_measured_before_the_others_and_taken_off_in_proportion() -> None:
    """60.00 at the shelf reaches 50.00, though 30 % off brings it to 42.00."""
    found = price(
        [item(SOUP, 1, 40_00), item(BREAD, 1, 20_00)],
        promotion("p", TIERS),
        promotion("sale", PercentOff(300_000)),
    )

    assert taken(found) == {"sale": 18_00, "p": 5_00}
    assert amounts(found) == [24_67, 12_33]


def test_a_basket_promotion_counts_its_own_goods_and_goes_on_to_others_only_when_they_cost_nothing_more() -> None:
    soups = promotion("p", BasketOff((Tier(10_00, amount_off=10_00),)), skus(SOUP))
    items = [item(SOUP, 1, 10_00), item(BREAD, 1, 5_00)]

    assert amounts(price(items, soups)) == [0, 5_00]
    assert amounts(price(items, soups, promotion("half", PercentOff(500_000), skus(SOUP)))) == [0, 0]
    assert price([item(SOUP, 1, 9_99), item(BREAD, 1, 5_00)], soups).total == 14_99


GOODS = {
    "by SKU": (skus(SOUP), 100),
    "by group": (Selector(groups=frozenset({"category:Soup"})), 100),
    "everything": (EVERYTHING, 300),
    "everything but a SKU": (Selector(everything=True, without_skus=frozenset({SOUP})), 200),
    "everything but a group": (Selector(everything=True, without_groups=frozenset({"category:Soup"})), 200),
    "a SKU of a group left out": (
        Selector(skus=frozenset({SOUP}), without_groups=frozenset({"category:Soup"})),
        0,
    ),
    "something that is not there": (skus(JAM), 0),
}


@pytest.mark.parametrize(("goods", "off"), GOODS.values(), ids=GOODS.keys())
def test_which_goods_a_promotion_covers(goods: Selector, off: int) -> None:
    items = [
        item(SOUP, 1, 300, groups=frozenset({"category:Soup"})),
        item(BREAD, 2, 300, groups=frozenset({"category:Bakery"})),
    ]

    assert price(items, promotion("p", AmountOff(100), goods)).reduction_total == off


LIMITS = {
    "two units": (AmountOff(50), Limits(per_basket=2), 100),
    "one set": (MultiBuy(2, 300), Limits(per_basket=1), 98),
    "two of the dearest": (PercentOff(500_000), Limits(per_basket=2), 300),
}


@pytest.mark.parametrize(("saving", "limits", "off"), LIMITS.values(), ids=LIMITS.keys())
def test_a_limit_of_a_basket(saving: Saving, limits: Limits, off: int) -> None:
    """Of five soups at 199 and two breads at 300: for two units with a share off the dearest are taken."""
    items = [item(SOUP, 5, 199), item(BREAD, 2, 300)]
    goods = skus(SOUP) if not isinstance(saving, PercentOff) else EVERYTHING

    found = price(items, promotion("p", saving, goods, limits=limits))

    assert found.reduction_total == off
    assert found.uses[0].times <= 2


def test_sets_by_weight_there_are_none() -> None:
    assert price([weighed(SOUP, 3_000, 399)], promotion("p", MultiBuy(3, 1))).reduction_total == 0


def test_a_price_for_several_units_is_shared_out_to_the_cent() -> None:
    """Three for $1 at the shelf: 34, 33 and 33 cents; half off a single one takes off 17."""
    three = Item(1, SOUP, 3, UnitPrice(100, 3))

    assert price([three]).total == 100
    assert price([three], promotion("p", PercentOff(500_000), limits=Limits(1))).total == 83


def test_large_quantities_are_priced_as_numbers_not_as_units() -> None:
    found = price([item(SOUP, 1_000_000, 199)], promotion("p", MultiBuy(3, 500)), promotion("q", BuyGet(1, 1)))

    assert (found.total, found.method) == (99_500_000, "exact")
