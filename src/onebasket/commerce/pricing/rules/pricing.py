"""What a basket comes to: prices, the promotions that are best for the shopper, and tax; the same for every channel."""

from collections import Counter
from collections.abc import Sequence

from onebasket.commerce.pricing.rules.basket import (
    Item,
    PricedBasket,
    PricedLine,
    PromotionUse,
    Shopper,
    Terms,
)
from onebasket.commerce.pricing.rules.choosing import Nodes
from onebasket.commerce.pricing.rules.compiling import PromotionSet
from onebasket.commerce.pricing.rules.covering import cover_lines, cover_runs
from onebasket.commerce.pricing.rules.deciding import Decided, decide
from onebasket.commerce.pricing.rules.noting import Notes
from onebasket.commerce.pricing.rules.promotions import Promotion
from onebasket.commerce.pricing.rules.qualifying import Standings
from onebasket.commerce.pricing.rules.runs import Line, cut_runs, lay_out
from onebasket.commerce.pricing.rules.settling import Bill, settle, settle_basket
from onebasket.commerce.pricing.rules.taxing import Taxable, cash_rounding, tax_lines

NODES = 5_000
"""How many nodes the search for the best result visits before the fallback stands."""


def price_basket(
    items: Sequence[Item],
    promotions: PromotionSet,
    shopper: Shopper,
    terms: Terms,
    *,
    coupons: Sequence[str] = (),
    nodes: int = NODES,
) -> PricedBasket:
    """Price a basket: the least total that the promotions allow, with why for each line; `coupons` as presented.

    Lines are told apart by their numbers; neither their order nor that of the promotions changes the result.
    """
    standings = Standings(shopper, terms, Counter(coupons))
    placed = [
        lay_out(place, item, standings.live(promotions.reaching(item)), member=shopper.member)
        for place, item in enumerate(items)
    ]
    if not coupons and all(_is_plain(line) for line in placed):
        return _plain(placed, terms)
    lines = sorted(placed, key=lambda line: (line.item.sku, line.item.number))
    counter = Nodes(nodes)
    runs = cut_runs(lines)
    covers = cover_runs(runs)
    decided = decide(runs, covers, cover_lines(lines), counter)
    bills = settle(lines, decided.assigned.portions, decided.assigned.pools)
    settle_basket(bills, decided.cuts, below_zero=terms.below_zero)
    bills.sort(key=lambda bill: bill.line.place)
    notes = Notes(standings, covers, decided)
    return _written(bills, notes, decided, terms, counter, promotions)


def _is_plain(line: Line) -> bool:
    """Whether there is nothing to choose and nothing to tell of a line: it costs what the shelf says."""
    return not line.live and line.own == line.list_amount and line.item.loyalty is None


def _plain(lines: Sequence[Line], terms: Terms) -> PricedBasket:
    """Return what plain lines come to; most baskets of an outside shop are of such."""
    taxes = tax_lines([Taxable(line.item.tax_class, line.list_amount) for line in lines], terms)
    priced = tuple(
        PricedLine(
            line.item.number,
            line.item.sku,
            line.item.quantity,
            line.list_amount,
            line.list_amount,
            (),
            parts,
            (),
            line.item.shelf.amount,
            line.item.shelf.per_quantity,
        )
        for line, parts in zip(lines, taxes, strict=True)
    )
    goods = sum(line.list_amount for line in lines)
    tax = sum(part.amount for parts in taxes for part in parts)
    total = goods if terms.tax_included else goods + tax
    rounding = cash_rounding(total, terms.cash_step)
    return PricedBasket(priced, terms.currency, goods, 0, tax, total, terms.tax_included, rounding)


def _written(
    bills: Sequence[Bill], notes: Notes, decided: Decided, terms: Terms, counter: Nodes, promotions: PromotionSet
) -> PricedBasket:
    taxable = [Taxable(bill.line.item.tax_class, bill.left + bill.receivable()) for bill in bills]
    taxes = tax_lines(taxable, terms)
    lines = tuple(
        PricedLine(
            bill.line.item.number,
            bill.line.item.sku,
            bill.line.item.quantity,
            bill.line.list_amount,
            bill.left,
            bill.reductions(),
            parts,
            notes.on_line(bill),
            bill.line.item.shelf.amount,
            bill.line.item.shelf.per_quantity,
        )
        for bill, parts in zip(bills, taxes, strict=True)
    )
    list_total = sum(line.list_amount for line in lines)
    goods = sum(line.amount for line in lines)
    tax = sum(part.amount for line in lines for part in line.taxes)
    total = goods if terms.tax_included else goods + tax
    return PricedBasket(
        lines,
        terms.currency,
        list_total,
        list_total - goods,
        tax,
        total,
        terms.tax_included,
        cash_rounding(total, terms.cash_step),
        "exact" if decided.assigned.exact else "greedy",
        counter.visited,
        notes.on_basket(bills, promotions),
        tuple(_use(promotions.rules[rank].promotion, times) for rank, times in sorted(notes.uses.items()) if times),
    )


def _use(promotion: Promotion, times: int) -> PromotionUse:
    return PromotionUse(promotion.code, promotion.coupon.code if promotion.coupon is not None else "", times)
