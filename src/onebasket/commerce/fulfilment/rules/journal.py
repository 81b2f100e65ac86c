"""What a return of an order does to the books beyond its receipt, so that no money and no sale counts twice.

The receipt of a return takes back sales at tills and pays tenders out, as any receipt. But an order was sold as an
order, and its money goes back by its payments, when it really does. So this entry moves the sale that was undone to the
sales of orders, and what the receipt paid out to what is due on the order. What was paid back over the counter stays
with the receipt, at the place that paid it: there the payments' part is taken back instead, at the order's place.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.books.rules.entries import Entry, Posting, merged, opposite
from onebasket.commerce.books.rules.points import granted, spent_at_till
from onebasket.commerce.sales.rules.journal import tender_posting

SUBSCRIPTION = "books.returns"
"""The subscription by which returns come into the journal."""

RETURNED, AT_THE_COUNTER, POINTS_RIGHT = "returned", "paid at counter", "points put right"
COUNTER = "at_collection"
"""The tender that is paid back in cash, where the goods come back."""


class JournalReturn(NamedTuple):
    """A return of an order; `tenders` are what its payments give back, as (kind, amount)."""

    id: UUID
    order: UUID
    receipt: int
    at: datetime
    currency: str
    tenders: Sequence[tuple[str, int]]

    @property
    def fact(self) -> str:
        """Return how the journal names the return."""
        return f"return/{self.id}"


class PointsBack(NamedTuple):
    """The points of a return: `due` to be taken back of what the order earned, and the receipt's own number."""

    loyalty_number: str
    due: int


def return_entries(back: JournalReturn, receipt: Entry, points: PointsBack, *, order_place: str) -> list[Entry]:
    """Return what is to be posted beside the entry of a return's receipt."""
    taken = sum(
        line.amount
        for line in receipt.lines
        if line.account is Account.POINTS_AVAILABLE and line.part == points.loyalty_number
    )
    lines = [
        *_sales(receipt),
        *(line for kind, amount in back.tenders if kind != COUNTER for line in _owed(back, kind, amount)),
        *(granted(points.loyalty_number, taken - points.due) if points.loyalty_number else ()),
    ]
    counter = [line for kind, amount in back.tenders if kind == COUNTER for line in _owed(back, kind, amount)]
    entries = [_entry(back, RETURNED, receipt.place_code, lines)]
    return entries + ([_entry(back, AT_THE_COUNTER, order_place, counter)] if counter else [])


class TillReturn(NamedTuple):
    """A return of a till's receipt: the receipt that sold, and the one of the return."""

    id: UUID
    original: int
    receipt: int
    at: datetime


def points_entry(back: TillReturn, receipt: Entry, loyalty_number: str, *, taken: int, restored: int) -> Entry | None:
    """Return what puts a return's points right, None where its receipt did all of it.

    The receipt knows the rule of its own day alone; `taken` of those that were earned and `restored` of those that
    had paid are the parts of what the sale itself earned and spent.
    """
    sums = {Account.POINTS_GRANTED: 0, Account.POINTS_SPENT: 0}
    for line in receipt.lines:
        if line.account in sums:
            sums[line.account] += line.amount
    lines = merged(
        (
            *granted(loyalty_number, -taken - sums[Account.POINTS_GRANTED]),
            *spent_at_till(loyalty_number, sums[Account.POINTS_SPENT] - restored),
        )
    )
    if not lines:
        return None
    return Entry(
        fact=f"return/{back.id}", kind=POINTS_RIGHT, occurred_at=back.at, place_code=receipt.place_code, lines=lines
    )


def points_due(earned: int, base: int, before: int, now: int) -> int:
    """Return how many of the points that `base` had earned go with `now`, when `before` of it came back already."""
    if base <= 0 or earned <= 0:
        return 0

    def upto(amount: int) -> int:
        return earned * max(0, min(amount, base)) // base

    return upto(before + now) - upto(before)


def _sales(receipt: Entry) -> list[Posting]:
    undone = [line for line in receipt.lines if line.account is Account.TILL_SALES]
    return [*opposite(undone), *(Posting(Account.ORDER_SALES, one.unit, one.amount, one.part) for one in undone)]


def _owed(back: JournalReturn, kind: str, amount: int) -> tuple[Posting, Posting]:
    """Take back what a tender was paid out by one side, and owe it on the order, whose payments give it back."""
    paid = tender_posting(kind, amount, back.currency, 1)
    return paid, Posting(Account.ORDERS_DUE, back.currency, -amount, str(back.order))


def _entry(back: JournalReturn, kind: str, place: str, lines: Sequence[Posting]) -> Entry:
    return Entry(fact=back.fact, kind=kind, occurred_at=back.at, place_code=place, lines=merged(lines))
