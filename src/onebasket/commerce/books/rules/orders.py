"""The entries of orders: goods handed over, and goods that come back."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.books.rules.entries import Entry, Posting, balanced
from onebasket.commerce.books.rules.selling import SoldLine, sale_postings


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of an order that went to the shopper, or came back; `due` is what they come to, with tax and rounding.

    Amounts are positive both ways. `order` names the order in every entry of it, such as its UUID.
    """

    fact: str
    order: str
    occurred_at: datetime
    place_code: str
    unit: str
    lines: Sequence[SoldLine]
    due: int
    tax_included: bool = True
    rounding: int = 0
    business_day: date | None = None


def order_handed_over(facts: OrderFacts) -> Entry:
    """Goods of an order were handed over: now they are sold, and what is due for them is owed by the shopper."""
    return _entry(facts, "handed over", 1)


def goods_returned(facts: OrderFacts) -> Entry:
    """Goods of an order came back: the sale is undone at the place that took them, and what they cost is owed back."""
    return _entry(facts, "returned", -1)


def _entry(facts: OrderFacts, kind: str, sign: int) -> Entry:
    lines = [
        Posting(Account.ORDERS_DUE, facts.unit, sign * facts.due, facts.order),
        *sale_postings(
            facts.lines, unit=facts.unit, sales=Account.ORDER_SALES, tax_included=facts.tax_included, sign=sign
        ),
        Posting(Account.ROUNDING, facts.unit, -sign * facts.rounding),
    ]
    return Entry(
        fact=facts.fact,
        kind=kind,
        occurred_at=facts.occurred_at,
        place_code=facts.place_code,
        business_day=facts.business_day,
        lines=balanced(lines),
    )
