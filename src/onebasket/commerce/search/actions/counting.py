"""Count what sells where, from receipts; the index takes the new counts in when it is next built."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.columns import as_instant
from onebasket.base.instants import instant_parameter
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.sales.queries.selling import lines_sold
from onebasket.commerce.search.actions.building import ensure_state
from onebasket.commerce.search.models import SoldLines

DAYS: Final = 28
COUNTED_EVERY: Final = timedelta(hours=6)
TRIED_EVERY: Final = timedelta(minutes=10)
"""As long as nothing has sold."""
LEASE: Final = timedelta(minutes=10)
ROWS_AT_ONCE: Final = 1_000
"""A transaction of so many rows takes some 20 ms, which the hot path on SQLite waits for."""
_KEY, _LINES = ("place", "product"), ("lines",)


def count_sales_if_due() -> int:
    """Count anew where the last count is six hours old, and nobody else is at it; return how many counts changed."""
    now = database_now()
    every = COUNTED_EVERY if bulk.fetch("SELECT 1 FROM search_soldlines LIMIT 1") else TRIED_EVERY
    ensure_state()
    ((counted_at,),) = bulk.fetch("SELECT counted_at FROM search_searchstate WHERE id = 1")
    last = as_instant(counted_at)
    if last is not None and now - last < every:
        return 0
    claimed = bulk.execute(
        "UPDATE search_searchstate SET claimed_until = %s "
        "WHERE id = 1 AND (claimed_until IS NULL OR claimed_until < %s)",
        [instant_parameter(now + LEASE), instant_parameter(now)],
    )
    return count_sales(now) if claimed else 0


def count_sales(now: datetime | None = None) -> int:
    """Count on how many receipt lines of each place's last four weeks every product stands; return what changed.

    Short transactions, so that nobody waits for it; the new counts are announced at the end, when all are there.
    """
    ensure_state()
    changed = sum(_count_place(place.id) for place in all_places())
    renewed = ", counted = %s" if changed else ""
    bulk.execute(
        f"UPDATE search_searchstate SET counted_at = %s, claimed_until = NULL{renewed} WHERE id = 1",  # noqa: S608
        [instant_parameter(now or database_now()), *([secrets.randbits(62) + 1] if changed else [])],
    )
    return changed


def _count_place(place_id: int) -> int:
    sold = lines_sold(place_id, days=DAYS)
    held: dict[int, int] = dict(
        bulk.fetch("SELECT product_id, lines FROM search_soldlines WHERE place_id = %s", [place_id])
    )
    fresh = [(place_id, product, lines) for product, lines in sorted(sold.items()) if product not in held]
    other = [(place_id, product, lines) for product, lines in sorted(sold.items()) if held.get(product, lines) != lines]
    gone = sorted(held.keys() - sold.keys())
    for start in range(0, len(fresh), ROWS_AT_ONCE):
        with transaction.atomic():
            bulk.insert(SoldLines, _KEY + _LINES, fresh[start : start + ROWS_AT_ONCE])
    for start in range(0, len(other), ROWS_AT_ONCE):
        with transaction.atomic():
            bulk.update(SoldLines, _KEY, _LINES, other[start : start + ROWS_AT_ONCE])
    for start in range(0, len(gone), ROWS_AT_ONCE):
        _forget(place_id, gone[start : start + ROWS_AT_ONCE])
    return len(fresh) + len(other) + len(gone)


def _forget(place_id: int, product_ids: Sequence[int]) -> None:
    bulk.execute(
        f"DELETE FROM search_soldlines WHERE place_id = %s AND {bulk.in_list('product_id')}",  # noqa: S608 - constants
        [place_id, bulk.list_parameter(product_ids)],
    )
