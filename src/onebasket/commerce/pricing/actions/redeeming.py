"""Claim the uses of promotions and coupons for orders in their own transaction, and give them back on a cancel."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.columns import Row, as_uuid
from onebasket.base.locking import require_transaction
from onebasket.commerce.pricing.locking import LockedCount, lock_counts, lock_serials, lock_uses
from onebasket.commerce.pricing.models import CouponSerial, UseCount
from onebasket.commerce.pricing.models import Use as UseRow
from onebasket.commerce.pricing.queries.remembered import recall
from onebasket.commerce.pricing.rules.messages import serial_digest
from onebasket.commerce.pricing.rules.uses import Counted, Counter, RefusedUse, Use, UseBook

_NAMES = ("order", "code", "serial", "loyalty_number", "times", "counted", "most", "claimed_at")


def claim_uses(uses: Sequence[Use], *, now: datetime) -> list[RefusedUse]:
    """Claim what orders use, order after order as given; return the uses refused. Only inside a transaction.

    An order any of whose uses is refused claims none of them. What it holds already it may claim again: that changes
    nothing. Locks single-use codes, then customers' counts; ten statements at most, however many uses.
    """
    require_transaction()
    if not uses:
        return []
    digests = {use: serial_digest(use.serial) if use.serial else "" for use in uses}
    limits = recall().limits
    serials = lock_serials(digest for digest in digests.values() if digest)
    counts = lock_counts((use.loyalty_number, use.code) for use in uses if use.loyalty_number)
    held = _held({use.order for use in uses})
    book = UseBook({key: count.times for key, count in counts.items()}, limits, serials, held=held)
    by_order: dict[UUID, list[tuple[Use, str]]] = {}
    for use in dict.fromkeys(uses):
        by_order.setdefault(use.order, []).append((use, digests[use]))
    claimed: list[Counted] = []
    refused: list[RefusedUse] = []
    for of_order in by_order.values():
        granted, denied = book.claim(of_order)
        claimed += granted
        refused += denied
    _write(claimed, digests, book, counts, now)
    return refused


def release_uses(orders: Iterable[UUID], *, now: datetime | None = None) -> int:
    """Give back what orders use, so that their customers may use it again; return how many uses. In a transaction.

    Locks what they use, then single-use codes, then customers' counts. Released again, nothing changes.
    """
    rows = lock_uses(orders)
    if not rows:
        return 0
    lock_serials(serial for _, serial, *_ in rows if serial)
    back: dict[Counter, int] = {}
    for _, _, number, code, times in rows:
        if number:
            back[number, code] = back.get((number, code), 0) + times
    counts = lock_counts(back)
    _post({key: counts[key].times - times for key, times in back.items()}, counts)
    digests = {serial for _, serial, *_ in rows if serial}
    freed = [(digest, None, None) for digest in sorted(digests)]
    bulk.update_guarded(CouponSerial, ("digest",), ("order", "used_at"), freed)
    at = now or database_now()
    bulk.update_guarded(UseRow, ("id",), ("released_at",), [(identity, at) for identity, *_ in rows])
    return len(rows)


def _held(orders: set[UUID]) -> list[tuple[UUID, str, str]]:
    sql = (
        "SELECT order_id, code, serial FROM pricing_use "  # noqa: S608 - constants
        f"WHERE released_at IS NULL AND {bulk.in_list('order_id')}"
    )
    return [(as_uuid(order), code, serial) for order, code, serial in bulk.fetch(sql, [bulk.list_parameter(orders)])]


def _write(
    claimed: Sequence[Counted],
    digests: Mapping[Use, str],
    book: UseBook,
    counts: Mapping[Counter, LockedCount],
    now: datetime,
) -> None:
    rows: list[Row] = [
        (use.order, use.code, digests[use], use.loyalty_number, use.times, counted, most, now)
        for use, counted, most in claimed
    ]
    bulk.insert(UseRow, _NAMES, rows)
    taken = [(digest, order, now) for digest, order in sorted(book.taken.items())]
    bulk.update_guarded(CouponSerial, ("digest",), ("order", "used_at"), taken)
    _post({key: book.counts[key] for key in counts if book.counts[key] != counts[key].times}, counts)


def _post(figures: Mapping[Counter, int], counts: Mapping[Counter, LockedCount]) -> None:
    """Write counts, each guarded by the version that was locked."""
    rows = [
        (counts[key].id, counts[key].version, counts[key].version + 1, times) for key, times in sorted(figures.items())
    ]
    bulk.update_guarded(UseCount, ("id", "version"), ("version", "times"), rows)
