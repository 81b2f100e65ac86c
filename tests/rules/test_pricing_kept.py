"""What is paid back for goods of a broken promotion, by either policy."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onebasket.commerce.pricing.rules.allocating import allocate, portion
from onebasket.commerce.pricing.rules.basket import Item, Shopper, TaxRate
from onebasket.commerce.pricing.rules.compiling import compile_promotions
from onebasket.commerce.pricing.rules.kept import (
    BasketAsk,
    price_ask,
    refund_allocated,
    refund_by_repricing,
    reprice_kept,
)
from onebasket.commerce.pricing.rules.promotions import (
    BasketOff,
    Bundle,
    BundlePart,
    MultiBuy,
    Promotion,
    Tier,
)
from tests.rules.pricing_cases import (
    ANYONE,
    TERMS,
    coupon_lists,
    item,
    items,
    lists_of_promotions,
    promotion,
    shoppers,
    skus,
)

TAXED = msgspec.structs.replace(TERMS, taxes=(TaxRate("state", "food", 100_000),), tax_included=False)
DEAL = promotion("3for5", MultiBuy(3, 500))


def ask(*lines: Item, terms: object = TERMS) -> BasketAsk:
    numbered = tuple(msgspec.structs.replace(line, number=number) for number, line in enumerate(lines, start=1))
    return BasketAsk(numbered, ANYONE, terms)  # type: ignore[arg-type]


SOUPS = ask(item("soup", 3, 200))
"""Three soups at 2.00, for 5.00 together."""


def test_allocated_each_soup_is_worth_its_part_of_five_dollars() -> None:
    line = price_ask(SOUPS, compile_promotions([DEAL])).lines[0]

    backs = [refund_allocated(line, 1, before) for before in range(3)]
    assert [back.amount for back in backs] == [167, 166, 167]
    assert [back.reductions[0].amount for back in backs] == [33, 34, 33]
    assert refund_allocated(line, 3).amount == 500
    assert refund_allocated(line, 2, 1).amount == 333


def test_allocated_no_more_comes_back_than_was_bought() -> None:
    line = price_ask(SOUPS, compile_promotions([DEAL])).lines[0]

    for back, before in ((4, 0), (1, 3), (-1, 0), (1, -1)):
        with pytest.raises(ValueError, match="more comes back"):
            refund_allocated(line, back, before)


def test_repriced_who_breaks_the_deal_pays_for_it() -> None:
    rules = compile_promotions([DEAL])

    first = refund_by_repricing(SOUPS, rules, {1: 2})
    assert (first.total, first.owed) == (100, 0)  # 5.00 less two at 2.00
    assert [(line.quantity, line.amount) for line in first.lines] == [(1, 100)]
    assert refund_by_repricing(SOUPS, rules, {1: 1}, kept_before={1: 2}).total == 200
    assert refund_by_repricing(SOUPS, rules, {}, kept_before={1: 1}).total == 200
    assert refund_by_repricing(SOUPS, rules, {}).total == 500


def test_repriced_goods_that_are_kept_bear_what_they_cost_more() -> None:
    """Soup 4.00 and bread 3.00 for 5.00 together: 2.86 and 2.14. Soup kept at 4.00 leaves 1.00 for the bread."""
    basket = ask(item("soup", 1, 400, tax_class="food"), item("bread", 1, 300, tax_class="food"), terms=TAXED)
    meal = Bundle((BundlePart(skus("soup")), BundlePart(skus("bread"))), price=500)
    found = refund_by_repricing(basket, compile_promotions([promotion("meal", meal)]), {1: 1})

    assert [(line.sku, line.quantity, line.amount, line.taxes[0].amount) for line in found.lines] == [
        ("soup", 0, -114, -11),
        ("bread", 1, 214, 21),
    ]
    assert [line.reductions[0].amount for line in found.lines] == [114, 86]
    assert found.total == 110


def test_repriced_nothing_is_asked_back_but_goes_off_what_comes_back_later() -> None:
    """A bundle below the soup's own price: the bread gives nothing back, and 1.00 goes off the soup."""
    basket = ask(item("soup", 1, 400), item("bread", 1, 300))
    rules = compile_promotions(
        [promotion("p", Bundle((BundlePart(skus("soup")), BundlePart(skus("bread"))), price=300))]
    )

    bread = refund_by_repricing(basket, rules, {1: 1})
    assert (bread.total, bread.owed) == (0, 100)
    soup = refund_by_repricing(basket, rules, {}, kept_before={1: 1}, owed_before=bread.owed)
    assert (soup.total, soup.owed) == (300, 0)


def test_repriced_a_threshold_may_be_lost() -> None:
    basket = ask(item("soup", 10, 500), item("bread", 1, 100))
    rules = compile_promotions([promotion("p", BasketOff((Tier(5_000, amount_off=500),)))])

    assert refund_by_repricing(basket, rules, {1: 10}).total == 100
    assert refund_by_repricing(basket, rules, {1: 9, 2: 1}).total == 0


def test_repriced_a_label_is_shared_out() -> None:
    basket = ask(item("soup", 3, 200, label_amount=500))

    assert reprice_kept(basket, compile_promotions([]), {1: 2}).total == 333


def test_repriced_no_more_is_kept_than_was_bought() -> None:
    with pytest.raises(ValueError, match="more is kept"):
        reprice_kept(SOUPS, compile_promotions([]), {1: 4})


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@given(items(), lists_of_promotions(3), shoppers, coupon_lists, st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_piece_by_piece_everything_that_was_paid_comes_back(
    lines: list[Item], promotions: Sequence[Promotion], shopper: Shopper, coupons: list[str], data: st.DataObject
) -> None:
    """By either policy: all units back, in whatever pieces, give exactly what was paid."""
    basket, rules = BasketAsk(tuple(lines), shopper, TAXED, tuple(coupons)), compile_promotions(promotions)
    paid = price_ask(basket, rules)
    kept = {line.number: line.quantity for line in paid.lines}
    allocated = repriced = owed = 0
    while any(kept.values()):
        number = data.draw(st.sampled_from(sorted(number for number, left in kept.items() if left)))
        line = next(line for line in paid.lines if line.number == number)
        back = data.draw(st.integers(1, kept[number]))
        part = refund_allocated(line, back, line.quantity - kept[number])
        allocated += part.amount + sum(tax.amount for tax in part.taxes)
        after = {**kept, number: kept[number] - back}
        refund = refund_by_repricing(basket, rules, after, kept_before=kept, owed_before=owed)
        repriced, owed, kept = repriced + refund.total, refund.owed, after
        assert repriced >= 0

    assert allocated == paid.total
    assert repriced - owed == paid.total


@given(st.integers(-10_000, 10_000), st.lists(st.integers(0, 5_000), min_size=1, max_size=8))
def test_an_allocation_sums_up_and_exceeds_no_weight(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)

    assert sum(parts) == amount
    if abs(amount) <= sum(weights):
        assert all(abs(part) <= weight for part, weight in zip(parts, weights, strict=True))


def test_an_allocation_gives_the_odd_cents_to_the_largest_remainders() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(100, [10, 20, 37]) == [15, 30, 55]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(5, [0, 0]) == [5, 0]
    assert allocate(5, []) == []


@given(st.integers(-10_000, 10_000), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_portions_sum_up(amount: int, pieces: list[int]) -> None:
    taken, total = 0, 0
    for units in pieces:
        total += portion(amount, units, before=taken, of=sum(pieces))
        taken += units

    assert total == amount
