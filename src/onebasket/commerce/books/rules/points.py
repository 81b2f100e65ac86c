"""Loyalty points: how they are earned, and the entries of earning, waiting, spending, taking back and lapsing.

Points are a unit of their own. Their worth in money is booked when they pay, not when they are earned (ADR 13).
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from onebasket.commerce.books.rules.accounts import POINTS, Account
from onebasket.commerce.books.rules.entries import Entry, Posting, merged
from onebasket.kernel.money import divide_half_up
from onebasket.kernel.patterns import exactly

MOST_POINTS = 10**12
"""One fact earns or costs no more: a slip of a till cannot spoil a balance beyond repair."""

SPENT_KIND = "points spent"
"""The kind of the entries by which the hub lets points be spent: the one kind that may never pass zero."""


class EarningRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How points are earned in a currency from a business day on, and what they are worth.

    `points` for each `per_amount` minor units paid, after all discounts; `excluded` departments and categories earn
    none. `worth_points` points pay `worth_amount` minor units; 0 where points pay nothing.
    """

    currency: Annotated[str, Meta(pattern=exactly("[A-Z]{3}"))]
    valid_from: date
    points: Annotated[int, Meta(ge=0, le=10_000)]
    per_amount: Annotated[int, Meta(ge=1, le=10**9)]
    excluded: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=120)], ...], Meta(max_length=200)] = ()
    worth_points: Annotated[int, Meta(ge=0, le=10**9)] = 0
    worth_amount: Annotated[int, Meta(ge=0, le=10**9)] = 0


class Points(NamedTuple):
    """A customer's points: those that can be spent, and those that come with a hand-over.

    What can be spent is below zero after points were taken back that had been spent.
    """

    available: int
    pending: int


class EarnedOn(msgspec.Struct, frozen=True, gc=False):
    """What was paid for a line, and the department and category of what it was."""

    amount: int
    department: str = ""
    category: str = ""


class PointsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a fact does to a customer's points: `points` is positive, whichever way they go."""

    fact: str
    occurred_at: datetime
    place_code: str
    loyalty_number: str
    points: int
    business_day: date | None = None


def rule_on(rules: Iterable[EarningRule], currency: str, day: date) -> EarningRule | None:
    """Return the rule that holds in a currency on a business day: the latest that began by then."""
    begun = [rule for rule in rules if rule.currency == currency and rule.valid_from <= day]
    return max(begun, key=lambda rule: rule.valid_from, default=None)


def earned(rule: EarningRule | None, lines: Iterable[EarnedOn], *, sign: int = 1) -> int:
    """Return the points for lines, whole ones only; `sign` -1 for goods taken back."""
    if rule is None or not rule.points:
        return 0
    base = earning_base(rule, lines)
    points = min(abs(base) * rule.points // rule.per_amount, MOST_POINTS)
    return sign * points if base > 0 else -sign * points


def earning_base(rule: EarningRule, lines: Iterable[EarnedOn]) -> int:
    """Return what was paid for those of the lines that earn points by a rule."""
    excluded = {name.casefold() for name in rule.excluded}
    return sum(
        line.amount
        for line in lines
        if line.department.casefold() not in excluded and line.category.casefold() not in excluded
    )


def points_for(rule: EarningRule | None, amount: int) -> int:
    """Return how many points it takes to pay an amount, to the nearest; 0 where points pay nothing."""
    if rule is None or not rule.worth_points or not rule.worth_amount:
        return 0
    points = divide_half_up(amount * rule.worth_points, rule.worth_amount)
    return max(-MOST_POINTS, min(points, MOST_POINTS))


def worth_of(rule: EarningRule | None, points: int) -> int:
    """Return the minor units that points pay, whole ones only; 0 where points pay nothing."""
    if rule is None or not rule.worth_points:
        return 0
    return points * rule.worth_amount // rule.worth_points


def granted(loyalty_number: str, points: int) -> tuple[Posting, ...]:
    """Return the postings that give points at once, or take back those below zero."""
    return _moved(Account.POINTS_GRANTED, Account.POINTS_AVAILABLE, loyalty_number, points)


def spent_at_till(loyalty_number: str, points: int) -> tuple[Posting, ...]:
    """Return the postings by which points paid at a till: a fact, so they may pass zero."""
    return _moved(Account.POINTS_SPENT, Account.POINTS_AVAILABLE, loyalty_number, -points)


def points_pending(facts: PointsFacts) -> Entry:
    """An order was placed: its points wait for the hand-over."""
    lines = _moved(Account.POINTS_GRANTED, Account.POINTS_PENDING, facts.loyalty_number, facts.points)
    return _entry(facts, "points pending", lines)


def points_earned(facts: PointsFacts, *, pending: int = 0) -> Entry:
    """Goods were handed over: `points` can be spent, and the `pending` ones that waited for it are gone.

    They differ where less was handed over than ordered. An order that is cancelled earns 0.
    """
    waited = _moved(Account.POINTS_GRANTED, Account.POINTS_PENDING, facts.loyalty_number, -pending)
    return _entry(facts, "points earned", merged((*waited, *granted(facts.loyalty_number, facts.points))))


def points_spent(facts: PointsFacts, *, unit: str = "", amount: int = 0, order: str = "") -> Entry:
    """Points paid `amount` of an order. Post it through `books.actions.points`, which never lets them pass zero."""
    lines = spent_at_till(facts.loyalty_number, facts.points)
    return _entry(facts, SPENT_KIND, lines + _paid(unit, amount, order))


def points_restored(facts: PointsFacts, *, unit: str = "", amount: int = 0, order: str = "") -> Entry:
    """Points that had paid are given back, with the `amount` that they had paid."""
    lines = spent_at_till(facts.loyalty_number, -facts.points)
    return _entry(facts, "points restored", lines + _paid(unit, -amount, order))


def points_taken_back(facts: PointsFacts) -> Entry:
    """Goods came back: the points earned with them go. What can be spent may fall below zero by it."""
    return _entry(facts, "points taken back", granted(facts.loyalty_number, -facts.points))


def points_expired(facts: PointsFacts) -> Entry:
    """Points lapsed."""
    lines = _moved(Account.POINTS_EXPIRED, Account.POINTS_AVAILABLE, facts.loyalty_number, -facts.points)
    return _entry(facts, "points expired", lines)


def points_moved(facts: PointsFacts, *, to: str, pending: int = 0) -> Entry:
    """Two loyalty numbers are one customer's: what one has goes to the other. `points` may be below zero."""
    lines = [
        Posting(account, POINTS, sign * amount, number)
        for account, amount in ((Account.POINTS_AVAILABLE, facts.points), (Account.POINTS_PENDING, pending))
        for number, sign in ((facts.loyalty_number, 1), (to, -1))
    ]
    return _entry(facts, "points moved", merged(lines))


def _moved(contra: Account, account: Account, loyalty_number: str, points: int) -> tuple[Posting, ...]:
    """Credit a customer's account with points, or debit it where they are below zero; none where there are none."""
    if not points:
        return ()
    return Posting(contra, POINTS, points), Posting(account, POINTS, -points, loyalty_number)


def _paid(unit: str, amount: int, order: str) -> tuple[Posting, ...]:
    if not amount:
        return ()
    return Posting(Account.POINTS_COST, unit, amount), Posting(Account.ORDERS_DUE, unit, -amount, order)


def _entry(facts: PointsFacts, kind: str, lines: tuple[Posting, ...]) -> Entry:
    return Entry(
        fact=facts.fact,
        kind=kind,
        occurred_at=facts.occurred_at,
        place_code=facts.place_code,
        business_day=facts.business_day,
        lines=lines,
    )
