"""The books' only row locks: points accounts in the order of their loyalty numbers."""

from collections.abc import Iterable, Sequence

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.books.models import PointsAccount
from onebasket.commerce.books.rules.spending import Figures


def lock_points(numbers: Iterable[str]) -> dict[str, Figures]:
    """Lock the points accounts of these loyalty numbers, making those that are missing, and return their figures."""
    require_transaction()
    wanted = sorted(set(numbers))
    found = _lock(wanted)
    while missing := [number for number in wanted if number not in found]:
        rows = [(number, 0, 0, 0) for number in missing]
        bulk.insert_missing(PointsAccount, ("loyalty_number", "available", "pending", "version"), rows, ("id",))
        found |= _lock(missing)
    return found


def _lock(numbers: Sequence[str]) -> dict[str, Figures]:
    if not numbers:
        return {}
    sql = (
        "SELECT loyalty_number, id, version, available, pending FROM books_pointsaccount "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('loyalty_number')} ORDER BY loyalty_number{bulk.for_update()}"
    )
    return {number: Figures(*figures) for number, *figures in bulk.fetch(sql, [bulk.list_parameter(numbers)])}
