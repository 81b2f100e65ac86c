"""Claim the uses of promotions and coupons for orders in their own transaction, and give them back on a cancel."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.columns import Row, as_uuid
from onebasket.base.locking import require_transaction
from onebasket.commerce.pricing.locking import LockedCount, LockedUse, lock_counts, lock_serials, lock_uses
from onebasket.commerce.pricing.models import CouponSerial, UseCount
from onebasket.commerce.pricing.models import Use as UseRow
from onebasket.commerce.pricing.queries.remembered import recall
from onebasket.commerce.pricing.rules.messages import serial_digest
from onebasket.commerce.pricing.rules.uses import Counted, Counter, Fact, RefusedUse, Use, UseBook

_NAMES = ("order", "code", "serial", "loyalty_number", "times", "counted", "most", "claimed_at", "receipt")


class Redeeming:
    """Uses under their locks: claimed one order after the other in memory, and written at the end."""

    def __init__(self, uses: Sequence[Use]) -> None:
        """Lock what these uses are counted under: single-use codes, then customers' counts."""
        self._digests: dict[Use, str] = {}
        self._counts: dict[Counter, LockedCount] = {}
        self._claimed: list[Counted] = []
        self._book = UseBook({}, {}, {})
        self._in_use: list[LockedUse] = []
        self._released: list[LockedUse] = []
        self._facts: list[Fact] = []
        self.lock(uses)

    def lock(self, uses: Sequence[Use], *, releasing: Iterable[UUID] = ()) -> None:
        """Lock what more uses are counted under, and what these orders or receipts use, which may be given back."""
        rows = lock_uses(releasing) if releasing else []
        if not uses and not rows:
            return
        fresh = [use for use in uses if not self.covers([use])]
        digests = [_digest(use) for use in fresh if use.serial]
        serials = lock_serials([*digests, *(row.serial for row in rows if row.serial)])
        keys = [(use.loyalty_number, use.code) for use in fresh if use.loyalty_number]
        counts = lock_counts([*keys, *(row.counter for row in rows if row.loyalty_number)])
        self._counts |= {key: count for key, count in counts.items() if key not in self._counts}
        self._in_use += rows
        if uses:
            self._book.limit(recall().limits, _held({use.order for use in uses}))
        self._book.know({key: count.times for key, count in counts.items()}, serials)

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

    def count(self, uses: Iterable[Use]) -> list[Fact]:
        """Count a till's uses, which were before anybody could refuse them; return each with what is wrong with it."""
        facts = [self._book.count(use, _digest(use)) for use in dict.fromkeys(uses)]
        self._facts += facts
        return facts

    def release(self, user: UUID) -> None:
        """Give back what an order or a receipt uses, of what was locked for it."""
        for row in [row for row in self._in_use if row.user == user]:
            self._in_use.remove(row)
            self._released.append(row)
            self._book.give_back(row.counter, row.times, row.serial)

    @property
    def released(self) -> int:
        """Return how many uses were given back."""
        return len(self._released)

    def post(self, *, now: datetime) -> None:
        """Write what was claimed, counted and given back."""
        if not (self._claimed or self._facts or self._released):
            return
        back = [(row.id, now) for row in self._released]
        bulk.update_guarded(UseRow, ("id",), ("released_at",), sorted(back))
        freed = [(digest, None, None) for digest in sorted(self._book.freed - self._book.taken.keys())]
        bulk.update_guarded(CouponSerial, ("digest",), ("order", "used_at"), freed)
        rows: list[Row] = [
            (use.order, use.code, self._digests[use], use.loyalty_number, use.times, counted, most, now, None)
            for use, counted, most in self._claimed
        ]
        rows += [
            (
                use.order,
                use.code,
                serial,
                use.loyalty_number,
                use.times,
                counted,
                None if reason else most,
                now,
                use.receipt,
            )
            for use, counted, most, serial, reason in self._facts
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
    require_transaction()
    users = set(orders)
    redeeming = Redeeming(())
    redeeming.lock((), releasing=users)
    for user in users:
        redeeming.release(user)
    redeeming.post(now=now or database_now())
    return redeeming.released


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
