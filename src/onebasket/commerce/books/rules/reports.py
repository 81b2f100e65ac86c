"""What the books come to, as a clerk reads it: balances by account, and whether they tie."""

from collections.abc import Iterable

import msgspec

from onebasket.commerce.books.rules.accounts import BY_ACCOUNT, Account, NatureName


class Balance(msgspec.Struct, frozen=True, gc=False):
    """What was debited and credited on an account in a unit, both positive; `balance` is positive on the debit side.

    `part` is empty where all parts are added up.
    """

    account: int
    name: str
    nature: NatureName
    part: str
    unit: str
    debit: int
    credit: int
    balance: int


class Tie(msgspec.Struct, frozen=True, gc=False):
    """Whether something comes to zero in a unit as it must, and by what it does not."""

    unit: str
    name: str
    amount: int

    @property
    def ties(self) -> bool:
        """Whether it does."""
        return self.amount == 0


def balance_of(account: int, part: str, unit: str, *, debit: int, credit: int) -> Balance:
    """Return a balance with the account's name."""
    facts = BY_ACCOUNT[account]
    return Balance(account, facts.name, facts.nature, part, unit, debit, credit, debit - credit)


def ties_of(balances: Iterable[Balance]) -> list[Tie]:
    """Return for each unit whether debits are credits, and whether nothing is in suspense."""
    totals: dict[str, int] = {}
    suspense: dict[str, int] = {}
    for one in balances:
        totals[one.unit] = totals.get(one.unit, 0) + one.balance
        if one.account == Account.SUSPENSE:
            suspense[one.unit] = suspense.get(one.unit, 0) + one.balance
    return [
        Tie(unit, name, amounts.get(unit, 0))
        for unit in sorted(totals)
        for name, amounts in (("Debits less credits", totals), ("In suspense", suspense))
    ]
