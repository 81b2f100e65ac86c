"""Reads of the ledger that bookings need: the counts of a shelf, and what moved on it after an instant."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby

from onebasket.commerce.stock.models import Count, Movement
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End, is_shelf


def count_instants(keys: Iterable[ShelfKey], *, since: datetime) -> dict[ShelfKey, list[datetime]]:
    """Return the times of each shelf's counts from `since` on, ascending; a statement per place and state."""
    found: dict[ShelfKey, list[datetime]] = {}
    for (place, state), group in groupby(sorted(keys), key=lambda key: key[:2]):
        rows = (
            Count.objects.filter(
                place_id=place, state=state, product_id__in=[key.product_id for key in group], occurred_at__gte=since
            )
            .order_by("occurred_at")
            .values_list("product_id", "occurred_at")
        )
        for product, occurred_at in rows:
            found.setdefault(ShelfKey(place, state, product), []).append(occurred_at)
    return found


def moved_since(instants: Mapping[ShelfKey, datetime]) -> dict[ShelfKey, list[tuple[datetime, int]]]:
    """Return for each shelf its booked changes (time, signed steps) that occurred after the instant given for it."""
    found: dict[ShelfKey, list[tuple[datetime, int]]] = {}
    for place, group in groupby(sorted(instants), key=lambda key: key.place_id):
        keys = set(group)
        rows = Movement.objects.filter(
            place_id=place,
            product_id__in={key.product_id for key in keys},
            occurred_at__gt=min(instants[key] for key in keys),
        ).values_list("product_id", "origin", "target", "quantity", "occurred_at")
        for product, origin, target, quantity, occurred_at in rows:
            for end, change in ((origin, -quantity), (target, quantity)):
                key = ShelfKey(place, end, product)
                if key in keys and occurred_at > instants[key]:
                    found.setdefault(key, []).append((occurred_at, change))
    return found


def moved_by(place_id: int, entry_id: int) -> list[tuple[int, int, End, int]]:
    """Return what an entry moved between shelves and customers: (line, product, shelf end, steps to the customer)."""
    rows = Movement.objects.filter(place_id=place_id, entry_id=entry_id, step=0).values_list(
        "line", "product_id", "origin", "target", "quantity"
    )
    return [
        (line, product, End(origin), quantity) if is_shelf(origin) else (line, product, End(target), -quantity)
        for line, product, origin, target, quantity in rows
    ]
