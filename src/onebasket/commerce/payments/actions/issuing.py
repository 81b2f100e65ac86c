"""Gift cards and store credit: made, and gift cards activated when they are sold."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from onebasket.base import bulk
from onebasket.commerce.customers.queries import customers_by_loyalty_number
from onebasket.commerce.payments.actions.balances import open_balances, post_balances
from onebasket.commerce.payments.actions.taking import code_from, take_in
from onebasket.commerce.payments.models import BalanceAccount
from onebasket.commerce.payments.rules.balances import BalanceBook, BalanceKind
from onebasket.commerce.payments.rules.codes import code_digest, read_code, written
from onebasket.commerce.payments.rules.messages import GiftCardActivation, GiftCardIssue, Issued, StoreCreditIssue
from onebasket.commerce.places.queries import places_by_code
from onebasket.kernel.identity import new_id
from onebasket.kernel.money import currencies

_NAMES = (
    "id", "kind", "code_digest", "hint", "seed", "currency", "balance", "version", "active", "expires_at",
    "loyalty_number", "place_code", "reason", "issued_at",
)  # fmt: skip
_HINT = 4
REFUSALS = {
    "unknown_balance": "code: there is no such gift card. Check what was typed.",
    "blocked": "code: this gift card is blocked.",
    "expired": "code: this gift card has expired.",
    "other_currency": "currency: this gift card is in another currency.",
}


class _Asked(msgspec.Struct, frozen=True):
    """A balance to make, of either kind."""

    kind: BalanceKind
    currency: str
    amount: int
    place: str
    expires_at: datetime | None
    loyalty_number: str = ""
    reason: str = ""


def issue_gift_cards(source_id: int, items: Sequence[GiftCardIssue]) -> list[Issued]:
    """Make gift cards, in one transaction; one outcome for each item, in order, each with its code.

    The code is not kept. The same source and key again gets it once more, for the first answer may have been lost.
    """
    return take_in("giftcard", source_id, items, act=_make_cards)


def issue_store_credit(source_id: int, items: Sequence[StoreCreditIssue]) -> list[Issued]:
    """Give store credit, in one transaction; outcomes as `issue_gift_cards` gives them."""
    return take_in("storecredit", source_id, items, act=_make_credit)


def activate_gift_cards(source_id: int, items: Sequence[GiftCardActivation]) -> list[Issued]:
    """Put money on gift cards that are sold or topped up; one outcome for each item, in order."""
    return take_in("giftcard.activate", source_id, items, act=_activate)


def _make_cards(items: Sequence[GiftCardIssue], now: datetime) -> list[Issued]:
    return _make([_Asked("gift_card", one.currency, one.amount, one.place, one.expires_at) for one in items], now)


def _make_credit(items: Sequence[StoreCreditIssue], now: datetime) -> list[Issued]:
    asked = [
        _Asked("store_credit", one.currency, one.amount, one.place, one.expires_at, one.loyalty_number, one.reason)
        for one in items
    ]
    return _make(asked, now)


def _make(asked: Sequence[_Asked], now: datetime) -> list[Issued]:
    places = places_by_code({one.place for one in asked})
    numbers = customers_by_loyalty_number({one.loyalty_number for one in asked})
    problems = [_problem(one, places.keys(), numbers.keys(), now) for one in asked]
    fit = [one for one, problem in zip(asked, problems, strict=True) if not problem]
    ids, seeds = bulk.next_ids(BalanceAccount, len(fit)), [new_id() for _ in fit]
    codes = [code_from(seed) for seed in seeds]
    rows = [
        (
            identity, one.kind, code_digest(code), code[-_HINT:], seed, one.currency, 0, 0, True, one.expires_at,
            one.loyalty_number, one.place, one.reason, now,
        )
        for identity, one, code, seed in zip(ids, fit, codes, seeds, strict=True)
    ]  # fmt: skip
    bulk.insert(BalanceAccount, _NAMES, rows)
    book = open_balances(ids, now=now)
    for identity, one in zip(ids, fit, strict=True):
        if one.amount:
            book.load(identity, one.amount, reference=one.reason)
    post_balances(book, now=now, places=dict(zip(ids, [one.place for one in fit], strict=True)))
    made = iter(
        Issued("issued", account=identity, code=written(code), balance=one.amount)
        for identity, one, code in zip(ids, fit, codes, strict=True)
    )
    return [Issued("invalid", problem) if problem else next(made) for problem in problems]


def _problem(one: _Asked, places: Collection[str], numbers: Collection[str], now: datetime) -> str:
    if one.currency not in currencies():
        return f"currency: {one.currency!r} is no ISO 4217 currency code, such as USD."
    if one.place and one.place not in places:
        return f"place: there is no place {one.place!r}."
    if one.loyalty_number and one.loyalty_number not in numbers:
        return f"loyalty_number: nobody has {one.loyalty_number!r}. Check the number."
    if one.expires_at is not None and one.expires_at <= now:
        return "expires_at: this instant is over."
    return ""


def _activate(items: Sequence[GiftCardActivation], now: datetime) -> list[Issued]:
    codes = [read_code(item.code) for item in items]
    cards = BalanceAccount.objects.filter(kind="gift_card", code_digest__in=[code_digest(c) for c in codes if c])
    known: dict[str, int] = dict(cards.values_list("code_digest", "pk"))
    accounts = [known.get(code_digest(code), 0) if code else 0 for code in codes]
    places = places_by_code({item.place for item in items})
    book = open_balances([identity for identity in accounts if identity], now=now)
    where: dict[int, str] = {}
    outcomes = []
    for item, identity in zip(items, accounts, strict=True):
        if item.place and item.place not in places:
            outcomes.append(Issued("invalid", f"place: there is no place {item.place!r}."))
            continue
        outcome = _load(book, identity, item)
        if outcome.outcome == "activated":
            where[identity] = item.place
        outcomes.append(outcome)
    post_balances(book, now=now, places=where)
    return outcomes


def _load(book: BalanceBook, identity: int, item: GiftCardActivation) -> Issued:
    if refused := book.closed(identity, item.currency):
        return Issued("invalid", REFUSALS[refused])
    book.load(identity, item.amount)
    return Issued("activated", account=identity, balance=book.accounts[identity].balance)
