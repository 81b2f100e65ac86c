"""When a receipt ties: lines, discounts, tax and tenders agree to the minor unit."""

from collections.abc import Sequence

from onebasket.commerce.sales.rules.receipt import Kind, Line, Receipt, Tax
from onebasket.kernel.money import PPM, currencies, divide_half_up

EFFECTS = {Kind.SALE: 1, Kind.RETURN: -1, Kind.VOID: -1, Kind.NO_SALE: 0}


def effect(receipt: Receipt) -> int:
    """Return +1 where the receipt sells, -1 where it takes back, 0 where it does neither.

    A void without an original is a sale that was broken off before it was paid: it is kept, and counts for nothing.
    """
    if receipt.kind is Kind.VOID and receipt.original is None:
        return 0
    return EFFECTS[receipt.kind]


def untied(receipt: Receipt) -> str | None:
    """Return what does not tie, in a clerk's words with the amounts (minor units), or None when everything does."""
    if receipt.currency not in currencies():
        return f"{receipt.currency!r} is no ISO 4217 currency code."
    if receipt.kind is Kind.NO_SALE and (receipt.lines or receipt.tenders):
        return "A no-sale has neither lines nor tenders."
    if receipt.kind is Kind.VOID and receipt.original and not receipt.lines and not receipt.tenders:
        return None
    paid = extra = 0
    taxed = False
    for number, line in enumerate(receipt.lines, 1):
        if fault := _untied_line(line, number):
            return fault
        paid += line.paid_amount
        taxed = taxed or bool(line.taxes)
        if not receipt.tax_included:
            for tax in line.taxes:
                extra += tax.amount
    due = paid + extra + receipt.rounding
    given = sum(tender.amount for tender in receipt.tenders) - receipt.change
    if due == given or (receipt.kind is Kind.VOID and receipt.original is None and not receipt.tenders):
        return _overtaxed(receipt.lines) if taxed else None
    return (
        f"Lines come to {paid}, tax on top to {extra} and rounding to {receipt.rounding}: {due} is due. "
        f"Tenders less change come to {given}: {given - due:+d} apart."
    )


def lines_untied(lines: Sequence[Line]) -> str | None:
    """Return what does not tie in lines by themselves, however they are paid, or None when everything does."""
    faults = (_untied_line(line, number) for number, line in enumerate(lines, 1))
    return next((fault for fault in faults if fault), None) or _overtaxed(lines)


def _overtaxed(lines: Sequence[Line]) -> str | None:
    """Return which tax is of more than was sold: tills state it line by line, or for all of them on one.

    A base may be that of list amounts (a manufacturer's coupon is no discount for the tax office), rounded per line.
    """
    sold = sum(max(abs(line.list_amount), abs(line.paid_amount)) for line in lines)
    bases: dict[tuple[str, int], int] = {}
    for line in lines:
        for tax in line.taxes:
            bases[tax.code, tax.rate] = bases.get((tax.code, tax.rate), 0) + abs(tax.base)
    for (code, rate), base in bases.items():
        if base > sold + len(lines):
            name = f"Tax {code}" if code else "Tax"
            return f"{name} of {rate / 10_000} % is stated on {base}, but only {sold} was sold."
    return None


def _untied_line(line: Line, number: int) -> str | None:
    off = 0
    for discount in line.discounts:
        off += discount.amount
    if line.list_amount - off != line.paid_amount:
        return (
            f"Line {number} ({line.code}): list {line.list_amount} less discounts {off} is {line.list_amount - off}, "
            f"but paid is {line.paid_amount}."
        )
    for tax in line.taxes:
        if not _tax_ties(tax):
            return f"Line {number} ({line.code}): {tax.rate / 10_000} % of {tax.base} is not {tax.amount}."
    return None


def _tax_ties(tax: Tax) -> bool:
    """Whether the amount is the rate of the base to within one minor unit (tills round per line or per receipt).

    The base may be stated without tax or, where tax is included, with it.
    """
    on_top = divide_half_up(tax.base * tax.rate, PPM)
    within = divide_half_up(tax.base * tax.rate, PPM + tax.rate)
    return min(abs(tax.amount - on_top), abs(tax.amount - within)) <= 1
