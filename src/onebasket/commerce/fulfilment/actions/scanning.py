"""Keep what has been found of an order while it is picked, so that a crash or a second phone loses nothing."""

from django.db import transaction

from onebasket.commerce.fulfilment.models import PickScan
from onebasket.commerce.fulfilment.queries.picking import pick_lines, read_scan
from onebasket.commerce.fulfilment.rules.picking import Scanned
from onebasket.commerce.orders.queries.following import Followed


def scan_code(order: Followed, code: str, *, key: str) -> Scanned:
    """Count a scanned code to its line and say what it was; the same scan sent again counts once, by its key."""
    with transaction.atomic():
        PickScan.objects.select_for_update().filter(order_id=order.id).order_by("line").first()
        scanned = read_scan(pick_lines(order), code)
        row = PickScan.objects.filter(order_id=order.id, line=scanned.line).first()
        if row is not None and row.last_key == key:
            return Scanned("found", row.line, row.found, scanned.name)
        if scanned.outcome in {"found", "complete"}:
            said = {"found": scanned.found, "last_key": key}
            PickScan.objects.update_or_create(order_id=order.id, line=scanned.line, defaults=said)
    return scanned
