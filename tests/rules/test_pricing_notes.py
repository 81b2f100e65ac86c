"""Every line says which promotions applied, and why the others did not."""

from datetime import timedelta
from typing import Any

import pytest

from onebasket.commerce.pricing.rules.basket import Item, Note, Shopper, UnitPrice
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Audience,
    BasketOff,
    Bundle,
    BundlePart,
    Coupon,
    FixedPrice,
    Limits,
    MultiBuy,
    PercentOff,
    Promotion,
    Stacking,
    Tier,
)
from onebasket.commerce.pricing.rules.wording import reason_of
from tests.rules.pricing_cases import AT, MEMBER, item, price, promotion, skus, weighed

SOUP = item("soup", 1, 200)
DEAL = promotion("3for5", MultiBuy(3, 500), name="3 for $5")
TENTH = PercentOff(100_000)
MEAL = Bundle((BundlePart(skus("soup")), BundlePart(skus("bread"), 2)), price=500)

WHY: dict[str, tuple[list[Item], list[Promotion], list[tuple[str, str, str, int]]]] = {
    "too few units": ([item("soup", 1, 200)], [DEAL], [("3for5", "short", "2 more for 3 for $5", 2)]),
    "too few of one part": (
        [SOUP, item("bread", 1, 100)],
        [promotion("meal", MEAL)],
        [("meal", "short", "1 more for meal", 1)],
    ),
    "too few for the least number": (
        [item("soup", 2, 200)],
        [promotion("p", AmountOff(10, minimum_units=5), name="5 or more")],
        [("p", "short", "3 more for 5 or more", 3)],
    ),
    "needs the card": (
        [SOUP],
        [promotion("p", TENTH, audience=Audience("members"))],
        [("p", "card", "needs the card", 0)],
    ),
    "needs its coupon": ([SOUP], [promotion("p", TENTH, coupon=Coupon("x"))], [("p", "coupon", "needs its coupon", 0)]),
    "used up before": (
        [SOUP],
        [promotion("p", TENTH, limits=Limits(per_customer=2))],
        [("p", "limit", "used as often as it may be", 0)],
    ),
    "used up by a dearer line": (
        [SOUP, item("wine", 1, 900)],
        [promotion("p", TENTH, limits=Limits(per_basket=1))],
        [("p", "limit", "used as often as it may be", 0)],
    ),
    "something better": (
        [SOUP],
        [promotion("p", TENTH), promotion("q", FixedPrice(150), name="a dollar fifty")],
        [("p", "better", "a dollar fifty instead", 0)],
    ),
    "nothing gained": ([SOUP], [promotion("p", FixedPrice(250))], [("p", "better", "costs as little without it", 0)]),
    "not with an exclusive one": (
        [SOUP],
        [
            promotion("p", TENTH, stacking=Stacking(mode="stackable")),
            promotion("q", FixedPrice(150), stacking=Stacking(mode="exclusive")),
        ],
        [("p", "together", "not together with q", 0)],
    ),
    "not with another of its group": (
        [SOUP],
        [
            promotion("p", TENTH, stacking=Stacking(group="g")),
            promotion("q", FixedPrice(150), stacking=Stacking(group="g")),
        ],
        [("p", "together", "not together with q", 0)],
    ),
    "not on a price label": (
        [item("soup", 1, 200, label_amount=100)],
        [promotion("p", TENTH, stacking=Stacking(mode="stackable"))],
        [("p", "together", "not on goods at a card price or a price label", 0)],
    ),
    "not by weight": ([weighed("soup", 500, 400)], [DEAL], [("3for5", "weighed", "not for goods by weight", 0)]),
    "what is left of a set": (
        [item("soup", 1, 100), item("wine", 3, 900)],
        [DEAL],
        [("3for5", "short", "2 more for 3 for $5", 2)],
    ),
}


