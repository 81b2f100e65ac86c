"""What goes with what: card prices, price labels, exclusive and stackable promotions, groups, staff."""

import pytest

from onebasket.commerce.pricing.rules.basket import Item, Shopper, UnitPrice
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Audience,
    BasketOff,
    FixedPrice,
    Limits,
    MultiBuy,
    PercentOff,
    Promotion,
    Stacking,
    Tier,
)
from tests.rules.pricing_cases import ANYONE, MEMBER, amounts, item, price, promotion, reasons, taken

CARD = UnitPrice(160)
STACKABLE = Stacking(mode="stackable")
EXCLUSIVE = Stacking(mode="exclusive")


def soup(quantity: int = 1, **more: object) -> Item:
    return item("soup", quantity, 200, **more)


PRICES = {
    "the shelf's": (soup(2), ANYONE, 400, {}),
    "the card's, without the card": (soup(2, loyalty=CARD), ANYONE, 400, {}),
    "the card's": (soup(2, loyalty=CARD), MEMBER, 320, {"card": 80}),
    "a card's above the shelf's": (soup(2, loyalty=UnitPrice(210)), MEMBER, 400, {}),
    "a label's": (soup(label_amount=120), ANYONE, 120, {"label": 80}),
    "a label's below the card's": (soup(label_amount=120, loyalty=CARD), MEMBER, 120, {"label": 80}),
    "a card's below the label's": (soup(label_amount=180, loyalty=CARD), MEMBER, 160, {"card": 40}),
    "a label's as low as the card's": (soup(label_amount=160, loyalty=CARD), MEMBER, 160, {"label": 40}),
    "a label's above the shelf's: of goods by weight, say": (soup(label_amount=250), ANYONE, 250, {}),
}


@pytest.mark.parametrize(("line", "shopper", "total", "reductions"), PRICES.values(), ids=PRICES.keys())
def test_what_a_line_costs_before_promotions(
    line: Item, shopper: Shopper, total: int, reductions: dict[str, int]
) -> None:
    found = price([line], shopper=shopper)

    assert (found.total, taken(found)) == (total, reductions)


STARTS = {
    "from the card's price": (soup(loyalty=CARD), Stacking(), 144, {"card": 40, "p": 16}),
    "or from the shelf's, where that is dearer": (
        soup(loyalty=CARD),
        Stacking(with_card=False),
        160,
        {"card": 40},
    ),
    "not from a label's": (soup(label_amount=190), Stacking(), 180, {"p": 20}),
    "unless it says so": (soup(label_amount=190), Stacking(with_markdown=True), 171, {"label": 10, "p": 19}),
    "on top of a card's price": (soup(loyalty=CARD), STACKABLE, 144, {"card": 40, "p": 16}),
    "a stackable one leaves a card's price alone": (
        soup(loyalty=CARD),
        Stacking(mode="stackable", with_card=False),
        160,
        {"card": 40},
    ),
    "a stackable one leaves a label alone": (soup(label_amount=190), STACKABLE, 190, {"label": 10}),
}


@pytest.mark.parametrize(("line", "stacking", "total", "reductions"), STARTS.values(), ids=STARTS.keys())
def test_where_ten_percent_start_from(line: Item, stacking: Stacking, total: int, reductions: dict[str, int]) -> None:
    found = price([line], promotion("p", PercentOff(100_000), stacking=stacking), shopper=MEMBER)

    assert (found.total, taken(found)) == (total, reductions)


TENTH, FIFTH = PercentOff(100_000), PercentOff(200_000)
PAIRS: dict[str, tuple[list[Promotion], dict[str, int]]] = {
    "a unit has one ordinary promotion: the better": (
        [promotion("a", TENTH), promotion("b", FIFTH)],
        {"b": 40},
    ),
    "stackable ones add up, each on the price before": (
        [promotion("a", TENTH, stacking=STACKABLE), promotion("b", FIFTH, stacking=STACKABLE)],
        {"a": 20, "b": 40},
    ),
    "and come on top of an ordinary one": (
        [promotion("a", TENTH, stacking=STACKABLE), promotion("b", FixedPrice(150))],
        {"a": 20, "b": 50},
    ),
    "but not of an exclusive one": (
        [promotion("a", TENTH, stacking=STACKABLE), promotion("b", FixedPrice(150), stacking=EXCLUSIVE)],
        {"b": 50},
    ),
    "unless that takes off less": (
        [promotion("a", FIFTH, stacking=STACKABLE), promotion("b", FixedPrice(170), stacking=EXCLUSIVE)],
        {"a": 40},
    ),
    "together they take off no more than the price": (
        [promotion("a", PercentOff(700_000), stacking=STACKABLE), promotion("b", FixedPrice(100))],
        {"a": 140, "b": 60},
    ),
    "of a group one applies": (
        [
            promotion("a", TENTH, stacking=Stacking(mode="stackable", group="g")),
            promotion("b", FIFTH, stacking=Stacking(mode="stackable", group="g")),
        ],
        {"b": 40},
    ),
    "the better with whatever else there is": (
        [
            promotion("a", TENTH, stacking=Stacking(mode="stackable", group="g")),
            promotion("b", FIFTH, stacking=Stacking(group="g")),
            promotion("c", FixedPrice(165)),
        ],
        {"a": 20, "c": 35},
    ),
    "staff have the better of the two": (
        [promotion("staff", TENTH, audience=Audience("staff")), promotion("b", FIFTH)],
        {"b": 40},
    ),
    "or both where it is stackable": (
        [promotion("staff", TENTH, audience=Audience("staff"), stacking=STACKABLE), promotion("b", FIFTH)],
        {"staff": 20, "b": 40},
    ),
}


