"""Which entry follows from a receipt: sales by tax rate, tax, tenders, discounts by funder, change, rounding, points.

A return or void states what goes back as positive amounts, so its entry is the opposite of a sale's.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from onebasket.commerce.books.rules.accounts import TENDERED, Account
from onebasket.commerce.books.rules.entries import Entry, Posting, balanced, opposite
from onebasket.commerce.books.rules.points import EarnedOn, EarningRule, earned, granted, points_for, spent_at_till
from onebasket.commerce.books.rules.selling import Reduced, SoldLine, Taxed, fitting, sale_postings
from onebasket.commerce.sales.rules.receipt import Kind

CASH = "cash"
GIFT_CARDS = frozenset({"gift card", "gift cards"})
"""Departments and categories, in small letters, of goods that are gift cards: sold, they are a liability."""

POINTS_TENDERS = frozenset({"points", "loyalty_points"})
TENDERS: dict[str, Account] = {
    "gift_card": Account.GIFT_CARDS,
    "giftcard": Account.GIFT_CARDS,
    "store_credit": Account.STORE_CREDIT,
    **dict.fromkeys(POINTS_TENDERS, Account.POINTS_COST),
}
"""Means of payment, in small letters with underscores, that are no money taken."""


class JournalLine(msgspec.Struct, frozen=True):
    """A line of a receipt as the journal reads it."""

    list_amount: int
    paid_amount: int
    department: str = ""
    category: str = ""
    discounts: Sequence[Reduced] = ()
    taxes: Sequence[Taxed] = ()


class JournalTender(msgspec.Struct, frozen=True, gc=False):
    """A means of payment and its amount."""

    kind: str
    amount: int


class JournalReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A booked receipt as the journal reads it; `effect` is +1 where it sells and -1 where it takes back."""

    id: int
    kind: Kind
    effect: int
    place_code: str
    business_day: date
    occurred_at: datetime
    currency: str
    loyalty_number: str = ""
    change: int = 0
    rounding: int = 0
    tax_included: bool = True
    lines: Sequence[JournalLine] = ()
    tenders: Sequence[JournalTender] = ()


class Cursor(NamedTuple):
    """How far receipts have been journalised."""

    position: int
    swept: int
    sweep_to: int

    @property
    def is_sweeping(self) -> bool:
        """Whether receipts are still swept by id."""
        return self.swept < self.sweep_to


def fact_of(receipt_id: int) -> str:
    """Return how the journal names a receipt."""
    return f"receipt/{receipt_id}"


def receipt_entry(receipt: JournalReceipt, rule: EarningRule | None) -> Entry:
    """Return the entry of a receipt that counts; `rule` says how points are earned on its day.

    What does not tie goes to the suspense account: a fact is booked as it was stated.
    """
    lines = (*_money(receipt), *_points(receipt, rule))
    return _entry(receipt, balanced(lines))


def void_entry(receipt: JournalReceipt, undone: Iterable[Posting]) -> Entry:
    """Return the entry of a void without lines: the opposite of what stands of its original and of its parts."""
    return _entry(receipt, balanced(opposite(undone)))


def _entry(receipt: JournalReceipt, lines: tuple[Posting, ...]) -> Entry:
    return Entry(
        fact=fact_of(receipt.id),
        kind=receipt.kind.value,
        occurred_at=receipt.occurred_at,
        place_code=receipt.place_code,
        business_day=receipt.business_day,
        lines=lines,
    )


def _money(receipt: JournalReceipt) -> Iterator[Posting]:
    unit, sign = receipt.currency, receipt.effect
    for tender in receipt.tenders:
        yield tender_posting(tender.kind, tender.amount, unit, sign)
    yield Posting(Account.TAKINGS, unit, -sign * receipt.change, CASH)
    yield Posting(Account.ROUNDING, unit, -sign * receipt.rounding)
    sold = [
        SoldLine(
            line.list_amount, line.discounts, line.taxes, is_gift_card=is_gift_card(line.department, line.category)
        )
        for line in receipt.lines
    ]
    yield from sale_postings(
        sold, unit=unit, sales=Account.TILL_SALES, tax_included=receipt.tax_included, sign=receipt.effect
    )


def tender_posting(stated: str, amount: int, unit: str, sign: int) -> Posting:
    """Return what a means of payment, as a receipt states it, does to the books; `sign` -1 where it is paid out."""
    kind = _plain(stated)
    account = TENDERS.get(kind, Account.TAKINGS)
    part = fitting(kind) if account is Account.TAKINGS else "" if account is Account.POINTS_COST else TENDERED
    return Posting(account, unit, sign * amount, part)


def _points(receipt: JournalReceipt, rule: EarningRule | None) -> tuple[Posting, ...]:
    """Return the points earned with what was paid, less those that paid; none without a loyalty number."""
    if rule is None or not receipt.loyalty_number:
        return ()
    gained = earned(rule, bought(receipt), sign=receipt.effect)
    spent = spent_at_till(receipt.loyalty_number, receipt.effect * points_for(rule, paid_in_points(receipt)))
    return granted(receipt.loyalty_number, gained) + spent


def paid_in_points(receipt: JournalReceipt) -> int:
    """Return what points paid of a receipt, in minor units."""
    return sum(tender.amount for tender in receipt.tenders if _plain(tender.kind) in POINTS_TENDERS)


def bought(receipt: JournalReceipt) -> list[EarnedOn]:
    """Return what was paid for the lines of a receipt on which points may be earned: gift cards never earn."""
    return [
        EarnedOn(line.paid_amount, line.department, line.category)
        for line in receipt.lines
        if not is_gift_card(line.department, line.category)
    ]


def is_gift_card(department: str, category: str) -> bool:
    """Whether goods of a department and category are gift cards."""
    return department.lower() in GIFT_CARDS or category.lower() in GIFT_CARDS


def _plain(kind: str) -> str:
    return kind.strip().lower().replace("-", "_").replace(" ", "_")
