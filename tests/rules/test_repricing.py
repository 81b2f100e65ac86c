"""Receipts priced again from other receipts, on tables made by hand whose figures can be worked out on paper."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

import pytest

from onebasket.channels.demo.journey import JourneyBasket, JourneyLine
from onebasket.project.bench.price_learning import (
    CouponBook,
    CouponKey,
    Price,
    Tie,
    WeekBook,
    Worth,
    random_weight,
    tie_redemptions,
    told_by,
    unit_price,
)
from onebasket.project.bench.repricing import Agreement, Facts, Tally, reprice
from onebasket.project.bench.repricing_figures import figures

MONDAY, NEXT_MONDAY = datetime(2017, 3, 6, 17, tzinfo=UTC), datetime(2017, 3, 13, 17, tzinfo=UTC)
SOUP, BREAD, FUEL, BEEF = 1, 2, 3, 4
KINDS = {SOUP: "", BREAD: "", FUEL: "fuel", BEEF: "random weight"}
COUPON: CouponKey = (26, 51380041013)
GOODS = {COUPON: {SOUP}}
HERE, CHAIN, NOBODY = "same store and week", "chain and week", "no other receipt of the week"


def line(product: int, amount: int, quantity: int = 1, *, card: int = 0, coupon: int = 0) -> JourneyLine:
    """A line: `amount` is the shelf's, of which the card takes `card`; `coupon` is the manufacturer's."""
    return JourneyLine(product, quantity, amount - card, card, coupon, 0)


def basket(
    number: int, *lines: JourneyLine, store: int = 7, at: datetime = MONDAY, household: int = 0
) -> JourneyBasket:
    return JourneyBasket(number, store, household or number, at, lines)


def run(
    baskets: Iterable[JourneyBasket], ties: Iterable[Tie] = (), kinds: Mapping[int, str] = KINDS, every: int = 1
) -> Tally:
    return reprice(list(baskets), Facts(kinds, CouponBook(ties), GOODS), every=every)


def told(tally: Tally, what: str, split: str = "") -> tuple[int, int, int, int]:
    """How many were compared, exact, predicted cents, and the receipts' cents."""
    found = tally.agreements[what, split]
    return found.compared, found.exact, found.predicted, found.real


def test_a_price_comes_from_the_other_receipts_of_the_store() -> None:
    tally = run([basket(1, line(SOUP, 200, card=40)), basket(2, line(SOUP, 200, card=40))])

    assert tally.lines == {HERE: 2}
    assert told(tally, "line paid") == (2, 2, 320, 320)
    assert told(tally, "line shelf") == (2, 2, 400, 400)
    assert told(tally, "saving with card") == (2, 2, 80, 80)
    assert told(tally, "basket paid", HERE) == (2, 2, 320, 320)
    assert tally.reasons == {}


def test_a_receipt_never_tells_its_own_price() -> None:
    """Negative control: with its own price among those it is priced from, the odd one would be exact."""
    odd = basket(1, line(SOUP, 777))
    others = [basket(number, line(SOUP, 200)) for number in (2, 3, 4)]

    tally = run([odd, *others])

    assert told(tally, "line paid") == (4, 3, 800, 1377)
    assert tally.reasons["paid"] == {"the one shelf price told is another, same store and week": 1}
    book = WeekBook([odd])
    assert book.learn(7, SOUP, told_by(odd)[SOUP]) is None
    leaking = book.learn(7, SOUP, Counter())
    assert leaking is not None
    assert leaking.shelf == Price(777, 1)


def test_another_store_tells_where_the_own_is_silent_and_another_week_never_does() -> None:
    tally = run(
        [
            basket(1, line(SOUP, 200), line(BREAD, 300)),
            basket(2, line(SOUP, 200), store=8),
            basket(3, line(BREAD, 300), at=NEXT_MONDAY),
        ]
    )

    assert tally.lines == {CHAIN: 2, NOBODY: 2}
    assert tally.baskets["some lines"] == 1
    assert tally.baskets[CHAIN] == 1
    assert tally.baskets["no line"] == 1
    assert told(tally, "basket paid") == (1, 1, 200, 200)


def test_the_own_store_is_heard_before_the_chain() -> None:
    others = [basket(number, line(SOUP, 250), store=8) for number in (3, 4, 5)]

    tally = run([basket(1, line(SOUP, 200)), basket(2, line(SOUP, 200)), *others])

    assert told(tally, "line paid", HERE) == (5, 5, 1150, 1150)


@pytest.mark.parametrize(
    ("real", "kinds", "reason"),
    [
        (line(FUEL, 2000, 8000), KINDS, "fuel"),
        (line(BEEF, 554), KINDS, "random weight"),
        (line(SOUP, 0, 0), KINDS, "zero quantity"),
        (line(99, 200), KINDS, "unknown product"),
    ],
)
def test_what_has_no_price_of_its_own_is_counted_and_left_out(
    real: JourneyLine, kinds: Mapping[int, str], reason: str
) -> None:
    tally = run([basket(1, real), basket(2, real)], kinds=kinds)

    assert tally.lines == {reason: 2}
    assert tally.baskets["no line"] == 2
    assert tally.agreements == {}


