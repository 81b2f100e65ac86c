"""The orders' only row locks: baskets and orders in id order, and the day's numbers, taken last."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.orders.models import DayNumber, Order
from onebasket.commerce.places.queries import PLACE_COLUMNS

BASKET_COLUMNS = (
    "b.id, b.source_id, b.channel, b.loyalty_number, b.state, b.version, b.slot_id, b.coupons, b.held_since, "
    "b.held_until, b.renewals, b.numbers, b.opened_at, b.offers"
)


def lock_orders(ids: Iterable[UUID]) -> dict[UUID, Order]:
    """Lock the orders that exist, in id order."""
    require_transaction()
    wanted = sorted(set(ids))
    return {order.pk: order for order in Order.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}


def take_numbers(counts: Mapping[tuple[int, date], int]) -> dict[tuple[int, date], int]:
    """Take so many order numbers at each place and day, in key order; return the first of each."""
    require_transaction()
    rows = [(place, day, count) for (place, day), count in sorted(counts.items())]
    source, parameters = bulk.as_relation(DayNumber, ("place", "business_day", "last"), rows)
    sql = (
        f"INSERT INTO orders_daynumber (place_id, business_day, last) {source} "
        "ON CONFLICT (place_id, business_day) DO UPDATE SET last = orders_daynumber.last + excluded.last "
        "RETURNING place_id, business_day, last"
    )
    first: dict[tuple[int, date], int] = {}
    for place, day, last in bulk.fetch(sql, parameters):
        key = place, date.fromisoformat(day) if isinstance(day, str) else day
        first[key] = last - counts[key] + 1
    return first


def ask_baskets(ids: Iterable[UUID]) -> bulk.Asked:
    """Lock the baskets that exist, in id order; rows as `BASKET_COLUMNS` names them, each with its place's facts.

    The place is joined to what was locked: joined before, a basket that was moved elsewhere while its lock was waited
    for would fit no place any more, and be missing.
    """
    require_transaction()
    locked = f"SELECT * FROM orders_basket WHERE {bulk.in_list('id')} ORDER BY id{bulk.for_update()}"  # noqa: S608 - constants
    sql = (
        f"SELECT {BASKET_COLUMNS}, {PLACE_COLUMNS} FROM ({locked}) AS b JOIN places_place p ON p.id = b.place_id "  # noqa: S608 - constants
        "ORDER BY b.id"
    )
    return bulk.ask(sql, [bulk.list_parameter(sorted(set(ids)))])
