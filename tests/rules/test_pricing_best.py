"""The result is the best for the shopper: against every way there is, and what follows from it."""

from collections.abc import Sequence
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onebasket.commerce.pricing.rules import assigning, searching
from onebasket.commerce.pricing.rules.basket import Item, PricedBasket, Shopper, TaxRate
from onebasket.commerce.pricing.rules.choosing import Nodes
from onebasket.commerce.pricing.rules.compiling import compile_promotions
from onebasket.commerce.pricing.rules.deals import Deal
from onebasket.commerce.pricing.rules.pricing import price_basket
from onebasket.commerce.pricing.rules.promotions import Bundle, BundlePart, MultiBuy, PercentOff, Promotion, Stacking
from tests.rules.pricing_cases import (
    TERMS,
    coupon_lists,
    item,
    items,
    lists_of_promotions,
    price,
    promotion,
    shoppers,
    skus,
    taken,
)
from tests.rules.pricing_reference import Reference

BASKETS = {
    "items": items(),
    "promotions": lists_of_promotions(3),
    "shopper": shoppers,
    "coupons": coupon_lists,
}
TAXED = msgspec.structs.replace(TERMS, taxes=(TaxRate("state", "food", 20_000), TaxRate("state", "other", 88_750)))
ENOUGH = 100_000
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def priced(
    items: Sequence[Item], promotions: Sequence[Promotion], shopper: Shopper, coupons: Sequence[str]
) -> PricedBasket:
    return price_basket(items, compile_promotions(promotions), shopper, TAXED, coupons=coupons, nodes=ENOUGH)


@given(**BASKETS)
@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
def test_no_way_to_use_the_promotions_costs_less(
    items: list[Item], promotions: list[Promotion], shopper: Shopper, coupons: list[str]
) -> None:
    found = priced(items, promotions, shopper, coupons)

    assert found.method == "exact"
    assert found.total == Reference(items, promotions, shopper, coupons).least_total()


@pytest.mark.soak
@given(items=items(6), promotions=lists_of_promotions(5), shopper=shoppers, coupons=coupon_lists)
@settings(max_examples=3_000, deadline=None, suppress_health_check=SLOW)
def test_no_way_costs_less_at_length(
    items: list[Item], promotions: list[Promotion], shopper: Shopper, coupons: list[str]
) -> None:
    found = priced(items, promotions, shopper, coupons)

    assert found.total == Reference(items, promotions, shopper, coupons).least_total()


@given(**BASKETS)
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
def test_every_cent_is_accounted_for(
    items: list[Item], promotions: list[Promotion], shopper: Shopper, coupons: list[str]
) -> None:
    found = priced(items, promotions, shopper, coupons)
    by_code = {promotion.code: promotion for promotion in promotions}

    assert found.total >= 0
    assert found.total == sum(line.amount for line in found.lines)
    assert found.list_total - found.reduction_total == found.total
    assert found.tax_total == sum(tax.amount for line in found.lines for tax in line.taxes)
    for line in found.lines:
        assert line.list_amount - sum(reduction.amount for reduction in line.reductions) == line.amount
        assert all(reduction.amount > 0 for reduction in line.reductions)
        # What anybody but a manufacturer takes off leaves no line below zero.
        own = [
            reduction
            for reduction in line.reductions
            if reduction.reference not in by_code or reduction.funder != "manufacturer"
        ]
        assert sum(reduction.amount for reduction in own) <= line.list_amount
        assert {note.reference for note in line.notes if note.applied} >= {
            reduction.reference
            for reduction in line.reductions
            if reduction.kind != "basket" and by_code.get(reduction.reference)
        } - {code for code, each in by_code.items() if type(each.saving).__name__ == "BasketOff"}
    for use in found.uses:
        limits = by_code[use.reference].limits
        if limits.per_basket:
            assert use.times <= limits.per_basket
        if limits.per_customer:
            assert use.times + shopper.used.get(use.reference, 0) <= limits.per_customer


