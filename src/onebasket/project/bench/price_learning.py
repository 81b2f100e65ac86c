"""What prices, quantity promotions and coupons are worth, learnt from other receipts than the one that is priced.

A price is learnt from the other receipts of the same store and week, else of the whole chain in that week: the most
frequent one, of equally frequent ones the higher. What a coupon takes off is learnt from the other receipts of the
year that redeem it: the most frequent, of equally frequent ones the lower.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from math import gcd
from typing import NamedTuple

from onebasket.channels.demo.journey import JourneyBasket, JourneyLine
from onebasket.channels.demo.offers import week_of
from onebasket.channels.demo.slices import TIME_ZONE
from onebasket.kernel.clock import zone

LEAST_PAIRS = 30
"""Pairs of lines from which on a product is judged by itself; below it all products of its type are judged together."""
REPEATING = 0.25
CouponKey = tuple[int, int]
"""A coupon of the data: number of its campaign, number on its paper."""


class Price(NamedTuple):
    """Cents per so many units, in lowest terms: 167 for 1, or 500 for 3."""

    amount: int
    units: int

    @property
    def each(self) -> float:
        """Return what one unit costs, to compare by."""
        return self.amount / self.units


class Seen(NamedTuple):
    """What one line of a receipt tells: how many units, at which price on the shelf and with the card."""

    quantity: int
    shelf: Price
    card: Price


class Learnt(NamedTuple):
    """What other receipts tell of a product: prices, and how many different ones there were.

    `deal` is a price with the card that is lower from `deal_from` units on (0: there is none). `here` where the
    receipts are of the same store, else they are of the chain.
    """

    here: bool
    shelf: Price
    card: Price
    shelf_prices: int
    card_prices: int
    deal: Price
    deal_from: int


class Tie(NamedTuple):
    """A redemption found on a receipt: the line it took down, and by how much; `match` is what the shop adds."""

    basket_id: int
    product_id: int
    coupon: CouponKey
    amount: int
    match: int


class Worth(NamedTuple):
    """What a coupon takes off, by whom it is paid for."""

    manufacturer: int
    shop: int


class WeekBook:
    """What all receipts of a week tell, by store and by chain."""

    def __init__(self, baskets: Iterable[JourneyBasket]) -> None:
        self._stores: dict[tuple[int, int], Counter[Seen]] = defaultdict(Counter)
        self._chain: dict[int, Counter[Seen]] = defaultdict(Counter)
        for basket in baskets:
            for product, told in told_by(basket).items():
                self._stores[basket.store_id, product].update(told)
                self._chain[product].update(told)

    def learn(self, store: int, product: int, own: Counter[Seen]) -> Learnt | None:
        """Return what receipts tell of a product but for the receipt that tells `own`; None where there is none."""
        for here, told in ((True, self._stores.get((store, product))), (False, self._chain.get(product))):
            if told and (others := told - own):
                return learn_prices(others, here=here)
        return None


class CouponBook:
    """Which redemptions were found on which receipts."""

    def __init__(self, ties: Iterable[Tie]) -> None:
        self._by_coupon: dict[CouponKey, list[Tie]] = defaultdict(list)
        self._by_basket: dict[int, list[Tie]] = defaultdict(list)
        for tie in ties:
            self._by_coupon[tie.coupon].append(tie)
            self._by_basket[tie.basket_id].append(tie)

    def redeemed(self, basket_id: int) -> Sequence[Tie]:
        """Return the redemptions found on a receipt."""
        return self._by_basket.get(basket_id, ())

    def worth(self, coupon: CouponKey, *, without: int) -> Worth | None:
        """Return what other receipts than one show a coupon to take off; None where it is on no other."""
        seen = Counter(
            Worth(tie.amount, tie.match) for tie in self._by_coupon.get(coupon, ()) if tie.basket_id != without
        )
        return min(seen, key=lambda worth: (-seen[worth], worth)) if seen else None


def random_weight(weeks: Iterable[Sequence[JourneyBasket]], types: Mapping[int, str]) -> set[int]:
    """Return the products whose price depends on a weight that the data does not state, by how seldom it repeats.

    Of two lines of one unit in the same week, anywhere in the chain, fewer than a quarter have the same shelf price.
    """
    same, pairs = Counter[int](), Counter[int]()
    for week in weeks:
        seen: dict[int, Counter[int]] = defaultdict(Counter)
        for basket in week:
            for line in basket.lines:
                if line.quantity == 1 and line.list_amount > 0:
                    seen[line.product_id][line.list_amount] += 1
        for product, amounts in seen.items():
            lines = amounts.total()
            pairs[product] += lines * (lines - 1)
            same[product] += sum(count * (count - 1) for count in amounts.values())
    same_of, pairs_of = Counter[str](), Counter[str]()
    for product, kind in types.items():
        same_of[kind] += same[product]
        pairs_of[kind] += pairs[product]
    return {
        product
        for product, kind in types.items()
        if (
            same[product] < REPEATING * pairs[product]
            if pairs[product] >= LEAST_PAIRS
            else same_of[kind] < REPEATING * pairs_of[kind]
        )
    }


def by_week(baskets: Iterable[JourneyBasket]) -> Iterable[list[JourneyBasket]]:
    """Yield the receipts of each week of the data; they come in the order of time."""
    for _, week in groupby(baskets, key=lambda basket: week_of(local_day(basket))):
        yield list(week)


def unit_price(amount: int, quantity: int) -> Price:
    """Return the price at which a quantity comes to an amount."""
    common = gcd(amount, quantity)
    return Price(amount // common, quantity // common)


def told_by(basket: JourneyBasket) -> dict[int, Counter[Seen]]:
    """Return what a receipt tells of each product; a line without quantity or amount tells nothing."""
    told: dict[int, Counter[Seen]] = {}
    for line in basket.lines:
        if line.quantity > 0 and line.list_amount > 0:
            shelf = unit_price(line.list_amount, line.quantity)
            card = unit_price(with_card(line), line.quantity)
            told.setdefault(line.product_id, Counter())[Seen(line.quantity, shelf, card)] += 1
    return told


def with_card(line: JourneyLine) -> int:
    """Return what a line costs with the card, before coupons."""
    return line.sales + line.coupon_match


def learn_prices(others: Mapping[Seen, int], *, here: bool) -> Learnt:
    """Return what lines of other receipts tell.

    Where those of several units mostly paid less for each than those of one unit, it is a deal from so many units on
    as the least of them had.
    """
    shelf, card, single, many = Counter[Price](), Counter[Price](), Counter[Price](), Counter[Price]()
    for seen, lines in others.items():
        shelf[seen.shelf] += lines
        card[seen.card] += lines
        (single if seen.quantity == 1 else many)[seen.card] += lines
    usual, deal, deal_from = _most_frequent(card), Price(0, 1), 0
    if single and many:
        alone, together = _most_frequent(single), _most_frequent(many)
        if together.each < alone.each:
            usual, deal = alone, together
            deal_from = min(seen.quantity for seen in others if seen.quantity > 1 and seen.card == together)
    return Learnt(here, _most_frequent(shelf), usual, len(shelf), len(card), deal, deal_from)


def tie_redemptions(
    baskets: Iterable[JourneyBasket],
    redemptions: Iterable[tuple[int, date, CouponKey]],
    goods: Mapping[CouponKey, set[int]],
) -> list[Tie]:
    """Find redemptions on receipts: that household, that day, a line of the coupon's goods that a coupon took down.

    Each redemption takes the first such line that no other has.
    """
    taken_down: dict[tuple[int, date], list[tuple[int, JourneyLine]]] = defaultdict(list)
    for basket in baskets:
        day = local_day(basket)
        for line in basket.lines:
            if line.coupon > 0:
                taken_down[basket.household_id, day].append((basket.basket_id, line))
    ties = []
    for household, day, coupon in redemptions:
        free = taken_down.get((household, day), [])
        for place, (basket_id, line) in enumerate(free):
            if line.product_id in goods.get(coupon, ()):
                ties.append(Tie(basket_id, line.product_id, coupon, line.coupon, line.coupon_match))
                del free[place]
                break
    return ties


def local_day(basket: JourneyBasket) -> date:
    """Return the day of a receipt where its store is."""
    return basket.at.astimezone(zone(TIME_ZONE)).date()


def _most_frequent(prices: Counter[Price]) -> Price:
    return max(prices, key=lambda price: (prices[price], price.each))
