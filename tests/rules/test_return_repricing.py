"""Goods kept are priced again: in whatever pieces goods come back, what goes back is exactly what was paid."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onebasket.commerce.fulfilment.rules.messages import BackLine
from onebasket.commerce.fulfilment.rules.repricing import can_reprice, line_of, reprice, within
from onebasket.commerce.fulfilment.rules.returns import Original, Sold, allocate
from onebasket.commerce.pricing.rules.basket import Item, PricedBasket, Shopper, TaxRate, Terms
from onebasket.commerce.pricing.rules.compiling import PromotionSet, compile_promotions
from onebasket.commerce.pricing.rules.kept import BasketAsk, price_ask
from onebasket.commerce.pricing.rules.placed import LineThen, ask_again, read_ask, state_ask
from onebasket.commerce.pricing.rules.promotions import MultiBuy, Promotion
from onebasket.commerce.sales.rules.ties import lines_untied
from tests.rules.pricing_cases import (
    ANYONE,
    TERMS,
    coupon_lists,
    item,
    items,
    lists_of_promotions,
    promotion,
    shoppers,
)

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
CLASSES = (TaxRate("state", "food", 100_000), TaxRate("city", "food", 8_750))
TAXES: dict[str, Terms] = {
    f"{'in it' if included else 'beside it'}, {rounding}": msgspec.structs.replace(
        TERMS, taxes=CLASSES, tax_included=included, tax_rounding=rounding
    )
    for included in (True, False)
    for rounding in ("line", "receipt")
}
SOUPS = BasketAsk((item("soup", 3, 200, number=1),), ANYONE, TERMS)
DEAL = compile_promotions([promotion("3for5", MultiBuy(3, 500))])


def sold(basket: PricedBasket) -> Original:
    lines = {line.number: Sold(line, line.number, line.quantity) for line in basket.lines}
    return Original("order/1", "p1", basket.currency, basket.tax_included, "", lines, basket.total)


def as_placed(ask: BasketAsk, promotions: PromotionSet) -> tuple[BasketAsk, Original]:
    """Return a basket as an order keeps it and reads it again, and what was sold by it."""
    priced = price_ask(ask, promotions)
    text = state_ask(ask.items, ask.shopper, ask.terms, coupons=ask.coupons, priced=priced)
    kept = read_ask(text)
    if kept is None:
        return ask, sold(priced)
    lines = [
        LineThen(line.number, line.sku, line.quantity, one.unit_steps, one.shelf, line.taxes)
        for line, one in zip(priced.lines, ask.items, strict=True)
    ]
    again = ask_again(kept, lines, msgspec.structs.replace(ask.terms, taxes=()))
    assert again is not None
    return again, sold(priced)


@given(items(), lists_of_promotions(3), shoppers, coupon_lists, st.sampled_from(sorted(TAXES)), st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
def test_in_whatever_pieces_exactly_what_was_paid_comes_back(
    lines: list[Item],
    promotions: Sequence[Promotion],
    shopper: Shopper,
    coupons: list[str],
    taxed: str,
    data: st.DataObject,
) -> None:
    """Never below nothing, never more than is left, every line ties, and the last piece completes it to the cent."""
    numbered = tuple(
        msgspec.structs.replace(one, number=at, tax_class="food" if at % 2 else "") for at, one in enumerate(lines, 1)
    )
    rules = compile_promotions(promotions)
    ask, original = as_placed(BasketAsk(numbered, shopper, TAXES[taxed], tuple(coupons)), rules)
    assert can_reprice(ask, rules, original)
    back = dict.fromkeys(original.lines, 0)
    paid_back = owed = 0
    while left := sorted(number for number, one in original.lines.items() if back[number] < one.got):
        asked = [
            BackLine(data.draw(st.integers(1, original.lines[number].got - back[number])), number)
            for number in data.draw(st.lists(st.sampled_from(left), min_size=1, max_size=2, unique=True))
        ]
        worked = reprice(asked, original, back, ask=ask, promotions=rules, owed=owed)
        due = sum(one.due(tax_included=original.tax_included) for one in worked.backs)
        assert due >= 0
        assert lines_untied([line_of(one) for one in worked.backs]) is None
        assert all(one.list_amount - sum(cut.amount for cut in one.reductions) == one.amount for one in worked.backs)
        paid_back, owed = paid_back + due, worked.owed
        assert paid_back <= original.paid
        back |= {line.line: back[line.line] + line.quantity for line in asked}

    assert (paid_back, owed) == (original.paid, 0)


def test_what_an_order_keeps_of_the_question_brings_the_answer_back() -> None:
    ask, original = as_placed(SOUPS, DEAL)

    assert can_reprice(ask, DEAL, original)
    assert [one.amount for one in reprice([BackLine(1, 1)], original, {}, ask=ask, promotions=DEAL).backs] == [100]


def test_under_other_promotions_nothing_is_priced_again() -> None:
    """The control of the check: three for 4.00 would pay back 0 for the first soup."""
    ask, original = as_placed(SOUPS, DEAL)
    other = compile_promotions([promotion("3for5", MultiBuy(3, 400))])

    assert not can_reprice(ask, other, original)
    assert reprice([BackLine(1, 1)], original, {}, ask=ask, promotions=other).backs[0].amount == 0


def test_without_a_promotion_nothing_is_kept_of_the_question() -> None:
    priced = price_ask(SOUPS, compile_promotions([]))

    assert state_ask(SOUPS.items, ANYONE, TERMS, coupons=(), priced=priced) == ""
    assert read_ask("") is None


def test_what_was_not_handed_over_breaks_no_deal() -> None:
    ask, original = as_placed(SOUPS, DEAL)
    short = original._replace(lines={1: original.lines[1]._replace(got=2)})

    assert not can_reprice(ask, DEAL, short)


@pytest.mark.parametrize(
    ("most", "all_back", "paid"), [(500, False, 333), (333, False, 333), (300, False, 300), (340, True, 340)]
)
def test_no_more_goes_back_than_is_left(most: int, paid: int, *, all_back: bool) -> None:
    """Two of three soups for 5.00 are 3.33; the last to come back completes what was paid."""
    _, original = as_placed(SOUPS, DEAL)
    asked = [BackLine(2, 1)]

    found = within(allocate(asked, original, {}), asked, tax_included=True, most=most, all_back=all_back)

    assert [one.amount for one in found] == [paid]


def test_what_an_associate_states_stays() -> None:
    _, original = as_placed(SOUPS, DEAL)
    asked = [BackLine(1, 1, amount=450)]

    found = within(allocate(asked, original, {}), asked, tax_included=True, most=100, all_back=True)

    assert [one.amount for one in found] == [450]
