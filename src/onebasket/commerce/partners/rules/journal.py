"""Which entries follow from partners' parts: sold when they are sent, undone by what comes back over a counter.

Entries stand at the partner's place, as the part's payments do, so that what is due on a part comes to nothing there.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from onebasket.commerce.books.rules.entries import Entry
from onebasket.commerce.books.rules.partners import PartFacts, part_returned, part_sent
from onebasket.commerce.books.rules.selling import SoldLine as Sold
from onebasket.commerce.books.rules.selling import Taxed
from onebasket.commerce.partners.rules.messages import PartReturnNews
from onebasket.commerce.partners.rules.partners import Merchant, place_code_of
from onebasket.commerce.partners.rules.selling import SoldLine, TaxTerm, commission_on
from onebasket.kernel.money import PPM, divide_half_up

SUBSCRIPTION = "books.parts"
"""The subscription by which parts come into the journal."""


class JournalLine(msgspec.Struct, frozen=True, gc=False):
    """A line as it was sold, how many of it the partner took in, and what is due for these now."""

    sold: SoldLine
    quantity: int
    amount: int
    tax_amount: int


class JournalPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part as the journal reads it."""

    id: UUID
    partner: str
    merchant: str
    currency: str
    cost_currency: str
    total: int
    cost: int
    lines: Sequence[JournalLine] = ()

    @property
    def fact(self) -> str:
        """Return how the journal names the part."""
        return f"part/{self.id}"

    @property
    def is_principal(self) -> bool:
        """Whether the chain sells it itself."""
        return self.merchant == Merchant.PRINCIPAL

    @property
    def tax_included(self) -> bool:
        """Whether tax lies in its prices; one place's taxes are reckoned alike on all lines."""
        return all(line.sold.tax_included for line in self.lines)


def sent_entry(part: JournalPart, at: datetime) -> Entry:
    """Return the entry by which a part is sold, as much of it as the partner took in."""
    sold = [line for line in part.lines if line.quantity]
    facts = PartFacts(
        fact=part.fact,
        part=str(part.id),
        partner=part.partner,
        occurred_at=at,
        place_code=place_code_of(part.partner),
        unit=part.currency,
        due=part.total,
        is_principal=part.is_principal,
        lines=[_sold(line.sold, line.amount, line.tax_amount) for line in sold] if part.is_principal else (),
        tax_included=part.tax_included,
        cost=part.cost,
        cost_unit=part.cost_currency,
        commission=0 if part.is_principal else sum(commission_on(line.sold, line.quantity) for line in sold),
    )
    return part_sent(facts)


def returned_entry(part: JournalPart, news: PartReturnNews, at: datetime) -> Entry:
    """Return the entry by which goods of a part came back, as their return was decided."""
    lines = {line.sold.number: line.sold for line in part.lines}
    backs = [(lines[number], amount) for number, _, _, amount in news.lines if number in lines]
    taxes = _taxes_back(backs, news.tax_total) if part.is_principal else []
    sold = [_sold(line, amount, tax) for (line, amount), tax in zip(backs, taxes, strict=False)]
    facts = PartFacts(
        fact=f"part-return/{news.number}",
        part=str(part.id),
        partner=part.partner,
        occurred_at=at,
        place_code=place_code_of(part.partner),
        unit=part.currency,
        due=news.total,
        is_principal=part.is_principal,
        lines=sold,
        tax_included=part.tax_included,
        cost=news.claim if part.is_principal else 0,
        cost_unit=part.cost_currency,
        commission=0 if part.is_principal else news.commission,
    )
    return part_returned(facts)


def _taxes_back(backs: Sequence[tuple[SoldLine, int]], total: int) -> list[int]:
    """Return the tax in what is paid back of each line; what rounding leaves over goes to the last that bears any."""
    taxes = [divide_half_up(amount * line.tax_rate, PPM + line.tax_rate) for line, amount in backs]
    bearing = [at for at, (line, _) in enumerate(backs) if line.tax_rate]
    if bearing:
        taxes[bearing[-1]] += total - sum(taxes)
    return taxes


def _sold(line: SoldLine, amount: int, tax_amount: int) -> Sold:
    """Return a line as the books take one: what is due for it, tax beside it taken off."""
    tax = TaxTerm(line.tax_code, line.tax_rate, line.tax_included)
    net = amount if tax.included else amount - tax_amount
    taxes = [Taxed(tax.code, tax.rate, amount - tax_amount, tax_amount)] if tax_amount else []
    return Sold(net, (), taxes)
