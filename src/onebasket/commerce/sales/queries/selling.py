"""What sells at a place: how many receipt lines of its last weeks each product stands on."""

from datetime import date, timedelta

from onebasket.base import bulk


def lines_sold(place_id: int, *, days: int) -> dict[int, int]:
    """Return on how many lines of sales each product stands, over the place's last so many business days.

    The last is the newest day that a receipt states, so that a place which was closed keeps what sold before. Voided
    receipts do not count, nor do returns. Two statements.
    """
    ((newest,),) = bulk.fetch("SELECT MAX(business_day) FROM sales_receipt WHERE place_id = %s", [place_id])
    if newest is None:
        return {}
    last = date.fromisoformat(newest) if isinstance(newest, str) else newest
    since = last - timedelta(days=days - 1)
    rows = bulk.fetch(
        "SELECT l.product_id, COUNT(*) FROM sales_receipt r "
        "JOIN sales_receiptline l ON l.place_id = r.place_id AND l.receipt_id = r.id "
        "WHERE r.place_id = %s AND r.business_day >= %s AND r.kind = 1 AND NOT r.voided "
        "AND l.product_id IS NOT NULL AND l.quantity > 0 GROUP BY l.product_id",
        [place_id, since if bulk.is_postgresql() else since.isoformat()],
    )
    return dict(rows)
