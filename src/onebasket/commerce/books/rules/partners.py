"""The entries of what partners send: sold by the chain as principal, or by the partner with the chain as its agent.

As principal the chain sells the goods and owes what they cost, in the partner's own currency. As agent it takes the
money for the partner, in the shopper's currency, and owes it less its commission; no sale and no tax of its own.
"""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.books.rules.entries import Entry, Posting, balanced
from onebasket.commerce.books.rules.selling import SoldLine, fitting, sale_postings

SENT, RETURNED = "sent", "sent back"
"""The kinds of the entries by which a partner's part is sold, and by which goods of it come back."""


class PartFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner sent of an order, or what came back of it; amounts are positive both ways.

    `part` names it in every entry of it, such as its UUID. `due` is what the shopper pays for it, tax included. `lines`
    are those that the chain sells as principal, and `cost` is what it owes for them in `cost_unit`. As agent
    `commission` is what it keeps.
    """

    fact: str
    part: str
    partner: str
    occurred_at: datetime
    place_code: str
    unit: str
    due: int
    is_principal: bool
    lines: Sequence[SoldLine] = ()
    tax_included: bool = True
    cost: int = 0
    cost_unit: str = ""
    commission: int = 0
    business_day: date | None = None


def part_sent(facts: PartFacts) -> Entry:
    """A partner sent what was ordered: it is sold, and the shopper owes for it what was put aside."""
    return _entry(facts, SENT, 1)


def part_returned(facts: PartFacts) -> Entry:
    """Goods of a partner came back: the sale is undone, what was paid is owed back, and the partner owes its share."""
    return _entry(facts, RETURNED, -1)


def _entry(facts: PartFacts, kind: str, sign: int) -> Entry:
    partner = fitting(facts.partner)
    lines = [Posting(Account.ORDERS_DUE, facts.unit, sign * facts.due, facts.part)]
    if facts.is_principal:
        lines += sale_postings(
            facts.lines, unit=facts.unit, sales=Account.PARTNER_SALES, tax_included=facts.tax_included, sign=sign
        )
        lines += [
            Posting(Account.PARTNER_GOODS, facts.cost_unit, sign * facts.cost, partner),
            Posting(Account.OWED_TO_PARTNERS, facts.cost_unit, -sign * facts.cost, partner),
        ]
    else:
        lines += [
            Posting(Account.OWED_TO_PARTNERS, facts.unit, -sign * (facts.due - facts.commission), partner),
            Posting(Account.COMMISSION, facts.unit, -sign * facts.commission, partner),
        ]
    return Entry(
        fact=facts.fact,
        kind=kind,
        occurred_at=facts.occurred_at,
        place_code=facts.place_code,
        business_day=facts.business_day,
        lines=balanced(lines),
    )
