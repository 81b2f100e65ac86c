"""What was chosen, written down line by line: each reduction to the cent, and never more than there is to reduce."""

from collections.abc import Iterable, Sequence

from onebasket.commerce.pricing.rules.allocating import allocate
from onebasket.commerce.pricing.rules.assigning import Pool, Portion
from onebasket.commerce.pricing.rules.basket import Reduction, ReductionKind
from onebasket.commerce.pricing.rules.basketwide import BasketCut
from onebasket.commerce.pricing.rules.deals import Deal, unit_price
from onebasket.commerce.pricing.rules.qualifying import Standing
from onebasket.commerce.pricing.rules.runs import Line, base_kind, base_price

KINDS: tuple[ReductionKind, ...] = ("markdown", "loyalty", "promotion", "coupon", "staff", "basket")
"""The order of reductions on a line."""
PRICE_NAMES: dict[ReductionKind, str] = {"markdown": "price label", "loyalty": "card price"}


class Bill:
    """What a line comes to so far: its list amount less what has been taken off."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.left = line.list_amount
        self.prices: dict[ReductionKind, int] = {}
        self.taken: dict[int, int] = {}
        self.standings: dict[int, Standing] = {}

    def lower(self, kind: ReductionKind, amount: int) -> None:
        """Take off what the card's or the label's price is below the shelf's."""
        self.prices[kind] = self.prices.get(kind, 0) + amount
        self.left -= amount

    def take(self, standing: Standing, amount: int) -> None:
        """Take off what a promotion gives."""
        rank = standing.rank
        self.taken[rank] = self.taken.get(rank, 0) + amount
        self.standings[rank] = standing
        self.left -= amount

    def reductions(self) -> tuple[Reduction, ...]:
        """Return what was taken off: prices first, then promotions by kind and code."""
        if not self.prices and not self.taken:
            return ()
        found = [
            Reduction(kind, _price_reference(kind), PRICE_NAMES[kind], "retailer", amount)
            for kind, amount in self.prices.items()
            if amount
        ]
        for rank, amount in sorted(self.taken.items()):
            if amount:
                rule = self.standings[rank].rule
                promotion = rule.promotion
                found.append(Reduction(rule.kind, promotion.code, promotion.name, promotion.funder, amount))
        if len(found) > 1:
            found.sort(key=_kind)
        return tuple(found)

    def receivable(self) -> int:
        """Return what manufacturers' coupons pay of the line: it stays in the tax base."""
        return sum(
            amount
            for rank, amount in self.taken.items()
            if (rule := self.standings[rank].rule).kind == "coupon" and rule.promotion.funder == "manufacturer"
        )


def settle(lines: Sequence[Line], portions: Iterable[Portion], pools: Iterable[Pool]) -> list[Bill]:
    """Write down what each line comes to by what its units take part in; bills stand in the order of lines."""
    bills = [Bill(line) for line in lines]
    at = {line.place: number for number, line in enumerate(lines)}
    covered: set[int] = set()
    shared: dict[int, dict[int, int]] = {}
    for portion in portions:
        number = at[portion.piece.run.line.place]
        covered.add(number)
        left = _settle_units(bills[number], portion)
        if portion.deal is not None and not portion.deal.standing.rule.for_each_unit:
            weights = shared.setdefault(portion.deal.standing.rank, {})
            weights[number] = weights.get(number, 0) + left
    for number, bill in enumerate(bills):
        if number not in covered:
            _lower_whole(bill)
    for pool in pools:
        if not pool.deal.standing.rule.for_each_unit:
            _settle_pool(bills, pool.deal, shared[pool.deal.standing.rank], pool.paid)
    return bills


def settle_basket(bills: Sequence[Bill], cuts: Iterable[BasketCut], *, below_zero: bool) -> int:
    """Take off what basket promotions give, from their lines first, and return the total of all lines.

    What is more than their lines still cost goes on to the others, and nothing goes below zero by it. Manufacturers'
    coupons alone can bring the lines below zero together: then the last ones are cut, unless it may be below zero.
    """
    total = sum(bill.left for bill in bills)
    for cut in cuts:
        places = {line.place for line in cut.lines}
        off = max(0, min(cut.off, total))
        total -= off
        off -= _spread_off([bill for bill in bills if bill.line.place in places], cut.standing, off)
        if off:
            _spread_off(bills, cut.standing, off)
    if total < 0 and not below_zero:
        _give_back(bills, -total)
        return 0
    return total


def _settle_units(bill: Bill, portion: Portion) -> int:
    """Write down what comes off a portion by itself, and return what it costs before the deal that is shared."""
    piece, within, units = portion.piece, portion.within, portion.units
    run, on_top = piece.run, portion.on_top
    base = run.own if within is None else base_price(run, within.rule.promotion.stacking)
    if kind := base_kind(run, base):
        bill.lower(kind, (run.shelf - base) * units)
    for standing, off in (*on_top.capped, *on_top.uncapped):
        bill.take(standing, off * units)
    if within is not None and within.rule.for_each_unit:
        paid = max(0, unit_price(within.rule, run) - on_top.within)
        bill.take(within, (base - on_top.within - paid) * units)
    return (base - on_top.within) * units


def _lower_whole(bill: Bill) -> None:
    """Write down the price of a line that no promotion reaches."""
    line = bill.line
    if line.own < line.list_amount:
        bill.lower("markdown" if line.label == line.own else "loyalty", line.list_amount - line.own)


def _settle_pool(bills: Sequence[Bill], deal: Deal, weights: dict[int, int], paid: int) -> None:
    numbers = sorted(weights)
    parts = allocate(sum(weights.values()) - paid, [weights[number] for number in numbers])
    for number, part in zip(numbers, parts, strict=True):
        bills[number].take(deal.standing, part)


def _spread_off(bills: Sequence[Bill], standing: Standing, off: int) -> int:
    """Take an amount off bills in proportion to what is left of them, and return how much of it they bore."""
    open_bills = [bill for bill in bills if bill.left > 0]
    borne = min(off, sum(bill.left for bill in open_bills))
    if borne:
        for bill, part in zip(open_bills, allocate(borne, [bill.left for bill in open_bills]), strict=True):
            bill.take(standing, part)
    return borne


def _give_back(bills: Sequence[Bill], excess: int) -> None:
    """Cut coupons, the last ones first, by what they take off too much."""
    ranks = sorted({rank for bill in bills for rank, st in bill.standings.items() if st.rule.uncapped}, reverse=True)
    for rank in ranks:
        for bill in reversed(bills):
            back = min(excess, bill.taken.get(rank, 0))
            if back:
                bill.take(bill.standings[rank], -back)
                excess -= back


def _price_reference(kind: ReductionKind) -> str:
    return "label" if kind == "markdown" else "card"


_PLACES = {kind: number for number, kind in enumerate(KINDS)}


def _kind(reduction: Reduction) -> int:
    return _PLACES[reduction.kind]
