"""Balances of gift cards and store credit: locked accounts in memory that a batch decides against."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

GRACE = timedelta(days=30)
"""For so long, at least, what was given back can be spent again."""


class EntryKind(StrEnum):
    """Why a balance has changed."""

    LOAD = "load"
    SPEND = "spend"
    GIVE_BACK = "give_back"
    REFUND = "refund"
    EXPIRE = "expire"


BalanceKind = Literal["gift_card", "store_credit"]
Refusal = Literal["unknown_balance", "blocked", "expired", "other_currency", "too_little"]


class BalanceFacts(msgspec.Struct, frozen=True, gc=False):
    """An account as a channel shows it: `hint` are the last characters of its code, `balance` in minor units."""

    id: int
    kind: BalanceKind
    currency: str
    balance: int
    active: bool
    expires_at: datetime | None
    loyalty_number: str
    hint: str

    def is_usable(self, now: datetime) -> bool:
        """Whether it can be spent from at this instant; expiry is half-open."""
        return self.active and (self.expires_at is None or now < self.expires_at)


class Entry(NamedTuple):
    """A change of a balance: `amount` is signed, `balance` is what it leaves."""

    account_id: int
    kind: EntryKind
    amount: int
    balance: int
    order_id: UUID | None
    reference: str


@dataclass(slots=True)
class Account:
    """An account as the batch has left it so far."""

    id: int
    version: int
    kind: BalanceKind
    currency: str
    balance: int
    active: bool
    expires_at: datetime | None
    changed: bool = False


@dataclass(slots=True)
class BalanceBook:
    """Locked accounts by id, what changed on them in this batch, and the instant at which they are looked at."""

    accounts: dict[int, Account]
    now: datetime
    entries: list[Entry] = field(default_factory=list)

    def refusal(self, account_id: int, amount: int, currency: str = "") -> Refusal | None:
        """Say why an amount cannot be spent from an account, or nothing."""
        if closed := self.closed(account_id, currency):
            return closed
        return "too_little" if not 0 < amount <= self.accounts[account_id].balance else None

    def closed(self, account_id: int, currency: str = "") -> Refusal | None:
        """Say why an account takes part in nothing now, or nothing; without a currency, in whichever it is."""
        account = self.accounts.get(account_id)
        if account is None:
            return "unknown_balance"
        if not account.active:
            return "blocked"
        if account.expires_at is not None and account.expires_at <= self.now:
            return "expired"
        return "other_currency" if currency and currency != account.currency else None

    def spend(self, account_id: int, amount: int, order: UUID, *, currency: str = "") -> bool:
        """Take an amount for an order; False, and nothing taken, where it cannot be spent (see `refusal`)."""
        if self.refusal(account_id, amount, currency) is not None:
            return False
        self._change(account_id, EntryKind.SPEND, -amount, order=order)
        return True

    def give_back(self, account_id: int, amount: int, order: UUID, *, kind: EntryKind = EntryKind.GIVE_BACK) -> None:
        """Give back what was spent on an order; blocked and expired accounts too, for the money is owed."""
        account = self.accounts[account_id]
        if account.expires_at is not None:
            account.expires_at = max(account.expires_at, self.now + GRACE)
        self._change(account_id, kind, amount, order=order)

    def load(self, account_id: int, amount: int, *, reference: str = "") -> None:
        """Put money on an account."""
        self._change(account_id, EntryKind.LOAD, amount, reference=reference)

    def expire(self, account_id: int) -> int:
        """Take what is left on an account whose time is over; return how much that was."""
        left = self.accounts[account_id].balance
        if left:
            self._change(account_id, EntryKind.EXPIRE, -left)
        return left

    def _change(
        self, account_id: int, kind: EntryKind, amount: int, *, order: UUID | None = None, reference: str = ""
    ) -> None:
        account = self.accounts[account_id]
        account.balance += amount
        account.changed = True
        self.entries.append(Entry(account_id, kind, amount, account.balance, order, reference))
