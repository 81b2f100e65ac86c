"""The entries of payments, refunds, gift cards and store credit."""

from datetime import date, datetime
from typing import Literal

import msgspec

from onebasket.commerce.books.rules.accounts import SOLD, TENDERED, Account
from onebasket.commerce.books.rules.entries import Entry, Posting, merged
from onebasket.commerce.books.rules.selling import fitting

BalanceName = Literal["gift_card", "store_credit"]
AgainstName = Literal["sold", "tendered", "takings", "order", "goodwill"]
BALANCES: dict[str, Account] = {"gift_card": Account.GIFT_CARDS, "store_credit": Account.STORE_CREDIT}


class PaymentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came for an order, or went back: by `method` (card, at_collection, invoice, gift_card, store_credit).

    `account` is the gift card's or store credit's, where it was one. `amount` is positive both ways.
    """

    fact: str
    order: str
    occurred_at: datetime
    place_code: str
    unit: str
    method: str
    amount: int
    account: str = ""
    business_day: date | None = None


class BalanceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A gift card or store credit that was issued, loaded or spent: its `account` in payments, and the amount."""

    fact: str
    occurred_at: datetime
    place_code: str
    unit: str
    balance: BalanceName
    account: str
    amount: int
    order: str = ""
    business_day: date | None = None


def payment_captured(facts: PaymentFacts) -> Entry:
    """Money for an order is ours: taken by card or at collection, invoiced, or drawn from a gift card or credit."""
    lines = (
        Posting(*_side(facts), facts.amount, _part(facts)),
        Posting(Account.ORDERS_DUE, facts.unit, -facts.amount, facts.order),
    )
    return _entry(facts, "captured", lines)


def refund_paid(facts: PaymentFacts) -> Entry:
    """Money went back, by the way it came: a gift card or store credit is good for it again."""
    lines = (
        Posting(Account.ORDERS_DUE, facts.unit, facts.amount, facts.order),
        Posting(*_side(facts), -facts.amount, _part(facts)),
    )
    return _entry(facts, "refunded", lines)


def balance_issued(facts: BalanceFacts, *, against: AgainstName, tender: str = "cash") -> Entry:
    """A gift card was loaded or store credit given: a liability, no revenue and no tax.

    `against` says what for. `sold`: a card that a receipt or order sold, whose line credited the liability already.
    `tendered`: credit by which a return was paid back, whose receipt credited the liability already.
    `takings`: money taken just for it, by `tender`. `order`: what is owed back on an order. `goodwill`: nothing.
    """
    contra = {
        "sold": Posting(Account.GIFT_CARDS, facts.unit, facts.amount, SOLD),
        "tendered": Posting(BALANCES[facts.balance], facts.unit, facts.amount, TENDERED),
        "takings": Posting(Account.TAKINGS, facts.unit, facts.amount, fitting(tender)),
        "order": Posting(Account.ORDERS_DUE, facts.unit, facts.amount, facts.order),
        "goodwill": Posting(Account.GOODWILL, facts.unit, facts.amount),
    }[against]
    return _entry(facts, "issued", (contra, Posting(BALANCES[facts.balance], facts.unit, -facts.amount, facts.account)))


def balance_spent(facts: BalanceFacts, *, at_till: bool = False) -> Entry:
    """A gift card or store credit paid: for an order, or `at_till`, whose receipt has booked the tender already."""
    account = BALANCES[facts.balance]
    paid = (
        Posting(account, facts.unit, -facts.amount, TENDERED)
        if at_till
        else Posting(Account.ORDERS_DUE, facts.unit, -facts.amount, facts.order)
    )
    return _entry(facts, "spent", (Posting(account, facts.unit, facts.amount, facts.account), paid))


def balance_given_back(facts: BalanceFacts) -> Entry:
    """What a gift card or store credit had paid for an order is on it again."""
    lines = (
        Posting(Account.ORDERS_DUE, facts.unit, facts.amount, facts.order),
        Posting(BALANCES[facts.balance], facts.unit, -facts.amount, facts.account),
    )
    return _entry(facts, "given back", lines)


def balance_lapsed(facts: BalanceFacts) -> Entry:
    """What was left on a gift card or store credit whose time is over is owed to nobody any more."""
    lines = (
        Posting(BALANCES[facts.balance], facts.unit, facts.amount, facts.account),
        Posting(Account.LAPSED, facts.unit, -facts.amount),
    )
    return _entry(facts, "lapsed", lines)


def _side(facts: PaymentFacts) -> tuple[Account, str]:
    account = Account.CUSTOMERS if facts.method == "invoice" else BALANCES.get(facts.method, Account.TAKINGS)
    return account, facts.unit


def _part(facts: PaymentFacts) -> str:
    if facts.method in BALANCES:
        return facts.account
    return facts.order if facts.method == "invoice" else fitting(facts.method)


def _entry(facts: PaymentFacts | BalanceFacts, kind: str, lines: tuple[Posting, ...]) -> Entry:
    return Entry(
        fact=facts.fact,
        kind=kind,
        occurred_at=facts.occurred_at,
        place_code=facts.place_code,
        business_day=facts.business_day,
        lines=merged(lines),
    )
