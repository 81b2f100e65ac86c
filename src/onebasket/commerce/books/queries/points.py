"""Reads of customers' points, and of the rules by which they are earned."""

from collections.abc import Iterable
from datetime import date

import msgspec

from onebasket.base import bulk
from onebasket.commerce.books.models import EarningRule as Row
from onebasket.commerce.books.rules.points import EarningRule, Points

NONE = Points(0, 0)


def points_of(loyalty_number: str) -> Points:
    """Return a customer's (available, pending) points; none where nothing was ever booked for the number."""
    return points_of_each([loyalty_number])[loyalty_number]


def points_of_each(loyalty_numbers: Iterable[str]) -> dict[str, Points]:
    """Return the points of each loyalty number, in one statement."""
    wanted = set(loyalty_numbers)
    sql = (
        "SELECT loyalty_number, available, pending FROM books_pointsaccount "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('loyalty_number')}"
    )
    found = {number: Points(*figures) for number, *figures in bulk.fetch(sql, [bulk.list_parameter(wanted)])}
    return {number: found.get(number, NONE) for number in wanted}


def points_outstanding() -> Points:
    """Return what all customers together have, by their accounts."""
    ((available, pending),) = bulk.fetch(
        "SELECT COALESCE(SUM(available), 0), COALESCE(SUM(pending), 0) FROM books_pointsaccount"
    )
    return Points(int(available), int(pending))


def earning_rules() -> tuple[EarningRule, ...]:
    """Return every earning rule, by currency and day."""
    rows = Row.objects.order_by("currency", "valid_from").values_list(
        "currency", "valid_from", "points", "per_amount", "excluded", "worth_points", "worth_amount"
    )
    return tuple(msgspec.convert(row, _Stated).rule() for row in rows)


class _Stated(msgspec.Struct, array_like=True):
    currency: str
    valid_from: date
    points: int
    per_amount: int
    excluded: list[str]
    worth_points: int
    worth_amount: int

    def rule(self) -> EarningRule:
        return EarningRule(
            self.currency, self.valid_from, self.points, self.per_amount, tuple(self.excluded), self.worth_points,
            self.worth_amount,
        )  # fmt: skip
