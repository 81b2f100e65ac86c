"""What is paid back for goods that are brought back: their part of what was paid, with the tax that was paid then."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnRefused
from onebasket.commerce.pricing.rules.basket import PricedLine, Reduction, TaxPart
from onebasket.commerce.pricing.rules.kept import LineRefund, refund_allocated
from onebasket.kernel.money import divide_half_up


class Sold(NamedTuple):
    """A line as it was sold: what it was priced at, and how much of it the customer has got, in steps."""

    line: PricedLine
    product_id: int
    got: int


class Original(NamedTuple):
    """What goods were sold by: its reference, currency, lines by number, and whether prices contained tax.

    `paid` is what was paid for all of it, tax included: together no more goes back, unless somebody overrides it.
    """

    reference: str
    place: str
    currency: str
    tax_included: bool
    loyalty_number: str
    lines: Mapping[int, Sold]
    paid: int = 0


class Back(NamedTuple):
    """A line that comes back, worked out: `amount` without the tax that lies beside it."""

    product_id: int
    sku: str
    original: int
    quantity: int
    disposition: str
    list_amount: int
    amount: int
    reductions: tuple[Reduction, ...] = ()
    taxes: tuple[TaxPart, ...] = ()

    def due(self, *, tax_included: bool) -> int:
        """Return what is paid back for it, tax included."""
        return self.amount + (0 if tax_included else self.tax)

    @property
    def tax(self) -> int:
        """Return the tax in it or beside it."""
        return sum(part.amount for part in self.taxes)


def due_of(line: PricedLine, *, tax_included: bool) -> int:
    """Return what a line came to, tax included."""
    return line.amount + (0 if tax_included else sum(tax.amount for tax in line.taxes))


def refuse_lines(asked: Sequence[BackLine], original: Original, back: Mapping[int, int]) -> ReturnRefused | None:
    """Refuse what was not sold or has come back before; `back` is how much of each line has."""
    numbers = [line.line for line in asked]
    if len(set(numbers)) != len(numbers):
        return ReturnRefused("doubled_line", "State each line once, with all that comes back of it.")
    for line in asked:
        sold = original.lines.get(line.line)
        if sold is None or not sold.got:
            return ReturnRefused("unknown_line", f"Nothing was sold by line {line.line}.")
        left = sold.got - back.get(line.line, 0)
        if line.quantity > left:
            return ReturnRefused("too_much", f"Of line {line.line} only {left} can come back, not {line.quantity}.")
    return None


def allocate(asked: Sequence[BackLine], original: Original, back: Mapping[int, int]) -> list[Back]:
    """Return each line with its part of what was paid for it; once all of a line is back, exactly what it came to."""
    found = []
    for line in asked:
        sold = original.lines[line.line]
        refund = refund_allocated(sold.line, line.quantity, back.get(line.line, 0))
        found.append(_back(line, sold, refund, original.tax_included))
    return found


def _back(asked: BackLine, sold: Sold, refund: LineRefund, tax_included: bool) -> Back:  # noqa: FBT001
    reduced = sum(cut.amount for cut in refund.reductions)
    worked = Back(
        sold.product_id,
        sold.line.sku,
        asked.line,
        asked.quantity,
        asked.disposition.value,
        refund.amount + reduced,
        refund.amount,
        tuple(cut for cut in refund.reductions if cut.amount),
        refund.taxes,
    )
    return worked if asked.amount is None else override(worked, asked.amount, tax_included=tax_included)


def override(back: Back, due: int, *, tax_included: bool) -> Back:
    """Return a line that pays back what was decided instead, its taxes at the same rates."""
    rates = [(part.code, part.rate) for part in back.taxes]
    beside = 0 if tax_included else sum(rate for _, rate in rates)
    net = due if tax_included else divide_half_up(due * 1_000_000, 1_000_000 + beside)
    taxes = taxes_of(net, rates, tax_included=tax_included)
    if not tax_included:
        net = due - sum(part.amount for part in taxes)
    return back._replace(list_amount=net, amount=net, reductions=(), taxes=taxes)


def taxes_of(amount: int, rates: Iterable[tuple[str, int]], *, tax_included: bool) -> tuple[TaxPart, ...]:
    """Return the taxes in (or on top of) an amount at rates in parts per million."""
    parts = []
    for code, rate in rates:
        tax = divide_half_up(amount * rate, 1_000_000 + rate if tax_included else 1_000_000)
        parts.append(TaxPart(code, rate, amount - tax if tax_included else amount, tax))
    return tuple(parts)


def tenders_back(tenders: Sequence[tuple[str, int]], amount: int, *, before: int) -> list[tuple[str, int]]:
    """Return what goes back to which tender: the last first, what was paid back before taken off from the end.

    What is left over, because a coupon or change paid for it, is paid in the first tender's kind, or in cash.
    """
    found: list[tuple[str, int]] = []
    for kind, paid in reversed(tenders):
        gone = min(before, max(0, paid))
        before -= gone
        given = min(amount, max(0, paid) - gone)
        amount -= given
        if given:
            found.append((kind, given))
    if amount:
        found.append((tenders[0][0] if tenders else "cash", amount))
    return found


def priced_line(number: int, sku: str, quantity: int, amounts: tuple[int, int], **parts: object) -> PricedLine:
    """Return a line as it was priced: `amounts` are its list amount and what was paid without tax beside it."""
    listed, paid = amounts
    return msgspec.structs.replace(PricedLine(number, sku, quantity, listed, paid), **parts)
