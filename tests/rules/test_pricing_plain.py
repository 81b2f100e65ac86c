"""Where there is nothing to choose, pricing takes a short way, and says the same."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from onebasket.commerce.pricing.rules import pricing
from onebasket.commerce.pricing.rules.basket import Item, Shopper, TaxRate
from onebasket.commerce.pricing.rules.compiling import compile_promotions
from onebasket.commerce.pricing.rules.pricing import price_basket
from onebasket.commerce.pricing.rules.runs import lay_out
from tests.rules.pricing_cases import ANYONE, TERMS, item, items, shoppers

NOTHING = compile_promotions([])
TAXED = msgspec.structs.replace(
    TERMS, taxes=(TaxRate("state", "food", 88_750), TaxRate("city", "food", 45_000), TaxRate("state", "other", 70_000))
)


@given(items(), shoppers, st.booleans(), st.sampled_from(["line", "receipt"]), st.sampled_from([1, 5]))
@settings(max_examples=150, deadline=None)
def test_the_short_way_says_what_the_long_one_says(
    lines: list[Item],
    shopper: Shopper,
    included: bool,  # noqa: FBT001 - drawn
    rounding: str,
    step: int,
) -> None:
    """A coupon that is for nothing takes the long way, and only the note that says so differs."""
    terms = msgspec.structs.replace(TAXED, tax_included=included, tax_rounding=rounding, cash_step=step)

    short = price_basket(lines, NOTHING, shopper, terms)
    long = price_basket(lines, NOTHING, shopper, terms, coupons=["nothing"])

    assert [note.reference for note in long.notes] == ["nothing"]
    assert short == msgspec.structs.replace(long, notes=())


def test_plain_lines_take_it_and_others_do_not() -> None:
    plain = item("soup", 3, 200, number=1)
    labelled = item("soup", 3, 200, number=1, label_amount=500)
    placed = [lay_out(0, one, (), member=False) for one in (plain, labelled)]

    assert [pricing._is_plain(line) for line in placed] == [True, False]
    assert price_basket([plain], NOTHING, ANYONE, TERMS).total == 600
