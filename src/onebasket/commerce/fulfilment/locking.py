"""The only row locks of fulfilment: how much of what was sold has come back, in order of reference and line."""

from collections.abc import Mapping

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.fulfilment.models import BroughtBack

_NAMES = ("reference", "line", "sold", "back")


def lock_back(reference: str, sold: Mapping[int, int]) -> dict[int, int]:
    """Lock lines of what was sold, making them where nobody has brought any back; return how much of each is back."""
    require_transaction()
    rows = [(reference, line, quantity, 0) for line, quantity in sorted(sold.items())]
    bulk.insert_missing(BroughtBack, _NAMES, rows, ("id",))
    sql = (
        "SELECT line, back FROM fulfilment_broughtback WHERE reference = %s "  # noqa: S608 - constants
        f"AND {bulk.in_list('line')} ORDER BY line{bulk.for_update()}"
    )
    return dict(bulk.fetch(sql, [reference, bulk.list_parameter(sorted(sold))]))
