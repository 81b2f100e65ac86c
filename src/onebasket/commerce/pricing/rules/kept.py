"""What is paid back for goods that come back, when others of their promotion are kept.

There are two policies. *Allocated*: each unit is worth its part of what its line was paid with, whatever becomes of
the others. *Re-priced*: what is kept is priced as if it alone had been bought then, and the difference is paid back, so
that a broken multi-buy costs the one who breaks it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from onebasket.commerce.pricing.rules.allocating import portion
from onebasket.commerce.pricing.rules.basket import Item, PricedBasket, PricedLine, Reduction, Shopper, TaxPart, Terms
from onebasket.commerce.pricing.rules.compiling import PromotionSet
from onebasket.commerce.pricing.rules.pricing import price_basket


class BasketAsk(msgspec.Struct, frozen=True):
    """A basket as it was asked to be priced."""

    items: tuple[Item, ...]
    shopper: Shopper
    terms: Terms
    coupons: tuple[str, ...] = ()


class LineRefund(msgspec.Struct, frozen=True):
    """What goes back on a line: `amount` of it, with the reductions and taxes that go with it.

    Below zero where goods that are kept cost more without those that come back.
    """

    number: int
    sku: str
    quantity: int
    amount: int
    reductions: tuple[Reduction, ...] = ()
    taxes: tuple[TaxPart, ...] = ()


class Refund(msgspec.Struct, frozen=True):
    """What is paid back in all, tax included; `owed` is by how much the goods kept cost more than was paid for them."""

    total: int
    lines: tuple[LineRefund, ...]
    owed: int = 0


def price_ask(ask: BasketAsk, promotions: PromotionSet) -> PricedBasket:
    """Price a basket as it was asked."""
    return price_basket(ask.items, promotions, ask.shopper, ask.terms, coupons=ask.coupons)


def refund_allocated(line: PricedLine, quantity_back: int, quantity_back_before: int = 0) -> LineRefund:
    """Return what a quantity that comes back was paid with; once all of it is back, exactly what the line came to."""

    def part(amount: int) -> int:
        return portion(amount, quantity_back, before=quantity_back_before, of=line.quantity)

    if not 0 <= quantity_back_before <= quantity_back_before + quantity_back <= line.quantity:
        raise ValueError("more comes back than was bought")
    reductions = tuple(msgspec.structs.replace(each, amount=part(each.amount)) for each in line.reductions)
    return LineRefund(
        line.number,
        line.sku,
        quantity_back,
        part(line.list_amount) - sum(each.amount for each in reductions),
        reductions,
        tuple(msgspec.structs.replace(tax, base=part(tax.base), amount=part(tax.amount)) for tax in line.taxes),
    )


def reprice_kept(ask: BasketAsk, promotions: PromotionSet, kept: Mapping[int, int]) -> PricedBasket:
    """Price what is kept as if it alone had been bought; `kept` are quantities by line number, 0 where left out."""
    return price_ask(msgspec.structs.replace(ask, items=tuple(_kept_items(ask.items, kept))), promotions)


def refund_by_repricing(
    ask: BasketAsk,
    promotions: PromotionSet,
    kept: Mapping[int, int],
    *,
    kept_before: Mapping[int, int] | None = None,
    owed_before: int = 0,
) -> Refund:
    """Return the difference between what was kept before (everything, if left out) and what is kept now, line by line.

    It is never asked back: what the goods kept cost more is `owed`, and goes off what comes back later.
    """
    whole = {item.number: item.quantity for item in ask.items}
    held = whole if kept_before is None else kept_before
    before, after = reprice_kept(ask, promotions, held), reprice_kept(ask, promotions, kept)
    now = {line.number: line for line in after.lines}
    lines = (_difference(line, now.get(line.number), held, kept) for line in before.lines)
    due = before.total - after.total - owed_before
    return Refund(max(0, due), tuple(line for line in lines if line.quantity or line.amount), max(0, -due))


def _kept_items(items: Sequence[Item], kept: Mapping[int, int]) -> list[Item]:
    found = []
    for item in items:
        quantity = kept.get(item.number, 0)
        if not 0 <= quantity <= item.quantity:
            raise ValueError("more is kept than was bought")
        if quantity == item.quantity:
            found.append(item)
        elif quantity:
            label = item.label_amount
            label = None if label is None else portion(label, quantity, before=0, of=item.quantity)
            found.append(msgspec.structs.replace(item, quantity=quantity, label_amount=label))
    return found


def _difference(
    before: PricedLine, after: PricedLine | None, held: Mapping[int, int], kept: Mapping[int, int]
) -> LineRefund:
    quantity = held.get(before.number, 0) - kept.get(before.number, 0)
    if after is None:
        return LineRefund(before.number, before.sku, quantity, before.amount, before.reductions, before.taxes)
    return LineRefund(
        before.number,
        before.sku,
        quantity,
        before.amount - after.amount,
        _less_reductions(before.reductions, after.reductions),
        tuple(
            TaxPart(tax.code, tax.rate, tax.base - left.base, tax.amount - left.amount)
            for tax, left in zip(before.taxes, after.taxes, strict=True)
        ),
    )


def _less_reductions(before: Sequence[Reduction], after: Sequence[Reduction]) -> tuple[Reduction, ...]:
    """Return what of each reduction goes, below zero for one that comes instead."""
    left = {(each.kind, each.reference): each for each in after}
    gone = [
        msgspec.structs.replace(each, amount=each.amount - (same.amount if same is not None else 0))
        for each in before
        for same in (left.pop((each.kind, each.reference), None),)
    ]
    come = [msgspec.structs.replace(each, amount=-each.amount) for each in left.values()]
    return tuple(each for each in (*gone, *come) if each.amount)
