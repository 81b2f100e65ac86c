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


class Redeeming:
    """Uses under their locks: claimed one order after the other in memory, and written at the end."""

    def __init__(self, uses: Sequence[Use]) -> None:
        """Lock what these uses are counted under: single-use codes, then customers' counts."""
        self._digests: dict[Use, str] = {}
        self._counts: dict[Counter, LockedCount] = {}
        self._claimed: list[Counted] = []
        self._book = UseBook({}, recall().limits, {})
        self.lock(uses)

    def lock(self, uses: Sequence[Use]) -> None:
        """Lock what more uses are counted under."""
        if not uses:
            return
        fresh = [use for use in uses if not self.covers([use])]
        serials = lock_serials(_digest(use) for use in fresh if use.serial)
        counts = lock_counts((use.loyalty_number, use.code) for use in fresh if use.loyalty_number)
        self._counts |= counts
        held = _held({use.order for use in uses})
        self._book.know({key: count.times for key, count in counts.items()}, serials, held)

    def covers(self, uses: Iterable[Use]) -> bool:
        """Whether all that these uses are counted under is locked."""
        return all(
            (not use.loyalty_number or (use.loyalty_number, use.code) in self._counts)
            and (not use.serial or self._book.knows(_digest(use)))
            for use in uses
        )

    def claim(self, uses: Iterable[Use]) -> list[RefusedUse]:
        """Claim the uses of one order: all of them, or none with the reasons."""
        stated = [(use, _digest(use)) for use in dict.fromkeys(uses)]
        self._digests.update(stated)
        granted, refused = self._book.claim(stated)
        self._claimed += granted
        return refused

    def post(self, *, now: datetime) -> None:
        """Write what was claimed."""
        if not self._claimed:
            return
        rows: list[Row] = [
            (use.order, use.code, self._digests[use], use.loyalty_number, use.times, counted, most, now)
            for use, counted, most in self._claimed
        ]
        bulk.insert(UseRow, _NAMES, rows)
        taken = [(digest, order, now) for digest, order in sorted(self._book.taken.items())]
        bulk.update_guarded(CouponSerial, ("digest",), ("order", "used_at"), taken)
        counts, figures = self._counts, self._book.counts
        _post({key: figures[key] for key in counts if figures[key] != counts[key].times}, counts)


def claim_uses(uses: Sequence[Use], *, now: datetime) -> list[RefusedUse]:
    """Claim what orders use, order after order as given; return the uses refused. Only inside a transaction.

    An order any of whose uses is refused claims none of them. What it holds already it may claim again: that changes
    nothing. Locks single-use codes, then customers' counts; ten statements at most, however many uses.
    """
    require_transaction()
    if not uses:
        return []
    redeeming = Redeeming(uses)
    by_order: dict[UUID, list[Use]] = {}
    for use in uses:
        by_order.setdefault(use.order, []).append(use)
    refused = [one for of_order in by_order.values() for one in redeeming.claim(of_order)]
    redeeming.post(now=now)
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


def _digest(use: Use) -> str:
    return serial_digest(use.serial) if use.serial else ""


def _post(figures: Mapping[Counter, int], counts: Mapping[Counter, LockedCount]) -> None:
    """Write counts, each guarded by the version that was locked."""
    rows = [
        (counts[key].id, counts[key].version, counts[key].version + 1, times) for key, times in sorted(figures.items())
    ]
    bulk.update_guarded(UseCount, ("id", "version"), ("version", "times"), rows)
