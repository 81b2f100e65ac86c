"""Baskets and promotions for tests of pricing: a short way to write them, and strategies that make them up."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from onebasket.commerce.pricing.rules.basket import Item, PricedBasket, Shopper, Terms, UnitPrice
from onebasket.commerce.pricing.rules.compiling import compile_promotions
from onebasket.commerce.pricing.rules.pricing import NODES, price_basket
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Audience,
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
from onebasket.commerce.pricing.rules.soundness import problem
from onebasket.commerce.pricing.rules.wording import reason_of

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
TERMS = Terms(place="1", channel="web", currency="USD", at=AT)
ANYONE = Shopper()
MEMBER = Shopper(member=True, loyalty_number="7")
EVERYTHING = Selector(everything=True)


def skus(*names: str) -> Selector:
    return Selector(skus=frozenset(names))


def item(sku: str, quantity: int, amount: int, **more: Any) -> Item:
    """A line of so many at an amount each; its number comes from `price` unless it is given."""
    return Item(more.pop("number", 0), sku, quantity, UnitPrice(amount), **more)


def weighed(sku: str, grams: int, amount: int, **more: Any) -> Item:
    return Item(more.pop("number", 0), sku, grams, UnitPrice(amount, 1_000), unit_steps=1_000, **more)


def promotion(code: str, saving: Saving, goods: Selector = EVERYTHING, **more: Any) -> Promotion:
    """A promotion in dollars that is live; a bundle names its goods in its parts."""
    if isinstance(saving, Bundle):
        goods = Selector()
    made = Promotion(
        code=code,
        name=more.pop("name", code),
        saving=saving,
        goods=goods,
        valid_from=more.pop("valid_from", datetime(2026, 1, 1, tzinfo=UTC)),
        currency=more.pop("currency", "USD"),
        **more,
    )
    assert problem(made) == ""
    return made


def price(
    items: Sequence[Item],
    *promotions: Promotion,
    shopper: Shopper = ANYONE,
    terms: Terms = TERMS,
    coupons: Sequence[str] = (),
    nodes: int = NODES,
) -> PricedBasket:
    """Price lines that are numbered from 1 on in the order given, unless they have numbers."""
    numbered = [
        each if each.number else msgspec.structs.replace(each, number=at) for at, each in enumerate(items, start=1)
    ]
    return price_basket(numbered, compile_promotions(promotions), shopper, terms, coupons=coupons, nodes=nodes)


def amounts(basket: PricedBasket) -> list[int]:
    return [line.amount for line in basket.lines]


def taken(basket: PricedBasket) -> dict[str, int]:
    """What each rule takes off the basket."""
    found: dict[str, int] = {}
    for line in basket.lines:
        for reduction in line.reductions:
            found[reduction.reference] = found.get(reduction.reference, 0) + reduction.amount
    return found


def reasons(basket: PricedBasket, line: int = 0) -> Mapping[str, str]:
    """What a line says of each rule that did not apply to it."""
    return {note.reference: reason_of(note) for note in basket.lines[line].notes if not note.applied}


SKUS = ("a", "b", "c", "d")
GROUPS = ("x", "y", "z")
SHARES = (100_000, 250_000, 333_333, 500_000, 1_000_000)

_some_skus = st.frozensets(st.sampled_from(SKUS), min_size=1, max_size=3)
_left_out = st.one_of(st.just(frozenset[str]()), st.frozensets(st.sampled_from(SKUS), max_size=1))
selectors = st.one_of(
    st.builds(Selector, everything=st.just(value=True), without_skus=_left_out),
    st.builds(Selector, skus=_some_skus, without_skus=_left_out),
    st.builds(Selector, groups=st.frozensets(st.sampled_from(GROUPS), min_size=1, max_size=2)),
)
_minimum = st.sampled_from([1, 1, 1, 2, 3])
_share = st.sampled_from(SHARES)
_parts = st.lists(st.builds(BundlePart, goods=selectors, units=st.sampled_from([1, 1, 2])), min_size=1, max_size=2).map(
    tuple
)

goods_savings = st.one_of(
    st.builds(AmountOff, amount=st.sampled_from([10, 50, 100, 300]), minimum_units=_minimum),
    st.builds(AmountOff, amount=st.sampled_from([30, 60, 120]), per_units=st.sampled_from([2, 3])),
    st.builds(PercentOff, share=_share, minimum_units=_minimum),
    st.builds(FixedPrice, amount=st.sampled_from([50, 90, 200]), minimum_units=_minimum),
    st.builds(MultiBuy, units=st.sampled_from([2, 2, 3]), amount=st.sampled_from([100, 199, 300, 500])),
    st.builds(BuyGet, buy=st.sampled_from([1, 1, 2]), get=st.just(1), share=_share),
    st.builds(BuyGet, buy=st.just(1), get=st.just(1), share=_share, get_goods=selectors),
    st.builds(Bundle, parts=_parts, price=st.sampled_from([150, 300])),
    st.builds(Bundle, parts=_parts, amount_off=st.sampled_from([50, 150])),
    st.builds(Bundle, parts=_parts, share_off=_share),
)
basket_savings = st.builds(
    BasketOff,
    tiers=st.tuples(
        st.builds(Tier, from_amount=st.sampled_from([100, 300]), amount_off=st.sampled_from([50, 100])),
        st.builds(Tier, from_amount=st.just(600), share_off=_share),
    ),
)


@st.composite
def promotions(draw: st.DrawFn, saving: st.SearchStrategy[Any] | None = None) -> Promotion:
    """A sound promotion of any kind; its code is to be given by `lists_of_promotions`."""
    chosen: Saving = draw(saving if saving is not None else st.one_of(goods_savings, goods_savings, basket_savings))
    goods_only = not isinstance(chosen, BasketOff)
    modes = ["ordinary", "ordinary", "ordinary", "exclusive"]
    if isinstance(chosen, AmountOff | PercentOff | BasketOff):
        modes += ["stackable", "stackable"]
    mode: Any = draw(st.sampled_from(modes))
    coupon = draw(
        st.one_of(st.none(), st.builds(Coupon, code=st.sampled_from(["C0", "C1"]), uses=st.sampled_from([0, 1, 1, 2])))
    )
    made = Promotion(
        code="p",
        name="p",
        saving=chosen,
        goods=Selector() if isinstance(chosen, Bundle) else draw(selectors),
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        currency="USD",
        audience=Audience(draw(st.sampled_from(["everyone", "everyone", "members"]))),
        limits=Limits(draw(st.sampled_from([0, 0, 1, 2])), draw(st.sampled_from([0, 0, 0, 2]))),
        stacking=Stacking(
            mode,
            draw(st.sampled_from(["", "", "", "g", "h"])),
            with_card=draw(st.booleans()),
            with_markdown=draw(st.booleans()),
            with_coupons=mode == "stackable" or not goods_only or draw(st.booleans()),
        ),
        coupon=coupon,
        funder=draw(st.sampled_from(["manufacturer", "retailer"])) if coupon else "retailer",
    )
    if problem(made):  # a limit below the minimum
        made = msgspec.structs.replace(made, limits=Limits())
    return made if not problem(made) else msgspec.structs.replace(made, saving=PercentOff(draw(_share)))


def lists_of_promotions(most: int) -> st.SearchStrategy[list[Promotion]]:
    return st.lists(promotions(), min_size=1, max_size=most).map(
        lambda made: [
            msgspec.structs.replace(each, code=f"p{number}", name=f"p{number}") for number, each in enumerate(made)
        ]
    )


@st.composite
def items(draw: st.DrawFn, most_units: int = 5) -> list[Item]:
    """A small basket; goods of one SKU are in the same groups."""
    groups = {sku: frozenset(draw(st.sets(st.sampled_from(GROUPS), max_size=2))) for sku in SKUS}
    found: list[Item] = []
    units = 0
    for number in range(1, draw(st.integers(1, 4)) + 1):
        by_weight = draw(st.sampled_from([False] * 7 + [True]))
        sku, amount = draw(st.sampled_from(SKUS)), draw(st.sampled_from([60, 99, 100, 150, 199, 250, 300]))
        quantity = draw(st.integers(300, 2_500)) if by_weight else draw(st.integers(1, 3))
        per_quantity = 1_000 if by_weight else draw(st.sampled_from([1, 1, 1, 3]))
        units += 1 if by_weight else quantity
        if units > most_units:
            break
        card = draw(st.one_of(st.none(), st.sampled_from([50, 80, 90, 110])))
        found.append(
            Item(
                number,
                sku,
                quantity,
                UnitPrice(amount, per_quantity),
                unit_steps=1_000 if by_weight else 1,
                loyalty=None if card is None else UnitPrice(amount * card // 100, per_quantity),
                groups=groups[sku],
                tax_class=draw(st.sampled_from(["food", "other"])),
                label_amount=draw(st.sampled_from([None, None, None, 40, 120, 700])),
            )
        )
    return found


shoppers = st.builds(Shopper, member=st.booleans(), used=st.sampled_from([{}, {"p0": 1}]))
coupon_lists = st.sampled_from([[], ["C0"], ["C0", "C0"], ["C0", "C1"], ["C1"]])
