"""What is paid back where the kept goods are priced again, and that no more goes back than was paid, by any policy."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from onebasket.commerce.fulfilment.rules.messages import BackLine
from onebasket.commerce.fulfilment.rules.returns import Back, Original, allocate, override
from onebasket.commerce.pricing.rules.allocating import allocate as share
from onebasket.commerce.pricing.rules.basket import PricedBasket
from onebasket.commerce.pricing.rules.compiling import PromotionSet
from onebasket.commerce.pricing.rules.kept import BasketAsk, LineRefund, price_ask, refund_by_repricing
from onebasket.commerce.pricing.rules.placed import is_same
from onebasket.commerce.sales.rules.receipt import Discount, Disposition, Funder, Line, Tax
from onebasket.commerce.sales.rules.ties import lines_untied


class Worked(NamedTuple):
    """What comes back, worked out; `owed` is by how much kept goods cost more than is left to pay back for them."""

    backs: list[Back]
    owed: int = 0


def can_reprice(ask: BasketAsk, promotions: PromotionSet, original: Original) -> bool:
    """Whether pricing the whole of an order again comes to what was paid, and the customer got all of it.

    What the store itself did not hand over broke no deal of the customer's; and where the past cannot be repeated to
    the cent, nothing is worked out from it.
    """
    sold = [one for _, one in sorted(original.lines.items()) if one.line.quantity]
    if any(one.got < one.line.quantity for one in sold):
        return False
    paid = PricedBasket(tuple(one.line for one in sold), original.currency, 0, 0, 0, 0, original.tax_included)
    return is_same(price_ask(ask, promotions), paid)


def reprice(
    asked: Sequence[BackLine],
    original: Original,
    back: Mapping[int, int],
    *,
    ask: BasketAsk,
    promotions: PromotionSet,
    owed: int = 0,
) -> Worked:
    """Return each line that comes back, and each kept one that costs more or less without it.

    Together they are what was kept before less what is kept now, priced as it was then, less what was owed before;
    never below nothing. `back` is how much of each line came back before.
    """
    held = {number: sold.line.quantity - back.get(number, 0) for number, sold in original.lines.items()}
    kept = held | {line.line: held[line.line] - line.quantity for line in asked}
    refund = refund_by_repricing(ask, promotions, kept, kept_before=held, owed_before=owed)
    by_number = {line.number: line for line in refund.lines}
    coming = [_coming(line, by_number[line.line], original) for line in asked]
    numbers = {line.line for line in asked}
    told = [*coming, *(_kept(line, original) for line in refund.lines if line.number not in numbers)]
    included = original.tax_included
    due = sum(one.due(tax_included=included) for one in told)
    if due != refund.total or lines_untied([line_of(one) for one in told]):
        told = spread(asked, original, back, refund.total)
    return Worked(_overridden(told, asked, tax_included=included), refund.owed)


def spread(asked: Sequence[BackLine], original: Original, back: Mapping[int, int], total: int) -> list[Back]:
    """Return the lines that come back with a total shared out among them by what they were paid with."""
    plain = allocate([_plain(line) for line in asked], original, back)
    included = original.tax_included
    parts = share(total, [max(0, one.due(tax_included=included)) for one in plain])
    return [override(one, part, tax_included=included) for one, part in zip(plain, parts, strict=True)]


def within(
    backs: Sequence[Back], asked: Sequence[BackLine], *, tax_included: bool, most: int, all_back: bool
) -> list[Back]:
    """Return lines that pay back at most so much together; with `all_back`, when nothing is kept, exactly so much.

    What an associate overrode stays as it was stated.
    """
    stated = {line.line for line in asked if line.amount is not None}
    over = sum(one.due(tax_included=tax_included) for one in backs) - most
    if stated or over == 0 or (over < 0 and not all_back):
        return list(backs)
    found = list(backs)
    for at in sorted(range(len(found)), key=lambda at: -found[at].due(tax_included=tax_included)):
        due = found[at].due(tax_included=tax_included)
        cut = min(over, due) if over > 0 else over
        if cut and found[at].quantity:
            found[at], over = override(found[at], due - cut, tax_included=tax_included), over - cut
    return found


def line_of(back: Back) -> Line:
    """Return a line of a return as its receipt states it; what is kept has no quantity and comes from nowhere."""
    return Line(
        back.sku,
        back.quantity,
        back.list_amount,
        back.amount,
        sku=back.sku,
        discounts=tuple(Discount(cut.kind, Funder(cut.funder), cut.amount, cut.reference) for cut in back.reductions),
        taxes=tuple(Tax(part.rate, part.base, part.amount, part.code) for part in back.taxes),
        disposition=Disposition(back.disposition) if back.disposition else None,
    )


def _plain(line: BackLine) -> BackLine:
    return BackLine(line.quantity, line.line, line.sku, line.disposition)


def _overridden(told: Sequence[Back], asked: Sequence[BackLine], *, tax_included: bool) -> list[Back]:
    stated = {line.line: line.amount for line in asked if line.amount is not None}
    return [
        override(one, stated[one.original], tax_included=tax_included) if one.original in stated else one
        for one in told
    ]


def _coming(asked: BackLine, refund: LineRefund, original: Original) -> Back:
    return _kept(refund, original)._replace(quantity=asked.quantity, disposition=asked.disposition.value)


def _kept(refund: LineRefund, original: Original) -> Back:
    sold = original.lines[refund.number]
    reduced = sum(cut.amount for cut in refund.reductions)
    return Back(
        sold.product_id, sold.line.sku, refund.number, 0, "", refund.amount + reduced, refund.amount,
        refund.reductions, tuple(part for part in refund.taxes if part.amount or part.base),
    )  # fmt: skip
