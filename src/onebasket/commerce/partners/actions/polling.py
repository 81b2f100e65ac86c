"""What partners state of commission, read again and again: what is young often, what is old seldom, for half a year.

Pages are asked for outside any transaction and booked some at a time; then the cursor moves. A worker that is killed
in between loses its claim after a while, and the next one reads these pages again: the same again changes nothing.
"""

import logging
import time
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Q

from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction, run
from onebasket.base.sealing import UnsealableError
from onebasket.commerce.partners.actions.commissions import KIND, book_commissions
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.actions.opening import keep_tokens, open_gateway
from onebasket.commerce.partners.models import Partner, PartnerCursor
from onebasket.commerce.partners.rules.commissions import MOST_REPEATS, SWEEPS, TOLD_AFTER, Sweep, rest_after
from onebasket.commerce.partners.rules.port import (
    Capability,
    CommissionPage,
    CommissionStated,
    Gateway,
    Lost,
    NotDone,
    OddItem,
    Trouble,
)

CALL_SECONDS = 20.0
TURN_SECONDS = 5.0
AT_ONCE = 1_000
"""Lines that are gathered before they are booked."""
GATHER_SECONDS = 30.0
LEASE = timedelta(seconds=120)
"""Longer than the calls for a booking, the last of them begun late, and the booking: so long nobody else reads on."""
AHEAD = timedelta(days=1)
"""What is bought while a sweep goes on is read too, and a partner's clock may be ahead of ours."""
NOT_ABLE_WAIT = timedelta(hours=1)
_SWEEPS = {sweep.kind: sweep for sweep in SWEEPS}
logger = logging.getLogger(__name__)


class _Claimed(NamedTuple):
    """A sweep that is ours to read on: until when, from where, and as of when its days count back."""

    id: int
    partner_id: int
    sweep: Sweep
    until: datetime
    cursor: str
    since: datetime
    failures: int


class _Gathered(NamedTuple):
    """Pages that were read: what is in them, and where to go on; `ends` where the sweep is complete."""

    lines: list[CommissionStated]
    odd: list[OddItem]
    cursor: str
    ends: bool
    trouble: Trouble | None


def poll_commissions(seconds: float = TURN_SECONDS, *, kinds: Collection[str] = tuple(_SWEEPS)) -> int:
    """Read on in the sweeps that are due, for so many seconds; return how many lines came. `kinds` narrows them."""
    require_no_transaction()
    _meet_partners()
    until = time.monotonic() + seconds
    lines = 0
    while time.monotonic() < until and (claimed := run(lambda: _claim(kinds))) is not None:
        lines += _sweep(claimed, until)
    return lines


def _meet_partners() -> None:
    """Make the cursors of partners that have none and whose platforms state commission."""
    known = PartnerCursor.objects.filter(kind=SWEEPS[-1].kind).values("partner_id")
    for identity in Partner.objects.filter(active=True).exclude(pk__in=known).values_list("pk", flat=True):
        gateway = _opened(identity)
        if gateway is not None and Capability.COMMISSION in gateway.capabilities:
            for sweep in SWEEPS:
                PartnerCursor.objects.get_or_create(partner_id=identity, kind=sweep.kind)


def _claim(kinds: Collection[str]) -> _Claimed | None:
    """Take the sweep that has waited the longest."""
    now = database_now()
    due = Q(next_at__isnull=True) | Q(next_at__lte=now)
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    fit = PartnerCursor.objects.filter(due & free, kind__in=kinds)
    row = fit.filter(partner__active=True).order_by(F("next_at").asc(nulls_first=True), "pk").first()
    until = now + LEASE
    since = row.since if row and row.cursor and row.since else now
    # The condition stands on the row alone: who comes second waits for the first, and finds it claimed.
    if row is None or not fit.filter(pk=row.pk).update(claimed_until=until, since=since):
        return None
    return _Claimed(row.pk, row.partner_id, _SWEEPS[row.kind], until, row.cursor, since, row.failures)


def _sweep(claimed: _Claimed, until: float) -> int:
    """Read on until the time is over, the sweep is complete, or something is in the way; return how many lines."""
    gateway = _opened(claimed.partner_id)
    if gateway is None or Capability.COMMISSION not in gateway.capabilities:
        _move(claimed, rest=NOT_ABLE_WAIT, failures=claimed.failures, cursor="")
        return 0
    count = 0
    with ThreadPoolExecutor(1, thread_name_prefix="commission") as reader:
        ahead: Future[_Gathered] | None = reader.submit(_gather, claimed, gateway, until)
        while ahead is not None:
            found = ahead.result()
            is_over = found.ends or found.trouble is not None or time.monotonic() >= until
            # The next pages are read while these are booked.
            ahead = None if is_over else reader.submit(_gather, claimed._replace(cursor=found.cursor), gateway, until)
            count += len(found.lines)
            book_commissions(claimed.partner_id, found.lines)
            _keep_odd(claimed, found.odd)
            ours = _go_on(claimed, found, rests=ahead is None)
            if ours is None:
                return count
            claimed = ours
    return count


