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


class LockedUse(NamedTuple):
    """A use as locked; `serial` is the digest of its single-use code."""

    id: int
    user: UUID
    serial: str
    loyalty_number: str
    code: str
    times: int

    @property
    def counter(self) -> Counter:
        """Return what it is counted under."""
        return self.loyalty_number, self.code


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


def lock_uses(users: Iterable[UUID]) -> list[LockedUse]:
    """Lock what orders and receipts use, in the order of its rows."""
    require_transaction()
    sql = (
        "SELECT id, order_id, serial, loyalty_number, code, times FROM pricing_use "  # noqa: S608 - constants
        f"WHERE released_at IS NULL AND {bulk.in_list('order_id')} ORDER BY id{bulk.for_update()}"
    )
    rows = bulk.fetch(sql, [bulk.list_parameter(set(users))])
    return [LockedUse(identity, as_uuid(user), *figures) for identity, user, *figures in rows]