@given(**BASKETS, shuffler=st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_the_order_of_lines_and_promotions_changes_nothing(
    items: list[Item],
    promotions: list[Promotion],
    shopper: Shopper,
    coupons: list[str],
    shuffler: Random,
) -> None:
    found = priced(items, promotions, shopper, coupons)
    lines, rules, shown = list(items), list(promotions), list(coupons)
    for shuffled in (lines, rules, shown):
        shuffler.shuffle(shuffled)
    other = priced(lines, rules, shopper, shown)

    assert sorted(other.lines, key=lambda line: line.number) == sorted(found.lines, key=lambda line: line.number)
    assert msgspec.structs.replace(other, lines=()) == msgspec.structs.replace(found, lines=())


@given(**BASKETS)
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_one_more_promotion_costs_nobody_more(
    items: list[Item], promotions: list[Promotion], shopper: Shopper, coupons: list[str]
) -> None:
    with_all = priced(items, promotions, shopper, coupons)

    for left_out in promotions:
        rest = [promotion for promotion in promotions if promotion is not left_out]
        assert with_all.total <= priced(items, rest, shopper, coupons).total


@given(**BASKETS)
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_beyond_the_bound_the_fallback_keeps_every_other_promise(
    items: list[Item], promotions: list[Promotion], shopper: Shopper, coupons: list[str]
) -> None:
    compiled = compile_promotions(promotions)
    found = price_basket(items, compiled, shopper, TAXED, coupons=coupons, nodes=1)
    best = price_basket(items, compiled, shopper, TAXED, coupons=coupons, nodes=ENOUGH)

    assert found.total >= best.total
    assert found.total == best.total or found.method == "greedy"
    assert found.total == sum(line.amount for line in found.lines)
    assert found.nodes <= 1 + len(promotions)
    assert found == price_basket(items, compiled, shopper, TAXED, coupons=coupons, nodes=1)


def pair(code: str, one: str, other: str, off: int) -> Promotion:
    return promotion(code, Bundle((BundlePart(skus(one)), BundlePart(skus(other))), amount_off=off))


LINES = [item(sku, 1, 200) for sku in ("bread", "butter", "honey", "jam")]
PAIRS = [pair("best", "bread", "butter", 100), pair("b+h", "bread", "honey", 90), pair("b+j", "butter", "jam", 90)]


def test_the_greedy_choice_is_not_always_the_best() -> None:
    """Greedy takes the pair with most off and leaves honey and jam alone; the other two pairs take off more."""
    greedy, best = price(LINES, *PAIRS, nodes=1), price(LINES, *PAIRS)

    assert (greedy.total, greedy.method, taken(greedy)) == (700, "greedy", {"best": 100})
    assert (best.total, best.method, taken(best)) == (620, "exact", {"b+h": 90, "b+j": 90})


def test_without_the_search_a_basket_costs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the property: the greedy choice alone does not hold it."""

    def share_greedily(deals: Sequence[Deal], units: Sequence[int], _nodes: Nodes) -> searching.Shared:
        return msgspec.structs.replace(searching.share_units(deals, units, Nodes(0)), exact=True)

    monkeypatch.setattr(assigning, "share_units", share_greedily)

    found = price(LINES, *PAIRS)
    assert (found.total, found.method) == (700, "exact")
    assert found.total > Reference(LINES, PAIRS, Shopper()).least_total() == 620


def test_of_equal_promotions_the_first_by_code_is_used() -> None:
    for codes in (("a", "b"), ("b", "a")):
        equals = [promotion(code, PercentOff(100_000)) for code in codes]
        assert taken(price([item("soup", 1, 300)], *equals)) == {"a": 30}
        sets = [promotion(code, MultiBuy(2, 500)) for code in codes]
        assert taken(price([item("soup", 2, 300)], *sets)) == {"a": 100}
        alike = [promotion(code, PercentOff(100_000), stacking=Stacking(group="g")) for code in codes]
        assert taken(price([item("soup", 1, 300)], *alike)) == {"a": 30}
