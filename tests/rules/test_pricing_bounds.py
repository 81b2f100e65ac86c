"""However large a basket or dense the promotions: the work is bounded, and the cents are right."""

import pytest

from onebasket.commerce.pricing.rules.basket import Item
from onebasket.commerce.pricing.rules.pricing import NODES
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Bundle,
    BundlePart,
    BuyGet,
    Coupon,
    FixedPrice,
    Limits,
    MultiBuy,
    PercentOff,
    Promotion,
    Stacking,
)
from onebasket.kernel.quantity import MAX_QUANTITY
from tests.rules.pricing_cases import item, price, promotion, skus

SOUP, BREAD = skus("soup"), skus("bread")
SHUT = Stacking(mode="exclusive")
ON_TOP = Stacking(mode="stackable")
MEAL = Bundle((BundlePart(SOUP), BundlePart(BREAD)), price=400)
SHARED_MEAL = Bundle((BundlePart(skus("soup", "bread")), BundlePart(BREAD)), price=400)
PER_THREE = promotion("c", AmountOff(100, per_units=3), coupon=Coupon("#c", 0), stacking=ON_TOP)

LARGE: dict[str, tuple[list[Promotion], str]] = {
    "a multi-buy": ([promotion("p", MultiBuy(3, 500))], "exact"),
    "a buy-and-get": ([promotion("p", BuyGet(2, 1))], "exact"),
    "a bundle": ([promotion("p", MEAL)], "exact"),
    "a bundle whose parts share goods": ([promotion("p", SHARED_MEAL)], "greedy"),
    "a coupon for every three": ([PER_THREE], "exact"),
    "that an exclusive one keeps out": ([PER_THREE, promotion("p", FixedPrice(190), stacking=SHUT)], "greedy"),
    "two that share goods": ([promotion("p", MultiBuy(3, 500)), promotion("q", BuyGet(1, 1), BREAD)], "greedy"),
    "a least number": ([promotion("p", AmountOff(20, minimum_units=5))], "exact"),
}


@pytest.mark.parametrize(("promotions", "method"), LARGE.values(), ids=LARGE.keys())
def test_quantities_are_numbers(promotions: list[Promotion], method: str) -> None:
    found = price([item("soup", MAX_QUANTITY, 200), item("bread", MAX_QUANTITY, 300)], *promotions, coupons=["#c"])

    assert (found.method, found.nodes <= NODES) == (method, True)
    assert 0 < found.total < 500 * MAX_QUANTITY
    assert found.total == sum(line.amount for line in found.lines)


def many(sku: str, count: int) -> list[Item]:
    return [item(f"{sku}-{number}", 1 + number % 3, 99 + 50 * (number % 5)) for number in range(count)]


DENSE: dict[str, tuple[list[Item], list[Promotion]]] = {
    "five hundred sets of everything": (
        many("s", 50),
        [promotion(f"p{number}", MultiBuy(2 + number % 8, 300 + number)) for number in range(500)],
    ),
    "a thousand lines": (
        many("s", 1_000),
        [
            promotion("a", MultiBuy(3, 500)),
            promotion("b", BuyGet(1, 1)),
            promotion("c", PercentOff(100_000), limits=Limits(5)),
        ],
    ),
    "coupons that are kept out everywhere": (
        many("s", 300),
        [
            promotion("a", FixedPrice(90), stacking=SHUT),
            promotion("c", AmountOff(120), coupon=Coupon("#c"), stacking=ON_TOP),
        ],
    ),
    "twelve groups of four": (
        many("s", 12),
        [
            promotion(f"p{number}-{choice}", PercentOff(100_000 * choice), stacking=Stacking(group=f"g{number}"))
            for number in range(12)
            for choice in range(1, 5)
        ],
    ),
}


@pytest.mark.parametrize(("items", "promotions"), DENSE.values(), ids=DENSE.keys())
def test_dense_promotions_come_to_the_bound(items: list[Item], promotions: list[Promotion]) -> None:
    found = price(items, *promotions, coupons=["#c"] * 20)

    assert (found.method, found.nodes <= NODES) == ("greedy", True)
    assert 0 < found.total < found.list_total
    assert found.total == sum(line.amount for line in found.lines)


def test_groups_that_nothing_connects_are_chosen_apart() -> None:
    """Ten groups of four promotions: forty choices, not 4^10."""
    promotions = [
        promotion(
            f"p{number}-{choice}",
            PercentOff(100_000 * choice),
            skus(f"s-{number}"),
            stacking=Stacking(group=f"g{number}"),
        )
        for number in range(10)
        for choice in range(1, 5)
    ]
    found = price(many("s", 10), *promotions)

    assert (found.method, found.nodes) == ("exact", 30)
    assert {use.reference for use in found.uses} == {f"p{number}-4" for number in range(10)}