@pytest.mark.parametrize(("promotions", "expected"), PAIRS.values(), ids=PAIRS.keys())
def test_what_applies_together(promotions: list[Promotion], expected: dict[str, int]) -> None:
    found = price([soup()], *promotions, shopper=Shopper(member=True, staff=True))

    assert taken(found) == expected
    assert found.method == "exact"


def cut(code: str, off: int, **stacking: str) -> Promotion:
    saving = BasketOff((Tier(1_000, amount_off=off),))
    return promotion(code, saving, stacking=Stacking(**stacking))  # type: ignore[arg-type]


CUTS: dict[str, tuple[list[Promotion], dict[str, int]]] = {
    "one ordinary": ([cut("a", 100), cut("b", 200)], {"b": 200}),
    "with the stackable ones": ([cut("a", 100, mode="stackable"), cut("b", 200)], {"a": 100, "b": 200}),
    "an exclusive one alone": ([cut("a", 100), cut("b", 300, mode="exclusive")], {"b": 300}),
    "unless the others take off more": (
        [cut("a", 100, mode="stackable"), cut("b", 200), cut("c", 250, mode="exclusive")],
        {"a": 100, "b": 200},
    ),
    "one of a group": ([cut("a", 100, mode="stackable", group="g"), cut("b", 200, group="g")], {"b": 200}),
    "never below nothing": ([cut("a", 900, mode="stackable"), cut("b", 1_000)], {"a": 900, "b": 100}),
}


@pytest.mark.parametrize(("promotions", "expected"), CUTS.values(), ids=CUTS.keys())
def test_which_basket_promotions_apply_together(promotions: list[Promotion], expected: dict[str, int]) -> None:
    found = price([item("soup", 5, 200)], *promotions)

    assert taken(found) == expected
    assert found.total == 1_000 - sum(expected.values())


def test_kinds_and_funders_of_reductions() -> None:
    found = price(
        [soup(5, loyalty=CARD)],
        promotion("b", MultiBuy(5, 700), funder="manufacturer"),
        promotion("s", TENTH, audience=Audience("staff"), stacking=STACKABLE),
        promotion("t", BasketOff((Tier(500, amount_off=50),)), funder="partner"),
        shopper=Shopper(member=True, staff=True),
    )

    assert [(each.kind, each.reference, each.funder, each.amount) for each in found.lines[0].reductions] == [
        ("loyalty", "card", "retailer", 200),
        ("promotion", "b", "manufacturer", 100),
        ("staff", "s", "retailer", 80),
        ("basket", "t", "partner", 50),
    ]


AUDIENCES = {
    "everyone": (Audience(), [20, 20, 20, 20]),
    "members": (Audience("members"), [0, 20, 0, 20]),
    "staff": (Audience("staff"), [0, 0, 20, 0]),
    "a segment": (Audience(segments=frozenset({"campaign:18"})), [0, 0, 0, 20]),
    "members of a segment": (Audience("members", frozenset({"campaign:18", "campaign:19"})), [0, 0, 0, 20]),
}
SHOPPERS = [ANYONE, MEMBER, Shopper(staff=True), Shopper(member=True, segments=frozenset({"campaign:18"}))]


@pytest.mark.parametrize(("audience", "expected"), AUDIENCES.values(), ids=AUDIENCES.keys())
def test_whom_a_promotion_is_for(audience: Audience, expected: list[int]) -> None:
    offered = promotion("p", TENTH, audience=audience)

    assert [price([soup()], offered, shopper=shopper).reduction_total for shopper in SHOPPERS] == expected


def test_strangers_do_not_hear_of_promotions_for_staff_and_segments() -> None:
    for audience in (Audience("staff"), Audience(segments=frozenset({"campaign:18"}))):
        assert reasons(price([soup()], promotion("p", TENTH, audience=audience))) == {}


@pytest.mark.parametrize(("used", "off"), [(0, 150), (1, 100), (2, 50), (3, 0), (4, 0)])
def test_a_limit_of_a_customer_counts_what_was_used_before(used: int, off: int) -> None:
    offered = promotion("p", AmountOff(50), limits=Limits(per_customer=3))
    found = price([soup(4)], offered, shopper=Shopper(member=True, used={"p": used}))

    assert found.reduction_total == off
    assert [use.times for use in found.uses] == ([3 - used] if off else [])


def test_negative_lines_come_of_coupons_alone() -> None:
    everything_off = [promotion(code, PercentOff(1_000_000), stacking=STACKABLE) for code in ("a", "b")]

    assert amounts(price([soup()], *everything_off, promotion("c", MultiBuy(2, 0)))) == [0]