def test_several_prices_in_a_week_give_the_most_frequent_and_of_equals_the_higher() -> None:
    tally = run(basket(number, line(SOUP, amount)) for number, amount in enumerate((200, 200, 200, 250), start=1))

    assert told(tally, "line shelf") == (4, 3, 800, 850)
    even = run(basket(number, line(SOUP, amount)) for number, amount in enumerate((200, 250, 260), start=1))
    assert told(even, "line shelf") == (3, 0, 260 + 260 + 250, 710)
    assert even.reasons["shelf"] == {"several shelf prices in the week, same store and week": 3}


def test_a_lower_price_of_several_units_is_learnt_as_a_deal() -> None:
    """3 for $5 with the card: who takes one pays 200. Prices alone would ask 600, or 167 for one."""
    three, one = line(SOUP, 600, 3, card=100), line(SOUP, 200)

    tally = run([basket(1, three), basket(2, three), basket(3, one), basket(4, one)])

    assert told(tally, "line paid") == (4, 4, 1400, 1400)
    assert told(tally, "line paid, without learnt deals") == (4, 2, 1600, 1400)
    assert unit_price(500, 3) == Price(500, 3)


def test_a_coupon_takes_off_what_other_receipts_show() -> None:
    with_coupon = [basket(number, line(SOUP, 200, coupon=50), household=number) for number in (1, 2)]
    ties = tie_redemptions(with_coupon, [(number, date(2017, 3, 6), COUPON) for number in (1, 2)], GOODS)

    tally = run(with_coupon, ties)

    assert ties == [Tie(1, SOUP, COUPON, 50, 0), Tie(2, SOUP, COUPON, 50, 0)]
    assert told(tally, "line paid") == (2, 2, 300, 300)
    assert told(tally, "coupon redeemed", "worth known") == (2, 2, 100, 100)


def test_a_coupon_that_no_other_receipt_redeems_is_worth_nothing_known() -> None:
    tally = run([basket(1, line(SOUP, 200, coupon=50)), basket(2, line(SOUP, 200))], [Tie(1, SOUP, COUPON, 50, 0)])

    assert told(tally, "line paid") == (2, 1, 400, 350)
    assert tally.reasons["paid"] == {"coupon on no other receipt": 1}
    assert CouponBook([Tie(1, SOUP, COUPON, 50, 0)]).worth(COUPON, without=2) == Worth(50, 0)


def test_a_coupon_without_redemption_is_a_reason() -> None:
    tally = run([basket(1, line(SOUP, 200, coupon=50)), basket(2, line(SOUP, 200))])

    assert tally.reasons["paid"] == {"coupon without redemption": 1}


@pytest.mark.parametrize(
    ("household", "day", "product"),
    [(2, date(2017, 3, 6), SOUP), (1, date(2017, 3, 7), SOUP), (1, date(2017, 3, 6), BREAD)],
    ids=["another household", "another day", "other goods"],
)
def test_a_redemption_ties_to_its_household_day_and_goods_alone(household: int, day: date, product: int) -> None:
    taken = [basket(1, line(product, 200, coupon=50), household=1)]

    assert tie_redemptions(taken, [(household, day, COUPON)], GOODS) == []


def test_two_redemptions_never_tie_to_one_line() -> None:
    taken = [basket(1, line(SOUP, 200, coupon=50), household=1)]

    assert len(tie_redemptions(taken, [(1, date(2017, 3, 6), COUPON)] * 2, GOODS)) == 1


def test_goods_of_random_weight_are_told_by_prices_that_seldom_repeat() -> None:
    steaks = [basket(number, line(BEEF, 500 + number), line(SOUP, 200)) for number in range(10)]
    thin = [basket(20, line(5, 300)), basket(21, line(6, 300))]
    types = {SOUP: "soup", BEEF: "beef", 5: "beef", 6: "soup", 8: "never sold"}

    assert random_weight([[*steaks, *thin]], types) == {BEEF, 5}


def test_a_sample_is_priced_from_all_receipts() -> None:
    tally = run((basket(number, line(SOUP, 200)) for number in range(10)), every=4)

    assert tally.lines == {HERE: 3}


def test_agreement_counts_what_is_near_apart() -> None:
    found = Agreement()
    for predicted, real in ((100, 100), (101, 100), (102, 100), (1, 0), (-50, -50)):
        found.add(predicted, real)

    assert (found.compared, found.exact, found.close) == (5, 2, 3)


def test_figures_state_coverage_and_agreement_apart() -> None:
    tally = run(
        [basket(1, line(SOUP, 200), line(FUEL, 2000, 8000)), basket(2, line(SOUP, 210)), basket(3, line(BEEF, 9))]
    )

    lines, receipts, fixed, agreed, whole, *_ = figures(tally, every=1)

    assert (lines.value, round(receipts.value, 2), fixed.value) == (50.0, 33.33, 100.0)
    assert lines.details == {HERE: "2 (50.00 %)", "fuel": "1 (25.00 %)", "random weight": "1 (25.00 %)"}
    assert (agreed.value, whole.value) == (0.0, 0.0)
