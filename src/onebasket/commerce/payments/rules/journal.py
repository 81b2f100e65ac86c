"""Which entries follow from payments, refunds and balances.

A gift card or store credit is posted by the changes of its balance alone, from the checkout on; so what the books owe
on a card is what is on it. What its tender captures or gives back is not posted again.
"""

from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.books.rules.entries import Entry
from onebasket.commerce.books.rules.payments import (
    AgainstName,
    BalanceFacts,
    PaymentFacts,
    balance_given_back,
    balance_issued,
    balance_lapsed,
    balance_spent,
    payment_captured,
    refund_paid,
)
from onebasket.commerce.payments.rules.balances import EntryKind
from onebasket.commerce.payments.rules.life import BALANCES
from onebasket.commerce.payments.rules.messages import BalanceNews, PaymentNews, RefundNews

SUBSCRIPTION = "books.payments"
"""The subscription by which payments and balances come into the journal."""

News = PaymentNews | RefundNews | BalanceNews


class Told(NamedTuple):
    """News of payments, when, and the id of the event: a balance changes more than once."""

    event: str
    at: datetime
    news: News


def captured_entry(news: PaymentNews, at: datetime) -> Entry | None:
    """Return the entry of money that is ours now; None for balances, which were posted when they were spent."""
    if news.method in BALANCES or not news.captured:
        return None
    return payment_captured(_payment(news, f"payment/{news.payment}", news.captured, at))


def refunded_entry(news: RefundNews, at: datetime, *, is_lowered: bool) -> Entry | None:
    """Return the entry of money that went back; None for balances, and where less is captured instead."""
    if news.method in BALANCES or is_lowered:
        return None
    return refund_paid(_payment(news, f"refund/{news.refund}/{news.payment}", news.amount, at))


def balance_entry(told: Told, news: BalanceNews, place: str, *, pays_a_return: bool) -> Entry:
    """Return the entry of a balance that changed, at a place; store credit that pays no return is goodwill."""
    facts = BalanceFacts(
        fact=f"balance/{news.account}/{told.event}",
        occurred_at=told.at,
        place_code=place,
        unit=news.currency,
        balance=news.kind,
        account=str(news.account),
        amount=abs(news.amount),
        order=news.order,
    )
    match EntryKind(news.entry):
        case EntryKind.SPEND:
            return balance_spent(facts)
        case EntryKind.GIVE_BACK | EntryKind.REFUND:
            return balance_given_back(facts)
        case EntryKind.EXPIRE:
            return balance_lapsed(facts)
        case EntryKind.LOAD:
            credit: AgainstName = "tendered" if pays_a_return else "goodwill"
            return balance_issued(facts, against="sold" if news.kind == "gift_card" else credit)


def _payment(news: PaymentNews | RefundNews, fact: str, amount: int, at: datetime) -> PaymentFacts:
    return PaymentFacts(
        fact=fact,
        order=news.order,
        occurred_at=at,
        place_code=news.place,
        unit=news.currency,
        method=news.method,
        amount=amount,
    )
