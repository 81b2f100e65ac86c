"""Coupons: who pays for them, how often they count, what they go with, and what they may exceed."""

import msgspec
import pytest

from onebasket.commerce.pricing.rules import marking
from onebasket.commerce.pricing.rules.basket import PromotionUse, TaxRate
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    BasketOff,
    Coupon,
    FixedPrice,
    MultiBuy,
    PercentOff,
    Promotion,
    Saving,
    Stacking,
    Tier,
)
from onebasket.commerce.pricing.rules.wording import reason_of
from tests.rules.pricing_cases import TERMS, amounts, item, price, promotion, reasons, skus, taken

SOUP = skus("soup")
ON_TOP = Stacking(mode="stackable", with_markdown=True)


def coupon(code: str, saving: Saving, *, uses: int = 1, funder: str = "manufacturer", **more: object) -> Promotion:
    more.setdefault("stacking", ON_TOP)
    return promotion(code, saving, SOUP, coupon=Coupon(f"#{code}", uses), funder=funder, **more)


DOLLAR = coupon("c", AmountOff(100))
STORE_DOLLAR = coupon("c", AmountOff(100), funder="retailer")

PRESENTED = {
    "not at all": ([], 0, 0),
    "once": (["#c"], 100, 1),
    "twice": (["#c", "#c"], 200, 2),
    "more often than there are goods": (["#c"] * 5, 300, 3),
    "another one": (["#d"], 0, 0),
}


@pytest.mark.parametrize(("shown", "off", "times"), PRESENTED.values(), ids=PRESENTED.keys())
def test_a_coupon_counts_as_often_as_it_is_presented(shown: list[str], off: int, times: int) -> None:
    found = price([item("soup", 3, 250)], DOLLAR, coupons=shown)

    assert found.reduction_total == off
    assert found.uses == ((PromotionUse("c", "#c", times),) if times else ())


def test_a_coupon_may_be_good_for_several_units_or_for_any_number() -> None:
    soups = [item("soup", 3, 250)]

    assert price(soups, coupon("c", AmountOff(100), uses=2), coupons=["#c"]).reduction_total == 200
    assert price(soups, coupon("c", PercentOff(200_000), uses=0), coupons=["#c"]).reduction_total == 150


def test_a_coupon_for_several_units_needs_them_all() -> None:
    three = coupon("c", AmountOff(100, per_units=3), uses=0)

    assert [price([item("soup", units, 250)], three, coupons=["#c"]).reduction_total for units in (2, 3, 5, 6)] == [
        0,
        100,
        100,
        200,
    ]


def test_a_coupon_goes_to_the_units_where_it_takes_off_most() -> None:
    half = promotion("c", PercentOff(500_000), stacking=ON_TOP, coupon=Coupon("#c"))
    found = price([item("bread", 2, 200), item("soup", 2, 300)], half, coupons=["#c"])

    assert amounts(found) == [400, 450]


def test_what_a_manufacturer_pays_may_exceed_the_line_and_settles_per_basket() -> None:
    found = price([item("soup", 1, 60), item("bread", 1, 200)], DOLLAR, coupons=["#c"])

    assert amounts(found) == [-40, 200]
    assert found.total == 160


def test_what_the_shop_pays_does_not_exceed_the_goods() -> None:
    found = price([item("soup", 1, 60), item("bread", 1, 200)], STORE_DOLLAR, coupons=["#c"])

    assert amounts(found) == [0, 200]


def test_the_total_stays_at_nothing_unless_money_may_be_paid_out() -> None:
    lines = [item("soup", 2, 60)]
    paying_out = msgspec.structs.replace(TERMS, below_zero=True)

    kept = price(lines, DOLLAR, coupons=["#c", "#c"])
    assert (kept.total, taken(kept)) == (0, {"c": 120})
    paid_out = price(lines, DOLLAR, coupons=["#c", "#c"], terms=paying_out)
    assert (paid_out.total, taken(paid_out)) == (-80, {"c": 200})


def test_of_several_coupons_the_last_is_cut_where_the_total_would_be_below_nothing() -> None:
    other = coupon("d", AmountOff(50))

    assert taken(price([item("soup", 1, 120)], DOLLAR, other, coupons=["#c", "#d"])) == {"c": 100, "d": 20}


def test_a_manufacturers_coupon_stays_in_the_tax_base_a_shops_does_not() -> None:
    terms = msgspec.structs.replace(TERMS, taxes=(TaxRate("state", "food", 100_000),), tax_included=False)
    soup = [item("soup", 1, 300, tax_class="food")]

    by_manufacturer = price(soup, DOLLAR, coupons=["#c"], terms=terms)
    assert [(tax.base, tax.amount) for tax in by_manufacturer.lines[0].taxes] == [(300, 30)]
    assert by_manufacturer.total == 230
    by_shop = price(soup, STORE_DOLLAR, coupons=["#c"], terms=terms)
    assert [(tax.base, tax.amount) for tax in by_shop.lines[0].taxes] == [(200, 20)]
    assert by_shop.total == 220


