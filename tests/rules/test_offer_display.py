"""How own products and offers stand on a page; which offers are one thing; prices told in a partner's own money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.matching.rules import Listed, SameThing, Why, group_offers
from onebasket.commerce.partners.rules.offers import shopper_amount
from onebasket.commerce.partners.rules.partners import RateFacts
from onebasket.commerce.search.rules.display import Display, Match, Reason, Section, order_sections, plan_display
from onebasket.commerce.search.rules.offer_prices import own_span
from onebasket.commerce.search.rules.offer_words import offer_words
from onebasket.kernel.clock import EARLIEST_CREDIBLE
from onebasket.kernel.money import MAX_AMOUNT

OWN, OFFERS = Section.OWN, Section.OFFERS
NONE, SOME, MENDED, RELAXED, BOTH = (
    Match(0), Match(9), Match(9, mended=True), Match(9, relaxed=True), Match(9, mended=True, relaxed=True),
)  # fmt: skip


@pytest.mark.parametrize(
    ("own", "offers", "here", "order", "reason"),
    [
        (SOME, NONE, 9, (OWN,), Reason.NO_OFFERS),
        (NONE, NONE, None, (OWN,), Reason.NO_OFFERS),
        (NONE, SOME, None, (OFFERS,), Reason.NOT_SOLD_HERE),
        (NONE, RELAXED, 0, (OFFERS,), Reason.NOT_SOLD_HERE),
        (SOME, SOME, 9, (OWN, OFFERS), Reason.OWN_FITS),
        (SOME, SOME, None, (OWN, OFFERS), Reason.OWN_FITS),
        (SOME, MENDED, 9, (OWN, OFFERS), Reason.OWN_FITS),
        (SOME, SOME, 0, (OFFERS, OWN), Reason.NOTHING_HERE),
        (SOME, MENDED, 0, (OWN, OFFERS), Reason.OWN_FITS),
        (SOME, RELAXED, 0, (OWN, OFFERS), Reason.OWN_FITS),
        (MENDED, SOME, 9, (OFFERS, OWN), Reason.OFFERS_FIT_BETTER),
        (RELAXED, SOME, 9, (OFFERS, OWN), Reason.OFFERS_FIT_BETTER),
        (RELAXED, MENDED, 9, (OFFERS, OWN), Reason.OFFERS_FIT_BETTER),
        (MENDED, RELAXED, 9, (OWN, OFFERS), Reason.OWN_FITS),
        (BOTH, RELAXED, None, (OFFERS, OWN), Reason.OFFERS_FIT_BETTER),
        (RELAXED, RELAXED, 3, (OWN, OFFERS), Reason.OWN_FITS),
        (RELAXED, RELAXED, 0, (OFFERS, OWN), Reason.NOTHING_HERE),
    ],
)
def test_which_section_comes_first(
    own: Match, offers: Match, here: int | None, order: tuple[Section, ...], reason: Reason
) -> None:
    assert order_sections(own, offers, here=here) == (order, reason)


@pytest.mark.parametrize(
    ("things", "listed", "in_stock", "offers", "above", "beside"),
    [
        ([None, None], [1], [1], (0, 1), (), {}),
        # In stock and on the page: told there, and not once more.
        ([1, None], [1], [1], (1,), (), {1: 0}),
        # In stock, and not on the page: our own is put above.
        ([None, 7], [1], [1, 7], (0,), (7,), {7: 1}),
        # On the page, but not in stock: the partner's is the answer.
        ([1], [1], [], (0,), (), {}),
        # Ours, not in stock, not on the page.
        ([7], [], [], (0,), (), {}),
        # Two things (GTINs) that are one product of ours.
        ([7, 7], [], [7], (), (7,), {7: 0}),
        ([], [], [], (), (), {}),
    ],
)
def test_what_stands_beside_what(
    things: list[int | None], listed: list[int], in_stock: list[int], offers: tuple[int, ...], above: tuple[int, ...],
    beside: dict[int, int],
) -> None:  # fmt: skip
    found = plan_display(SOME, SOME, here=9, things=things, listed=listed, in_stock=in_stock)
    assert found == Display((OWN, OFFERS), Reason.OWN_FITS, offers, above, beside)


ids = st.integers(1, 6)


@given(
    own=st.builds(Match, st.integers(0, 3), st.booleans(), st.booleans()),
    offers=st.builds(Match, st.integers(0, 3), st.booleans(), st.booleans()),
    here=st.none() | st.integers(0, 3), things=st.lists(st.none() | ids, max_size=8), listed=st.sets(ids),
    in_stock=st.sets(ids),
)  # fmt: skip
def test_an_offer_never_stands_above_what_is_in_stock_and_the_same(
    own: Match, offers: Match, here: int | None, things: list[int | None], listed: set[int], in_stock: set[int]
) -> None:
    found = plan_display(own, offers, here=here, things=things, listed=listed, in_stock=in_stock)
    assert not {things[position] for position in found.offers} & in_stock
    # Every thing of ours in stock is told at our product, which is on the page.
    for product_id in {one for one in things if one in in_stock}:
        assert product_id in found.beside
        assert product_id in listed or product_id in found.above
    # And none is lost.
    assert {*found.offers} | {p for p, one in enumerate(things) if one in in_stock} == set(range(len(things)))


def offer(
    identity: int, gtin: str = "", amount: int | None = 100, shipping: int | None = 0, *, there: bool = True
) -> Listed:
    return Listed(identity, gtin, amount, shipping, there)


@pytest.mark.parametrize(
    ("offers", "products", "expected"),
    [
        ([], {}, []),
        ([offer(1), offer(2)], {}, [SameThing((1,)), SameThing((2,))]),
        ([offer(1, "A", 200), offer(2), offer(3, "A", 100)], {},
         [SameThing((3, 1), "A", None, Why.SAME_GTIN), SameThing((2,))]),
        ([offer(1, "A")], {"A": 7}, [SameThing((1,), "A", 7, Why.SAME_GTIN)]),
        ([offer(1, "A")], {"B": 7}, [SameThing((1,), "A", None, Why.ALONE)]),
        # Without a GTIN nothing is the same, whatever "" may be in the catalogue.
        ([offer(1), offer(2)], {"": 7}, [SameThing((1,)), SameThing((2,))]),
        # With its shipping it comes to more; what is not stated counts as nothing, and stands behind what is.
        ([offer(1, "A", 100, 50), offer(2, "A", 120, 0), offer(3, "A", 120, None)], {},
         [SameThing((2, 3, 1), "A", None, Why.SAME_GTIN)]),
        # Sold out goes last, however cheap; without a price behind what has one.
        ([offer(1, "A", 1, there=False), offer(2, "A", None), offer(3, "A", 900)], {},
         [SameThing((3, 2, 1), "A", None, Why.SAME_GTIN)]),
        ([offer(5, "A"), offer(4, "A")], {}, [SameThing((4, 5), "A", None, Why.SAME_GTIN)]),
        ([offer(1, "A"), offer(1, "A")], {}, [SameThing((1,), "A", None, Why.ALONE)]),
    ],
)  # fmt: skip
def test_offers_of_one_gtin_are_one_thing(
    offers: list[Listed], products: dict[str, int], expected: list[SameThing]
) -> None:
    assert group_offers(offers, products) == expected


rates = st.integers(1, 10**12)


@given(st.integers(0, 10**7), st.integers(0, 10**7), rates, st.integers(0, 10**6), st.integers(0, 10**8))
def test_prices_are_told_in_the_partner_s_money_exactly(
    low: int, high: int, rate: int, markup: int, price: int
) -> None:
    facts = RateFacts("GBP", "USD", rate, EARLIEST_CREDIBLE)

    def costs(one: int) -> int:
        return shopper_amount(one, facts, markup=markup)

    span = own_span(low, high, costs)
    assert (span.least <= price <= span.most) is (low <= costs(price) <= high)


def test_open_spans() -> None:
    assert own_span(None, None, lambda price: price) == (0, MAX_AMOUNT)
    assert own_span(5, None, lambda price: 2 * price) == (3, MAX_AMOUNT)
    assert own_span(None, 5, lambda price: 2 * price) == (0, 2)
    assert own_span(9, 8, lambda price: price) == (9, 8)


@pytest.mark.parametrize(
    ("title", "core", "name", "sizes"),
    [
        ("Desk lamp, brass", "lamp", "desk lamp brass", ""),
        ("WHITE HANGING HEART T-LIGHT HOLDER", "holder", "white hanging heart t light holder", ""),
        ("Shade for a desk lamp", "shade", "shade desk lamp", ""),
        ("Shampoo 500 ml - fresh", "shampoo", "shampoo 500 ml fresh", "500ml"),
        ("Sony WH-1000XM4", "xm", "soni wh 1000 xm 4", ""),
        ("", "", "", ""),
        ("!!!", "", "", ""),
        ("42", "", "42", ""),
    ],
)
def test_what_of_a_title_is_indexed(title: str, core: str, name: str, sizes: str) -> None:
    words = offer_words(title)
    assert (words.core, words.name, words.sizes) == (core, name, sizes)


def test_the_model_brand_and_category_are_words_too() -> None:
    words = offer_words("Lamp", brand="Glow & Co", model="GL-7 lamp", category="Home > Lighting")
    assert words.name == "lamp gl 7"
    assert words.anywhere == "lamp gl 7 home lighting glow co"
    assert words.surface == "lamp home lighting glow co"