def _go_on(claimed: _Claimed, found: _Gathered, *, rests: bool) -> _Claimed | None:
    """Move on behind what was booked, or let the sweep rest; None where it is not ours any more."""
    if found.trouble is not None:
        before = claimed.failures if found.cursor == claimed.cursor else 0
        return _fail(claimed._replace(cursor=found.cursor, failures=before), found.trouble)
    if found.ends:
        return _move(claimed, rest=claimed.sweep.every, failures=0, cursor="")
    return _move(claimed, rest=timedelta(0) if rests else None, failures=0, cursor=found.cursor)


def _gather(claimed: _Claimed, gateway: Gateway, until: float) -> _Gathered:
    """Read pages until there is enough to be booked, or it has taken long; runs beside the booking of those before."""
    soon = min(until, time.monotonic() + GATHER_SECONDS)
    begins = claimed.since - timedelta(days=claimed.sweep.days)
    lines: list[CommissionStated] = []
    odd: list[OddItem] = []
    cursor = claimed.cursor
    while len(lines) < AT_ONCE:
        page = _asked(claimed, gateway, cursor, begins)
        if not isinstance(page, CommissionPage):
            return _Gathered(lines, odd, cursor, ends=False, trouble=page)
        lines += page.lines
        odd += page.odd
        if not page.has_more:
            return _Gathered(lines, odd, "", ends=True, trouble=None)
        if page.cursor == cursor:
            stuck = NotDone("its cursor does not move on", "turned_away")
            return _Gathered(lines, odd, cursor, ends=False, trouble=stuck)
        cursor = page.cursor
        if time.monotonic() >= soon:
            break
    return _Gathered(lines, odd, cursor, ends=False, trouble=None)


def _asked(claimed: _Claimed, gateway: Gateway, cursor: str, begins: datetime) -> CommissionPage | Trouble:
    """Ask for a page; what a gateway does not catch is its mistake, and no other partner's."""
    try:
        page = gateway.list_commissions(cursor, since=begins, until=claimed.since + AHEAD, seconds=CALL_SECONDS)
    except Exception as error:
        logger.exception("partner %s: the gateway failed", claimed.partner_id)
        return Lost(f"the gateway failed: {type(error).__name__}")
    if gateway.renewed_tokens() is not None:
        keep_tokens(claimed.partner_id, gateway)
        connection.close()
    return page


def _move(claimed: _Claimed, *, rest: timedelta | None, failures: int, cursor: str) -> _Claimed | None:
    """Move the cursor; `rest` gives the claim back until then, None keeps it. None where it is not ours any more."""

    def move() -> _Claimed | None:
        now = database_now()
        lease = None if rest is not None else now + LEASE
        next_at = None if rest is None else now + rest
        fit = PartnerCursor.objects.filter(pk=claimed.id, claimed_until=claimed.until)
        moved = fit.update(
            cursor=cursor, failures=failures, claimed_until=lease, next_at=next_at, moved_at=now
        )  # fmt: skip
        return claimed._replace(cursor=cursor, failures=failures, until=lease or claimed.until) if moved else None

    return run(move)


def _fail(claimed: _Claimed, trouble: Trouble) -> _Claimed | None:
    """Come back later, to where it stood; people are told when it lasts, or when only they can help."""
    failures = min(claimed.failures + 1, 1_000)
    code = trouble.code if isinstance(trouble, NotDone) else "lost"
    stated = trouble.retry_seconds if isinstance(trouble, NotDone) else None
    # A cursor that the platform does not know any more leads nowhere.
    cursor = "" if code == "turned_away" and failures >= MOST_REPEATS else claimed.cursor
    wait = NOT_ABLE_WAIT if code == "not_able" else rest_after(failures, stated)
    if _move(claimed, rest=wait, failures=failures, cursor=cursor) is None:
        return None
    if code == "unauthorised" or failures >= TOLD_AFTER:
        told = [Odd(claimed.partner_id, KIND, "", code, trouble.reason)]
        run(lambda: keep_odd(told, now=database_now()))
    return claimed


def _keep_odd(claimed: _Claimed, odd: list[OddItem]) -> None:
    if odd:
        told = [Odd(claimed.partner_id, KIND, one.reference, one.reason, one.explanation, one.content) for one in odd]
        run(lambda: keep_odd(told, now=database_now()))


def _opened(partner_id: int) -> Gateway | None:
    try:
        return open_gateway(partner_id)
    except (KeyError, UnsealableError, Partner.DoesNotExist) as error:
        logger.warning("partner %s: its gateway cannot be opened: %s", partner_id, type(error).__name__)
        return None