NO_COUPONS = Stacking(with_coupons=False)
EXCLUSIVE = Stacking(mode="exclusive")
WITH: dict[str, tuple[Promotion, int, dict[str, int]]] = {
    "an ordinary promotion takes it on top": (promotion("p", FixedPrice(200)), 1, {"p": 50, "c": 100}),
    "one that shuts coupons out loses where it takes off less": (
        promotion("p", FixedPrice(200), stacking=NO_COUPONS),
        1,
        {"c": 100},
    ),
    "and wins where it takes off more": (promotion("p", FixedPrice(100), stacking=NO_COUPONS), 1, {"p": 150}),
    "with two units each has one": (promotion("p", FixedPrice(200), stacking=NO_COUPONS), 2, {"p": 50, "c": 100}),
    "an exclusive one likewise": (promotion("p", FixedPrice(200), stacking=EXCLUSIVE), 2, {"p": 50, "c": 100}),
    "a set is broken for a coupon that takes off more": (
        promotion("p", MultiBuy(2, 450), stacking=NO_COUPONS),
        2,
        {"c": 100},
    ),
    "a set stands where the coupon takes off less": (
        promotion("p", MultiBuy(2, 300), stacking=NO_COUPONS),
        2,
        {"p": 200},
    ),
    "a set and a coupon": (promotion("p", MultiBuy(2, 300), stacking=NO_COUPONS), 3, {"p": 200, "c": 100}),
}


@pytest.mark.parametrize(("other", "units", "expected"), WITH.values(), ids=WITH.keys())
def test_a_coupon_beside_a_promotion(other: Promotion, units: int, expected: dict[str, int]) -> None:
    for mine in (DOLLAR, STORE_DOLLAR):
        found = price([item("soup", units, 250)], other, mine, coupons=["#c"])

        assert taken(found) == expected
        assert found.method == "exact"


def test_a_coupon_that_another_ones_place_keeps_out_is_tried_everywhere_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exclusive 3 for 600 of two soups and two breads takes off 80, or 10 without a soup that has its coupon.

    The two coupons alone take off 250. The negative control: looked at one by one, the bread's coupon loses to the
    three that gave way to the soup's, and the soup's to the three that are dearest.
    """
    items = [item("soup", 2, 250), item("bread", 2, 180)]
    three = promotion("p", MultiBuy(3, 600), stacking=EXCLUSIVE)
    bread_dollar = promotion("d", AmountOff(100), skus("bread"), coupon=Coupon("#d"), stacking=ON_TOP)
    offered = [three, coupon("c", AmountOff(150)), bread_dollar]

    assert taken(price(items, *offered, coupons=["#c", "#d"])) == {"c": 150, "d": 100}
    monkeypatch.setattr(marking, "_still_kept", lambda _tried, _cost: [])
    assert taken(price(items, *offered, coupons=["#c", "#d"])) == {"p": 80, "d": 100}


def test_a_shops_coupon_takes_no_more_than_a_set_costs() -> None:
    """Two for 150 with a dollar off each: 150 in all, not 200."""
    pair = promotion("p", MultiBuy(2, 150))
    items = [item("soup", 2, 250)]

    found = price(items, pair, STORE_DOLLAR, coupons=["#c", "#c"])
    assert (found.total, taken(found)) == (0, {"p": 300, "c": 200})
    assert price(items, pair, DOLLAR, coupons=["#c", "#c"]).total == 0
    assert price([*items, item("bread", 1, 99)], pair, DOLLAR, coupons=["#c", "#c"]).total == 49


def test_an_ordinary_coupon_competes_with_promotions() -> None:
    instead = coupon("c", MultiBuy(3, 500), stacking=Stacking())

    assert taken(price([item("soup", 3, 250)], instead, coupons=["#c"])) == {"c": 250}
    assert taken(price([item("soup", 3, 250)], instead, promotion("p", FixedPrice(150)), coupons=["#c"])) == {"p": 300}


def test_a_coupon_for_the_basket_counts_once() -> None:
    five = promotion("c", BasketOff((Tier(5_000, amount_off=500),)), coupon=Coupon("#c"))
    found = price([item("soup", 20, 300)], five, coupons=["#c", "#c"])

    assert (taken(found), found.uses) == ({"c": 500}, (PromotionUse("c", "#c", 1),))
    assert found.lines[0].reductions[0].kind == "coupon"


def test_a_coupon_that_is_not_valid_or_not_for_anything_here_is_told() -> None:
    found = price([item("bread", 1, 200)], DOLLAR, coupons=["#x", "#c"])

    assert [(note.reference, reason_of(note), note.applied) for note in found.notes] == [
        ("c", "nothing here that it is for", False),
        ("#x", "no such coupon is valid here and now", False),
    ]


def test_a_line_tells_of_a_coupon_without_its_code() -> None:
    found = price([item("soup", 1, 250)], DOLLAR)

    assert reasons(found) == {"c": "needs its coupon"}
    assert "#c" not in str(found)
