"""Points accounts under their locks: what there is to spend, decided one after the other in memory."""

from dataclasses import dataclass

from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.books.rules.entries import Entry
from onebasket.commerce.books.rules.points import (
    SPENT_KIND,
    PointsFacts,
    points_restored,
    points_spent,
)


@dataclass(slots=True)
class Figures:
    """A points account as read under its lock, and as it will be."""

    id: int
    version: int
    available: int
    pending: int
    changed: bool = False

    def take(self, account: Account, amount: int) -> None:
        """Take in a posting on the account: a credit is for the customer."""
        if account is Account.POINTS_AVAILABLE:
            self.available -= amount
        else:
            self.pending -= amount
        self.changed = True


class PointsBook:
    """What customers' points still pay, with the entries of what they have paid in this transaction."""

    def __init__(self, available: dict[str, int]) -> None:
        """Keep what can be spent, by loyalty number."""
        self.available = available
        self.entries: list[Entry] = []

    def spend(self, facts: PointsFacts, *, unit: str = "", amount: int = 0, order: str = "") -> bool:
        """Let points pay `amount` of an order, if there are enough; whether there were."""
        if not 0 < facts.points <= self.available.get(facts.loyalty_number, 0):
            return False
        self.available[facts.loyalty_number] -= facts.points
        self.entries.append(points_spent(facts, unit=unit, amount=amount, order=order))
        return True

    def give_back(self, facts: PointsFacts, *, unit: str = "", amount: int = 0, order: str = "") -> None:
        """Give back points that had paid `amount` of an order."""
        self.available[facts.loyalty_number] = self.available.get(facts.loyalty_number, 0) + facts.points
        self.entries.append(points_restored(facts, unit=unit, amount=amount, order=order))


def passes_zero(entry: Entry, after: Figures) -> bool:
    """Whether an entry by which the hub lets points be spent leaves less than none."""
    return entry.kind == SPENT_KIND and after.available < 0
