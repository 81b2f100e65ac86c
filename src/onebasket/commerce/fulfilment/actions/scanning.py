"""Keep what has been found of an order while it is picked, so that a crash or a second phone loses nothing."""

from django.db import transaction

from onebasket.commerce.fulfilment.locking import lock_scans
from onebasket.commerce.fulfilment.queries.picking import pick_lines, read_scan
from onebasket.commerce.fulfilment.rules.picking import Scanned, remember
from onebasket.commerce.orders.queries.following import Followed

_COUNTED = frozenset({"found", "complete"})


def scan_code(order: Followed, code: str, *, key: str) -> Scanned:
    """Count a scanned code to its line and say what it was; the same scan sent again counts once, by its key."""
    with transaction.atomic():
        rows = lock_scans(order.id, (line.line for line in order.lines if line.promised))
        lines = pick_lines(order)
        for line in lines:
            if key in rows[line.line].keys.split():
                return Scanned("complete" if line.found >= line.promised else "found", line.line, line.found, line.name)
        scanned = read_scan(lines, code)
        if scanned.outcome in _COUNTED:
            row = rows[scanned.line]
            row.found, row.keys = scanned.found, remember(row.keys, key)
            row.save(update_fields=["found", "keys"])
    return scanned
