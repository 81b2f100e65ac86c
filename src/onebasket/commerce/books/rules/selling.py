"""What goods sold do to the books, the same at a till and for an order: sales by tax rate, tax, discounts by funder."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from onebasket.commerce.books.rules.accounts import LONGEST_PART, SOLD, Account
from onebasket.commerce.books.rules.entries import Posting

FunderName = Literal["retailer", "manufacturer", "partner"]
MIXED = "mixed"
"""The rate of sales whose tax is stated for all lines at once and cannot be told line by line."""

_PPM_OF_A_PERCENT = 10_000
_ROUNDED_BY = 1


class Taxed(msgspec.Struct, frozen=True, gc=False):
    """Tax on a line: `rate` in parts per million of `base` gives `amount`."""

    code: str
    rate: int
    base: int
    amount: int


class Reduced(msgspec.Struct, frozen=True, gc=False):
    """What took a line down by `amount` (positive), of which kind, and who pays for it."""

    kind: str
    funder: FunderName
    amount: int
    reference: str = ""


class SoldLine(msgspec.Struct, frozen=True):
    """A line as sold: its list amount before `reductions`, with or without tax as the sale says."""

    list_amount: int
    reductions: Sequence[Reduced] = ()
    taxes: Sequence[Taxed] = ()
    is_gift_card: bool = False


def rate_part(ppm: int) -> str:
    """Write a tax rate as people do: 88,750 parts per million is '8.875 %'."""
    whole, rest = divmod(ppm, _PPM_OF_A_PERCENT)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".") + " %"


def tax_part(code: str, ppm: int) -> str:
    """Name the part of the tax account: its code, where it has one, and its rate."""
    return fitting(f"{code} {rate_part(ppm)}" if code else rate_part(ppm))


def fitting(part: str) -> str:
    """Cut a stated text to what a part holds."""
    return part[:LONGEST_PART]


def sale_postings(
    lines: Sequence[SoldLine], *, unit: str, sales: Account, tax_included: bool, sign: int = 1
) -> Iterator[Posting]:
    """Return what lines credit and what their discounts debit; `sign` -1 takes it back.

    Together they come to minus what is due for the lines, tax that is not included on top. A manufacturer's or
    partner's discount lowers what the shopper pays and not the sale: it is owed by them, and stays in the tax base.
    """
    is_mixed = _is_mixed(lines)
    for line in lines:
        included = 0
        for tax in line.taxes:
            yield Posting(Account.TAX, unit, -sign * tax.amount, tax_part(tax.code, tax.rate))
            included += tax.amount if tax_included else 0
        net = sign * (line.list_amount - included)
        if line.is_gift_card:
            yield Posting(Account.GIFT_CARDS, unit, -net, SOLD)
        else:
            yield Posting(sales, unit, -net, MIXED if is_mixed else _rate_of(line))
        for off in line.reductions:
            yield _discount(off, unit, sign * off.amount)


def _rate_of(line: SoldLine) -> str:
    return rate_part(sum(tax.rate for tax in line.taxes))


def _is_mixed(lines: Sequence[SoldLine]) -> bool:
    """Whether tax is stated on more than its line was sold for: then one line carries the tax of several."""
    for line in lines:
        for tax in line.taxes:
            paid = line.list_amount - sum(off.amount for off in line.reductions)
            if abs(tax.base) > max(abs(line.list_amount), abs(paid)) + _ROUNDED_BY:
                return True
    return False


def _discount(off: Reduced, unit: str, amount: int) -> Posting:
    if off.funder == "manufacturer":
        return Posting(Account.MANUFACTURERS, unit, amount, fitting(off.reference))
    if off.funder == "partner":
        return Posting(Account.PARTNERS, unit, amount, fitting(off.reference))
    return Posting(Account.DISCOUNTS, unit, amount, fitting(off.kind))
