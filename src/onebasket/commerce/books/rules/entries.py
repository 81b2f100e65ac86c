"""What an entry is: postings that come to zero in each unit, with the fact that they follow from."""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from onebasket.commerce.books.rules.accounts import (
    LONGEST_NUMBER,
    LONGEST_PART,
    OF_CUSTOMERS,
    POINTS,
    POINTS_ACCOUNTS,
    Account,
)
from onebasket.kernel.money import currencies

LONGEST_FACT, LONGEST_KIND = 80, 32
MOST = 2**62
"""No posting is larger: a sum of two still fits any database's integers."""


class Posting(msgspec.Struct, frozen=True, gc=False):
    """An amount on an account: positive debits, negative credits; `part` of the account, where it has parts."""

    account: Account
    unit: str
    amount: int
    part: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one fact did: `fact` such as receipt/123, unique with its `kind`. The lines come to zero in each unit.

    Without a `business_day` it is that of the place when it occurred.
    """

    fact: str
    kind: str
    occurred_at: datetime
    place_code: str
    lines: tuple[Posting, ...]
    business_day: date | None = None


def merged(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Add up postings on the same part of an account, in order of first use; what comes to nothing is left out."""
    sums: dict[tuple[Account, str, str], int] = {}
    for posting in postings:
        key = posting.account, posting.unit, posting.part
        sums[key] = sums.get(key, 0) + posting.amount
    return tuple(
        Posting(account, unit, amount, part) for (account, unit, part), amount in sums.items() if amount
    )  # fmt: skip


def opposite(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Return the postings that undo these."""
    return tuple(Posting(one.account, one.unit, -one.amount, one.part) for one in postings)


def apart(postings: Iterable[Posting]) -> dict[str, int]:
    """Return by unit what postings come to, where that is not zero."""
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.unit] = sums.get(posting.unit, 0) + posting.amount
    return {unit: amount for unit, amount in sums.items() if amount}


def balanced(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Merge postings; what they do not tie by goes to the suspense account, in the open, and blocks nobody."""
    lines = merged(postings)
    missing = apart(lines)
    if not missing:
        return lines
    return lines + tuple(Posting(Account.SUSPENSE, unit, -amount) for unit, amount in missing.items())


def fault(entry: Entry) -> str | None:
    """Say why an entry cannot be posted, or None: nothing, ever, that our own rules make."""
    if not 0 < len(entry.fact) <= LONGEST_FACT or not 0 < len(entry.kind) <= LONGEST_KIND:
        return (
            f"{entry.fact!r}, {entry.kind!r}: a fact and its kind have 1 to {LONGEST_FACT} and {LONGEST_KIND} letters."
        )
    sums: dict[str, int] = {}
    for posting in entry.lines:
        sums[posting.unit] = sums.get(posting.unit, 0) + posting.amount
        if said := _posting_fault(posting):
            return f"{entry.fact} {entry.kind}: {said}"
    for unit, amount in sums.items():
        if amount:
            return f"{entry.fact} {entry.kind}: its {unit} come to {amount}, not to zero."
        if unit != POINTS and unit not in currencies():
            return f"{entry.fact} {entry.kind}: {unit!r} is neither an ISO 4217 currency code nor {POINTS}."
    return None


def _posting_fault(posting: Posting) -> str | None:
    if (posting.account in POINTS_ACCOUNTS) != (posting.unit == POINTS) and posting.account != Account.SUSPENSE:
        return f"{posting.account.name} does not count {posting.unit}."
    if not posting.amount or abs(posting.amount) > MOST:
        return f"{posting.account.name} is posted {posting.amount}."
    longest = LONGEST_NUMBER if posting.account in OF_CUSTOMERS else LONGEST_PART
    if len(posting.part) > longest or (posting.account in OF_CUSTOMERS and not posting.part):
        return f"{posting.account.name} has no part {posting.part!r}."
    return None
