"""The only row locks of fulfilment, each in order of line: what has been found of an order, what of a sale is back."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.fulfilment.models import BroughtBack, PickScan

_SCANS = ("order_id", "line", "found", "keys")
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


def lock_scans(order_id: UUID, lines: Iterable[int]) -> dict[int, PickScan]:
    """Lock what has been found of an order's lines, noting nothing of those that nobody has scanned yet."""
    require_transaction()
    rows = [(order_id, line, 0, "") for line in sorted(lines)]
    bulk.insert_missing(PickScan, _SCANS, rows, ("id",))
    locked = PickScan.objects.select_for_update().filter(order_id=order_id).order_by("line")
    return {row.line: row for row in locked}
