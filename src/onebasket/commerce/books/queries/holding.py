"""Which of several numbers hold points that can be spent."""

from collections.abc import Iterable

from onebasket.base import bulk


def holding(loyalty_numbers: Iterable[str]) -> set[str]:
    """Return those of these numbers that have points to spend, or less than none; one statement."""
    sql = (
        "SELECT loyalty_number FROM books_pointsaccount "  # noqa: S608 - constants
        f"WHERE available <> 0 AND {bulk.in_list('loyalty_number')}"
    )
    return {number for (number,) in bulk.fetch(sql, [bulk.list_parameter(set(loyalty_numbers))])}
