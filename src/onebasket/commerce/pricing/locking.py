"""Pricing's only row locks: single-use codes by digest, then customers' counts by customer and promotion."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.columns import as_uuid
from onebasket.base.locking import require_transaction
from onebasket.commerce.pricing.models import UseCount
from onebasket.commerce.pricing.rules.uses import Counter, SerialState


class LockedCount(NamedTuple):
    """A customer's count of a promotion, as locked."""

    id: int
    version: int
    times: int


def lock_serials(digests: Iterable[str]) -> dict[str, SerialState]:
    """Lock single-use codes in the order of their digests and return how each stands; unknown ones are left out."""
    require_transaction()
    wanted = sorted(set(digests))
    if not wanted:
        return {}
    sql = (
        f"SELECT digest, order_id FROM pricing_couponserial WHERE {bulk.in_list('digest')} "  # noqa: S608 - constants
        f"ORDER BY digest{bulk.for_update()}"
    )
    rows = bulk.fetch(sql, [bulk.list_parameter(wanted)])
    return {digest: SerialState(as_uuid(order) if order else None) for digest, order in rows}


def lock_counts(keys: Iterable[Counter]) -> dict[Counter, LockedCount]:
    """Lock customers' counts in key order, made where they are missing, and return them."""
    require_transaction()
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    fresh = [(*key, 0, 0) for key in wanted]
    bulk.insert_missing(UseCount, ("loyalty_number", "code", "times", "version"), fresh, ("id",))
    source, parameters = bulk.as_relation(UseCount, ("loyalty_number", "code"), wanted)
    sql = (
        f"SELECT c.loyalty_number, c.code, c.id, c.version, c.times FROM ({source}) AS k "  # noqa: S608 - constants
        "JOIN pricing_usecount c ON c.loyalty_number = k.c0 AND c.code = k.c1 "
        f"ORDER BY c.loyalty_number, c.code{bulk.for_update('c')}"
    )
    rows = bulk.fetch(sql, parameters)
    return {(number, code): LockedCount(*figures) for number, code, *figures in rows}


def lock_uses(orders: Iterable[UUID]) -> list[tuple[int, str, str, str, int]]:
    """Lock what orders use, in the order of its rows; return (id, serial, loyalty number, code, times) of each."""
    require_transaction()
    sql = (
        "SELECT id, serial, loyalty_number, code, times FROM pricing_use "  # noqa: S608 - constants
        f"WHERE released_at IS NULL AND {bulk.in_list('order_id')} ORDER BY id{bulk.for_update()}"
    )
    return [tuple(row) for row in bulk.fetch(sql, [bulk.list_parameter(set(orders))])]
