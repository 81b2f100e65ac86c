"""Which entries follow from an order: sales, tax and discounts when it is handed over, and the points of its shopper.

Lines count as they were handed over: of what was agreed on a line, the part that was picked.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.books.rules.entries import Entry, Posting
from onebasket.commerce.books.rules.orders import OrderFacts, order_handed_over
from onebasket.commerce.books.rules.points import (
    EarnedOn,
    EarningRule,
    PointsFacts,
    earned,
    points_earned,
    points_pending,
)
from onebasket.commerce.books.rules.selling import Reduced, SoldLine, Taxed
from onebasket.commerce.pricing.rules.allocating import portion
from onebasket.commerce.sales.rules.journal import is_gift_card

SUBSCRIPTION = "books.orders"
"""The subscription by which orders come into the journal."""

HANDED_OVER = "handed over"
"""The kind of the entry by which an order is sold."""

PENDING = "points pending"
"""The kind of the entry by which its points wait."""


class JournalOrderLine(msgspec.Struct, frozen=True, gc=False):
    """A line as agreed, and `amount`, which is due for what was `picked` of it, tax included."""

    promised: int
    picked: int
    list_amount: int
    reduced_amount: int
    amount: int
    department: str = ""
    category: str = ""
    reductions: Sequence[Reduced] = ()
    taxes: Sequence[Taxed] = ()


class JournalOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the journal reads it; points are earned by the rule of the day on which it was placed."""

    id: UUID
    place_code: str
    business_day: date
    currency: str
    total: int
    tax_included: bool
    loyalty_number: str = ""
    lines: Sequence[JournalOrderLine] = ()

    @property
    def fact(self) -> str:
        """Return how the journal names the order."""
        return f"order/{self.id}"


def handed_over_entry(order: JournalOrder, at: datetime) -> Entry:
    """Return the entry by which an order is sold; its shopper owes what it comes to."""
    facts = OrderFacts(
        fact=order.fact,
        order=str(order.id),
        occurred_at=at,
        place_code=order.place_code,
        unit=order.currency,
        lines=[_sold(line, order.tax_included) for line in order.lines if line.picked],
        due=order.total,
        tax_included=order.tax_included,
    )
    return order_handed_over(facts)


def pending_entry(order: JournalOrder, rule: EarningRule | None, at: datetime) -> Entry | None:
    """Return the entry by which a placed order's points wait; None where it earns none."""
    points = earned(rule, _agreed(order)) if order.loyalty_number else 0
    return points_pending(_points(order, order.loyalty_number, points, at)) if points > 0 else None


def earned_entry(
    order: JournalOrder, points: int, pending: Iterable[Posting], at: datetime
) -> Entry | None:  # fmt: skip
    """Return the entry that gives `points` and drops those that waited, as their postings say; None for neither."""
    waiting = [posting for posting in pending if posting.account is Account.POINTS_PENDING]
    number = waiting[0].part if waiting else order.loyalty_number
    dropped = -sum(posting.amount for posting in waiting)
    if not number or not (points or dropped):
        return None
    return points_earned(_points(order, number, points, at), pending=dropped)


def points_of(order: JournalOrder, rule: EarningRule | None) -> int:
    """Return the points for what was handed over of an order."""
    return earned(rule, handed_over(order)) if order.loyalty_number else 0


def handed_over(order: JournalOrder) -> list[EarnedOn]:
    """Return what was paid for the lines of an order on which points may be earned, as at a till."""
    return [
        EarnedOn(_net(line, order.tax_included), line.department, line.category)
        for line in order.lines
        if line.picked and not is_gift_card(line.department, line.category)
    ]


def _agreed(order: JournalOrder) -> list[EarnedOn]:
    return [
        EarnedOn(line.list_amount - line.reduced_amount, line.department, line.category)
        for line in order.lines
        if not is_gift_card(line.department, line.category)
    ]


def _sold(line: JournalOrderLine, tax_included: bool) -> SoldLine:  # noqa: FBT001
    """Return a line as handed over. What is due stands; its list amount is that and what took it down."""
    cuts = [msgspec.structs.replace(cut, amount=_part(line, cut.amount)) for cut in line.reductions]
    taken_off = sum(cut.amount for cut in cuts)
    return SoldLine(
        _net(line, tax_included) + taken_off,
        [cut for cut in cuts if cut.amount],
        _taxes(line),
        is_gift_card=is_gift_card(line.department, line.category),
    )


def _net(line: JournalOrderLine, tax_included: bool) -> int:  # noqa: FBT001
    return line.amount - (0 if tax_included else sum(tax.amount for tax in _taxes(line)))


def _taxes(line: JournalOrderLine) -> list[Taxed]:
    return [
        msgspec.structs.replace(tax, base=_part(line, tax.base), amount=_part(line, tax.amount)) for tax in line.taxes
    ]


def _part(line: JournalOrderLine, amount: int) -> int:
    return portion(amount, line.picked, before=0, of=line.promised)


def _points(order: JournalOrder, number: str, points: int, at: datetime) -> PointsFacts:
    return PointsFacts(
        fact=order.fact, occurred_at=at, place_code=order.place_code, loyalty_number=number, points=points
    )
