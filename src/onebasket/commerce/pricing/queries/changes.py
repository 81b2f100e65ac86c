"""When prices changed last, for whoever keeps a copy of the pages that show them."""

from datetime import datetime

from onebasket.base import bulk
from onebasket.base.columns import as_instant
from onebasket.base.instants import instant_parameter


def prices_changed(first: int, last: int, *, now: datetime) -> dict[int, datetime]:
    """Return when the price of each product whose id is in [first, last] changed last; one statement.

    A price changes when it is recorded or when it begins to hold, whichever is later; what is to come does not count.
    """
    greatest = "GREATEST" if bulk.is_postgresql() else "MAX"
    rows = bulk.fetch(
        f"SELECT product_id, MAX({greatest}(recorded_at, valid_from)) FROM pricing_price "  # noqa: S608 - constants
        "WHERE product_id BETWEEN %s AND %s AND valid_from <= %s GROUP BY product_id",
        [first, last, instant_parameter(now)],
    )
    return {identity: at for identity, text in rows if (at := as_instant(text)) is not None}
