"""Real receipts priced again by the engine, at prices that other receipts tell, and compared with what was paid.

Coverage (of how many lines other receipts tell a price) and agreement (how many of these come out as they were paid)
are counted apart, and so are the reasons for the rest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from onebasket.channels.demo.journey import JourneyBasket, JourneyLine
from onebasket.commerce.pricing.rules.basket import Item, PricedBasket, PricedLine, Shopper, Terms, UnitPrice
from onebasket.commerce.pricing.rules.compiling import compile_promotions
from onebasket.commerce.pricing.rules.pricing import price_basket
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Audience,
    Coupon,
    FixedPrice,
    MultiBuy,
    Promotion,
    Selector,
    Stacking,
)
from onebasket.project.bench.price_learning import (
    CouponBook,
    CouponKey,
    Learnt,
    Price,
    WeekBook,
    Worth,
    by_week,
    told_by,
    with_card,
)

SINCE = datetime(2016, 1, 1, tzinfo=UTC)
HERE, CHAIN = "same store and week", "chain and week"
NOBODY = "no other receipt of the week"
UNKNOWN, EMPTY = "unknown product", "zero quantity"
ROUNDED = "a cent a unit at most"
PLAIN = "goods of a fixed price alone: "
NOT_GOODS = frozenset({UNKNOWN, EMPTY, "fuel", "money", "random weight"})
MEMBER = Shopper(member=True)
NO_PROMOTIONS = compile_promotions(())
PERCENT = 100


class Agreement(msgspec.Struct):
    """How often what was predicted is what the receipt says: to the cent, and within one per cent."""

    compared: int = 0
    exact: int = 0
    close: int = 0
    predicted: int = 0
    real: int = 0

    def add(self, predicted: int, real: int) -> None:
        """Compare one amount with another."""
        self.compared += 1
        self.exact += predicted == real
        self.close += PERCENT * abs(predicted - real) <= abs(real)
        self.predicted += predicted
        self.real += real


class Tally(msgspec.Struct):
    """What came of it: lines and baskets by what tells their price, agreement by what is compared, reasons."""

    lines: Counter[str] = msgspec.field(default_factory=Counter)
    baskets: Counter[str] = msgspec.field(default_factory=Counter)
    agreements: dict[tuple[str, str], Agreement] = msgspec.field(default_factory=lambda: defaultdict(Agreement))
    reasons: dict[str, Counter[str]] = msgspec.field(default_factory=lambda: defaultdict(Counter))
    greedy: int = 0


class Facts(msgspec.Struct, frozen=True):
    """What is known beside the receipts: why a product is not priced (absent: unknown, "" for goods), and coupons."""

    kinds: Mapping[int, str]
    coupons: CouponBook
    goods: Mapping[CouponKey, set[int]]


class Line(NamedTuple):
    """A line of a receipt with what other receipts tell of its product; its number is its place on the receipt."""

    number: int
    real: JourneyLine
    learnt: Learnt


class Presented(NamedTuple):
    """A coupon that is presented, what other receipts show it to take off, and the product it took down."""

    coupon: CouponKey
    worth: Worth | None
    product_id: int


def reprice(baskets: Iterable[JourneyBasket], facts: Facts, *, every: int = 1) -> Tally:
    """Price every so-manieth basket, counted in the order of time, from what all the others of its week tell."""
    tally, place = Tally(), 0
    for week in by_week(baskets):
        book = WeekBook(week)
        for basket in week:
            if place % every == 0:
                _reprice_one(basket, book, facts, tally)
            place += 1
    return tally


def _reprice_one(basket: JourneyBasket, book: WeekBook, facts: Facts, tally: Tally) -> None:
    own, lines, left_out = told_by(basket), list[Line](), Counter[str]()
    for number, real in enumerate(basket.lines, start=1):
        reason = _not_priced(real, facts.kinds)
        learnt = None if reason else book.learn(basket.store_id, real.product_id, own.get(real.product_id, Counter()))
        if learnt is None:
            left_out[reason or NOBODY] += 1
        else:
            lines.append(Line(number, real, learnt))
    tally.lines.update(left_out)
    tally.lines.update(HERE if line.learnt.here else CHAIN for line in lines)
    where = _coverage(lines, left_out)
    tally.baskets[where] += 1
    tally.baskets[PLAIN + where] += NOT_GOODS.isdisjoint(left_out)
    if lines:
        presented = [
            Presented(tie.coupon, facts.coupons.worth(tie.coupon, without=basket.basket_id), tie.product_id)
            for tie in facts.coupons.redeemed(basket.basket_id)
        ]
        _compare(basket, lines, presented, facts, tally)


def _not_priced(line: JourneyLine, kinds: Mapping[int, str]) -> str:
    if line.product_id not in kinds:
        return UNKNOWN
    return EMPTY if line.quantity == 0 else kinds[line.product_id]


def _coverage(lines: Sequence[Line], left_out: Counter[str]) -> str:
    if left_out:
        return "some lines" if lines else "no line"
    return HERE if all(line.learnt.here for line in lines) else CHAIN


def _compare(
    basket: JourneyBasket, lines: Sequence[Line], presented: Sequence[Presented], facts: Facts, tally: Tally
) -> None:
    deals = [_deal(line) for line in lines if line.learnt.deal_from]
    coupons = [made for one in dict.fromkeys(presented) for made in _coupon(one, lines, facts.goods)]
    codes = [code for one in presented for code in _codes(one.coupon)]
    priced = _price(basket, lines, [*deals, *coupons], codes)
    alone = _price(basket, lines, coupons, codes) if deals else priced
    tally.greedy += priced.method != "exact"
    tied = {one.product_id: one.worth for one in presented}
    for line, found, plain in zip(lines, priced.lines, alone.lines, strict=True):
        _compare_line(line, found, tied, tally)
        tally.agreements["line paid, without learnt deals", ""].add(plain.amount, _paid(line.real))
    if len(lines) == len(basket.lines):
        paid = sum(_paid(line.real) for line in lines)
        where = HERE if all(line.learnt.here for line in lines) else CHAIN
        coupon = "a coupon" if any(line.real.coupon or line.real.coupon_match for line in lines) else "no coupon"
        for split in ("", where, coupon):
            tally.agreements["basket paid", split].add(priced.total, paid)
            tally.agreements["basket shelf", split].add(priced.list_total, sum(line.real.list_amount for line in lines))


def _compare_line(line: Line, found: PricedLine, tied: Mapping[int, Worth | None], tally: Tally) -> None:
    real, learnt = line.real, line.learnt
    off = sum(part.amount for part in found.reductions if part.kind != "coupon")
    by_coupon = found.reduced_by - off
    card = found.list_amount - off
    where = HERE if learnt.here else CHAIN
    for split in ("", where):
        tally.agreements["line shelf", split].add(found.list_amount, real.list_amount)
        tally.agreements["line with card", split].add(card, with_card(real))
        tally.agreements["line paid", split].add(found.amount, _paid(real))
        if real.card_discount:
            tally.agreements["saving with card", split].add(off, real.card_discount)
    if real.product_id in tied:
        known = "worth known" if tied[real.product_id] else "worth unknown"
        tally.agreements["coupon redeemed", known].add(by_coupon, real.coupon + real.coupon_match)
    if found.list_amount != real.list_amount:
        tally.reasons["shelf"][_shelf_differs(line, found.list_amount)] += 1
    if found.amount != _paid(real):
        right = card == with_card(real)
        reason = _coupon_differs(real, tied, right=right) or _card_differs(line, found.list_amount, card)
        tally.reasons["paid"][reason] += 1


def _coupon_differs(real: JourneyLine, tied: Mapping[int, Worth | None], *, right: bool) -> str:
    """Say why a coupon is the reason that a line differs, or nothing where its price is."""
    if real.coupon or real.coupon_match:
        if real.product_id not in tied:
            return "coupon without redemption"
        if tied[real.product_id] is None:
            return "coupon on no other receipt"
        return "coupon took off something else" if right else ""
    return "coupon was put on another line" if right else ""


def _shelf_differs(line: Line, listed: int) -> str:
    """Say why the shelf price differs."""
    if abs(listed - line.real.list_amount) <= line.real.quantity:
        return ROUNDED
    if not line.real.list_amount:
        return "given away"
    told = "several shelf prices in the week" if line.learnt.shelf_prices > 1 else "the one shelf price told is another"
    return f"{told}, {HERE if line.learnt.here else CHAIN}"


def _card_differs(line: Line, listed: int, card: int) -> str:
    """Say why the price with the card differs, before coupons."""
    real = line.real
    if abs(card - with_card(real)) <= real.quantity:
        return ROUNDED
    if abs(listed - real.list_amount) > real.quantity:
        return _shelf_differs(line, listed)
    if not real.card_discount:
        return "others had a card's price, this line the shelf's"
    if card == listed:
        return "others had the shelf's price, this line a card's"
    told = (
        "several card's prices in the week" if line.learnt.card_prices > 1 else "the one card's price told is another"
    )
    return f"{told}, {HERE if line.learnt.here else CHAIN}"


def _paid(line: JourneyLine) -> int:
    return line.sales - line.coupon


def _price(
    basket: JourneyBasket, lines: Sequence[Line], promotions: Sequence[Promotion], codes: Sequence[str]
) -> PricedBasket:
    items = [
        Item(
            line.number,
            str(line.real.product_id),
            line.real.quantity,
            _unit_price(line.learnt.shelf),
            loyalty=_unit_price(line.learnt.card),
        )
        for line in lines
    ]
    compiled = compile_promotions(promotions) if promotions else NO_PROMOTIONS
    terms = Terms(str(basket.store_id), "till", "USD", basket.at, below_zero=True)
    return price_basket(items, compiled, MEMBER, terms, coupons=codes)


def _unit_price(price: Price) -> UnitPrice:
    return UnitPrice(price.amount, price.units)


def _deal(line: Line) -> Promotion:
    """Make the promotion that a deal is: a price for each from so many units on, or so many for an amount."""
    deal, sku = line.learnt.deal, str(line.real.product_id)
    saving = FixedPrice(deal.amount, line.learnt.deal_from) if deal.units == 1 else MultiBuy(deal.units, deal.amount)
    return Promotion(
        code=f"deal-{sku}",
        name="Deal",
        saving=saving,
        goods=Selector(skus=frozenset({sku})),
        valid_from=SINCE,
        audience=Audience(who="members"),
    )


def _coupon(presented: Presented, lines: Sequence[Line], goods: Mapping[CouponKey, set[int]]) -> Iterable[Promotion]:
    """Make the promotions that a coupon is: the manufacturer's, and what the shop adds to it."""
    named = goods.get(presented.coupon, set())
    skus = frozenset(str(line.real.product_id) for line in lines if line.real.product_id in named)
    if presented.worth is None or not skus:
        return
    for code, amount, funder in zip(
        _codes(presented.coupon), presented.worth, ("manufacturer", "retailer"), strict=True
    ):
        if amount:
            yield Promotion(
                code=code,
                name="Coupon",
                saving=AmountOff(amount),
                goods=Selector(skus=skus),
                valid_from=SINCE,
                stacking=Stacking(mode="stackable", with_markdown=True),
                coupon=Coupon(code),
                funder=funder,  # type: ignore[arg-type]
            )


def _codes(coupon: CouponKey) -> tuple[str, str]:
    campaign, number = coupon
    return f"c{campaign}-{number}", f"c{campaign}-{number}-match"
