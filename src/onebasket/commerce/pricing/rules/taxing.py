"""Tax on priced lines: contained in prices or added, rounded on each line or once on each rate of the receipt."""

from collections.abc import Mapping, Sequence

import msgspec

from onebasket.commerce.pricing.rules.basket import TaxPart, TaxRate, Terms
from onebasket.kernel.money import PPM, divide_half_up


class Taxable(msgspec.Struct, frozen=True, gc=False):
    """A line as tax sees it: its class, and its amount with what manufacturers' coupons pay of it."""

    tax_class: str
    amount: int


def tax_lines(lines: Sequence[Taxable], terms: Terms) -> list[tuple[TaxPart, ...]]:
    """Return the taxes of each line."""
    if not terms.taxes:
        return [()] * len(lines)
    rates: dict[str, list[TaxRate]] = {}
    for rate in terms.taxes:
        rates.setdefault(rate.tax_class, []).append(rate)
    if terms.tax_rounding == "line":
        return [_tax_line(line.amount, rates.get(line.tax_class, ()), included=terms.tax_included) for line in lines]
    return _tax_receipt(lines, rates, included=terms.tax_included)


def cash_rounding(total: int, step: int) -> int:
    """Return what to add to a total so that it can be paid in cash: to the nearest step, halves away from zero."""
    return divide_half_up(total, step) * step - total if step > 1 else 0


def _tax_line(amount: int, rates: Sequence[TaxRate], *, included: bool) -> tuple[TaxPart, ...]:
    if not rates:
        return ()
    whole = _whole(rates, included=included)
    taxes = [divide_half_up(amount * rate.rate, whole) for rate in rates]
    base = amount - sum(taxes) if included else amount
    return tuple(TaxPart(rate.code, rate.rate, base, tax) for rate, tax in zip(rates, taxes, strict=True))


def _tax_receipt(
    lines: Sequence[Taxable], rates: Mapping[str, Sequence[TaxRate]], *, included: bool
) -> list[tuple[TaxPart, ...]]:
    """Round once for each rate, and give the cents to the lines whose exact tax is farthest above."""
    bearers: dict[tuple[str, int, int], list[int]] = {}
    for number, line in enumerate(lines):
        of_line = rates.get(line.tax_class, ())
        for rate in of_line:
            bearers.setdefault((rate.code, rate.rate, _whole(of_line, included=included)), []).append(number)
    taxes: list[list[tuple[str, int, int]]] = [[] for _ in lines]
    for (code, rate_of_it, whole), numbers in bearers.items():
        amounts = [lines[number].amount for number in numbers]
        total = divide_half_up(sum(amounts) * rate_of_it, whole)
        for number, tax in zip(numbers, _parts(total, amounts, rate_of_it, whole), strict=True):
            taxes[number].append((code, rate_of_it, tax))
    found = []
    for line, parts in zip(lines, taxes, strict=True):
        base = line.amount - sum(tax for _, _, tax in parts) if included else line.amount
        found.append(tuple(TaxPart(code, rate_of_it, base, tax) for code, rate_of_it, tax in parts))
    return found


def _parts(total: int, amounts: Sequence[int], rate: int, whole: int) -> list[int]:
    """Divide a tax over lines, negative ones too: each gets its tax rounded down or up."""
    exact = [divmod(amount * rate, whole) for amount in amounts]
    parts = [down for down, _ in exact]
    missing = total - sum(parts)
    for at in sorted(range(len(parts)), key=lambda at: (-exact[at][1], at))[:missing]:
        parts[at] += 1
    return parts


def _whole(rates: Sequence[TaxRate], *, included: bool) -> int:
    return PPM + sum(rate.rate for rate in rates) if included else PPM