@pytest.mark.parametrize(("items", "promotions", "expected"), WHY.values(), ids=WHY.keys())
def test_why_a_promotion_did_not_apply_to_a_line(
    items: list[Item], promotions: list[Promotion], expected: list[tuple[str, str, str, int]]
) -> None:
    found = price(items, *promotions, shopper=Shopper(used={"p": 2}))

    notes = [note for note in found.lines[0].notes if not note.applied]
    assert [(note.reference, note.cause, reason_of(note), note.missing) for note in notes] == expected


def test_what_applied_says_what_it_saved() -> None:
    found = price([item("soup", 4, 200)], DEAL)

    assert found.lines[0].notes == (Note("3for5", "3 for $5", applied=True, why="applied", saved=100),)


def test_a_card_price_says_that_it_needs_the_card() -> None:
    line = item("soup", 1, 200, loyalty=UnitPrice(150))

    assert [note.cause for note in price([line]).lines[0].notes] == ["card"]
    assert price([line], shopper=MEMBER).lines[0].notes == ()
    assert price([item("soup", 1, 200, loyalty=UnitPrice(200))]).lines[0].notes == ()


NOT_HERE: dict[str, dict[str, Any]] = {
    "another place": {"places": frozenset({"2"})},
    "another channel": {"channels": frozenset({"till"})},
    "another currency": {"currency": "EUR"},
    "not yet": {"valid_from": AT + timedelta(seconds=1)},
    "no more: the end is outside": {"valid_to": AT},
}


@pytest.mark.parametrize("stated", NOT_HERE.values(), ids=NOT_HERE.keys())
def test_what_is_not_live_here_and_now_is_not_told(stated: dict[str, Any]) -> None:
    found = price([SOUP], promotion("p", TENTH, **stated))

    assert (found.total, found.lines[0].notes, found.notes) == (200, (), ())


HERE: dict[str, dict[str, Any]] = {
    "this place": {"places": frozenset({"1", "2"})},
    "this channel": {"channels": frozenset({"web"})},
    "from this very instant": {"valid_from": AT},
    "until the next": {"valid_to": AT + timedelta(seconds=1)},
}


@pytest.mark.parametrize("stated", HERE.values(), ids=HERE.keys())
def test_what_is_live_applies(stated: dict[str, Any]) -> None:
    assert price([SOUP], promotion("p", TENTH, **stated)).total == 180


FIVE = BasketOff((Tier(5_000, amount_off=500),))
BASKET_NOTES: dict[str, tuple[list[Promotion], list[tuple[str, str, int, int]]]] = {
    "applied": ([promotion("p", BasketOff((Tier(1_000, amount_off=100),)))], [("p", "applied", 100, 0)]),
    "so much more": ([promotion("p", FIVE)], [("p", "short", 0, 4_000)]),
    "something better": (
        [promotion("p", BasketOff((Tier(1_000, amount_off=100),))), promotion("q", BasketOff((Tier(900, 200),)))],
        [("q", "applied", 200, 0), ("p", "better", 0, 0)],
    ),
    "needs its coupon": ([promotion("p", FIVE, coupon=Coupon("x"))], [("p", "coupon", 0, 0)]),
    "one of its group": (
        [
            promotion("p", BasketOff((Tier(900, 100),)), stacking=Stacking(mode="stackable", group="g")),
            promotion("q", BasketOff((Tier(900, 200),)), stacking=Stacking(mode="stackable", group="g")),
        ],
        [("q", "applied", 200, 0), ("p", "together", 0, 0)],
    ),
}


@pytest.mark.parametrize(("promotions", "expected"), BASKET_NOTES.values(), ids=BASKET_NOTES.keys())
def test_what_is_said_of_basket_promotions(
    promotions: list[Promotion], expected: list[tuple[str, str, int, int]]
) -> None:
    found = price([item("soup", 5, 200)], *promotions)

    assert [(note.reference, note.cause, note.saved, note.missing) for note in found.notes] == expected
