"""What a promotion would do to baskets that were sold: each priced without it and with it, and what that comes to."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from onebasket.commerce.pricing.rules.basket import Item, PricedBasket, Shopper, Terms
from onebasket.commerce.pricing.rules.compiling import PromotionSet, compile_promotions
from onebasket.commerce.pricing.rules.pricing import price_basket
from onebasket.commerce.pricing.rules.promotions import Promotion

MOST_WINNERS = 10
TILL = "till"
_MOMENT = timedelta(microseconds=1)


class Winner(msgspec.Struct, frozen=True):
    """A receipt or a product, by what it is called and where it is found, and what the promotion takes off it."""

    name: str
    saved: int
    times: int = 1
    reference: str = ""


class Figures(msgspec.Struct, frozen=True):
    """What was found so far. Amounts in minor units of the one `currency`; receipts of others are left out.

    `units` are whole units of the goods that it takes down; `before` and `after` are what the touched receipts come to.
    `by_funder` is what the promotion's coming changes for each funder. `products` keeps every product, by SKU.
    """

    currency: str
    receipts: int = 0
    touched: int = 0
    members: int = 0
    units: int = 0
    before: int = 0
    after: int = 0
    used: int = 0
    bounded: int = 0
    by_funder: dict[str, int] = {}
    winners: tuple[Winner, ...] = ()
    products: dict[str, tuple[int, int]] = {}

    @property
    def given(self) -> int:
        """Return what shoppers would have saved more."""
        return self.before - self.after

    def best_products(self) -> list[Winner]:
        """Return the products that it takes most off."""
        rows = [Winner(sku, saved, times) for sku, (saved, times) in self.products.items()]
        return sorted(rows, key=lambda row: (-row.saved, row.name))[:MOST_WINNERS]


class Trial(msgspec.Struct, frozen=True):
    """A promotion on trial: the live ones without it and with it, and it alone, for what it reaches."""

    promotion: Promotion
    without: PromotionSet
    beside: PromotionSet
    alone: PromotionSet
    at: datetime
    channel: str
    currency: str


class Sold(msgspec.Struct, frozen=True):
    """A basket that was sold, as it is priced again; `reference` is where its receipt is found."""

    reference: str
    name: str
    items: tuple[Item, ...]
    shopper: Shopper
    place: str


def open_trial(promotion: Promotion, live: Iterable[Promotion], *, currency: str, at: datetime) -> Trial:
    """Put a promotion on trial as of an instant: as if it were valid then, in the place of what is live of its code."""
    others = [one for one in live if one.code != promotion.code]
    ends = promotion.valid_to if promotion.valid_to is None or promotion.valid_to > at else at + _MOMENT
    tried = replace(promotion, valid_from=min(promotion.valid_from, at), valid_to=ends)
    channels = tried.channels
    return Trial(
        tried,
        compile_promotions(others),
        compile_promotions([*others, tried]),
        compile_promotions([tried]),
        at,
        TILL if not channels or TILL in channels else min(channels),
        currency,
    )


def try_out(trial: Trial, baskets: Sequence[Sold], figures: Figures) -> Figures:
    """Return the figures with these baskets taken in; one that the promotion cannot reach is not priced at all."""
    tally = _Tally(figures)
    for sold in baskets:
        tally.receipts += 1
        if any(trial.alone.reaching(item) for item in sold.items):
            _take_in(trial, sold, tally)
    return tally.figures()


class _Tally:
    """Figures while they are added up."""

    def __init__(self, figures: Figures) -> None:
        self._begun = figures
        self.receipts, self.touched, self.members = figures.receipts, figures.touched, figures.members
        self.units, self.used, self.bounded = figures.units, figures.used, figures.bounded
        self.before, self.after = figures.before, figures.after
        self.by_funder, self.products = dict(figures.by_funder), dict(figures.products)
        self.winners = list(figures.winners)

    def figures(self) -> Figures:
        """Return them as they stand."""
        best = sorted(self.winners, key=lambda one: (-one.saved, one.reference))[:MOST_WINNERS]
        return Figures(
            self._begun.currency, self.receipts, self.touched, self.members, self.units, self.before, self.after,
            self.used, self.bounded, self.by_funder, tuple(best), self.products,
        )  # fmt: skip

    def note(self, sold: Sold, before: PricedBasket, after: PricedBasket, times: int) -> None:
        """Take in a basket that the promotion touches."""
        self.touched += 1
        self.members += sold.shopper.member
        self.used += times
        self.before += before.total
        self.after += after.total
        self.winners.append(Winner(sold.name, before.total - after.total, times, sold.reference))
        for basket, sign in ((after, 1), (before, -1)):
            for reduction in (one for line in basket.lines for one in line.reductions):
                self.by_funder[reduction.funder] = self.by_funder.get(reduction.funder, 0) + sign * reduction.amount

    def note_line(self, item: Item, saved: int) -> None:
        """Take in a line that the promotion takes down."""
        self.units += max(1, item.quantity // item.unit_steps)
        before, times = self.products.get(item.sku, (0, 0))
        self.products[item.sku] = (before + saved, times + 1)


def _take_in(trial: Trial, sold: Sold, tally: _Tally) -> None:
    code, coupon = trial.promotion.code, trial.promotion.coupon
    terms = Terms(sold.place, trial.channel, trial.currency, trial.at)
    presented = [coupon.code] if coupon else []
    before = price_basket(sold.items, trial.without, sold.shopper, terms)
    after = price_basket(sold.items, trial.beside, sold.shopper, terms, coupons=presented)
    tally.bounded += before.method != "exact" or after.method != "exact"
    times = sum(use.times for use in after.uses if use.reference == code)
    if not times and before.total == after.total:
        return
    tally.note(sold, before, after, times)
    for item, old, new in zip(sold.items, before.lines, after.lines, strict=True):
        if any(one.reference == code for one in new.reductions):
            tally.note_line(item, old.amount - new.amount)
