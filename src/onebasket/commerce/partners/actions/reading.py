"""Partners' catalogues, read by their cursors: a job's turn takes those that are due, one after the other.

A page is asked for outside any transaction; its offers are written and the cursor moved in one. A worker that is killed
loses its claim after a while, and the next one goes on from the last page that was written.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Q

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction, run
from onebasket.base.sealing import UnsealableError
from onebasket.commerce.partners.actions.ending import end_unseen
from onebasket.commerce.partners.actions.importing import Prepared, Stated, prepare_offers, write_offers
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.actions.opening import keep_tokens, open_gateway
from onebasket.commerce.partners.models import OfferImport, Partner, PartnerCursor
from onebasket.commerce.partners.rules.port import Capability, Gateway, Lost, NotDone, OfferPage, Trouble
from onebasket.commerce.partners.rules.reading import (
    MOST_REPEATS,
    TOLD_AFTER,
    Following,
    Mistake,
    Standing,
    begins_anew,
    follow,
    wait_after,
)

logger = logging.getLogger(__name__)

KIND = "offers"
NAME = "catalogue"
"""Under this name a whole pass stands among the imports."""
ODD_KIND = "catalogue"
CALL_SECONDS = 20.0
TURN_SECONDS = 5.0
LEASE = timedelta(seconds=60)
"""Longer than a call and the writing of its page: for so long nobody else reads on."""
NOT_ABLE_WAIT = timedelta(hours=1)


class _ClaimLostError(Exception):
    """Somebody else reads this catalogue now: nothing of ours may be written."""


class _Claimed(NamedTuple):
    """A catalogue that is ours to read: until when, from where, and as which pass (None between passes)."""

    id: int
    partner_id: int
    until: datetime
    since: datetime
    standing: Standing
    whole: int | None


def read_catalogues(seconds: float = TURN_SECONDS) -> int:
    """Read on in the catalogues that are due, for so many seconds; return how many pages came."""
    require_no_transaction()
    _meet_partners()
    until = time.monotonic() + seconds
    pages = 0
    while time.monotonic() < until and (claimed := run(_claim)) is not None:
        pages += _read(claimed, until)
    return pages


def _meet_partners() -> None:
    """Make the cursor of each partner that has none and whose platform lists its offers."""
    known = PartnerCursor.objects.filter(kind=KIND).values("partner_id")
    for identity in Partner.objects.filter(active=True).exclude(pk__in=known).values_list("pk", flat=True):
        gateway = _opened(identity)
        if gateway is not None and Capability.CATALOGUE in gateway.capabilities:
            PartnerCursor.objects.get_or_create(partner_id=identity, kind=KIND)


def _claim() -> _Claimed | None:
    """Take the catalogue that has waited the longest; begin a whole pass where one is due."""
    now = database_now()
    due = Q(next_at__isnull=True) | Q(next_at__lte=now)
    fit = PartnerCursor.objects.filter(due & (Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)), kind=KIND)
    row = fit.filter(partner__active=True).order_by(F("next_at").asc(nulls_first=True), "pk").first()
    until = now + LEASE
    # The condition stands on the row alone: who comes second waits for the first, and finds it claimed.
    if row is None or not fit.filter(pk=row.pk).update(claimed_until=until):
        return None
    whole = OfferImport.objects.filter(partner_id=row.partner_id, name=NAME, state=OfferImport.State.RUNNING).first()
    if whole is None and begins_anew(row.cursor, row.since, now):
        row.cursor, row.since = "", now
        PartnerCursor.objects.filter(pk=row.pk).update(cursor="", since=now)
        whole = OfferImport.objects.create(partner_id=row.partner_id, name=NAME, started_at=now, moved_at=now)
    since = row.since or now
    standing = Standing(row.cursor, whole is not None, whole.read if whole else 0, row.failures)
    return _Claimed(row.pk, row.partner_id, until, since, standing, whole.pk if whole else None)


def _read(claimed: _Claimed, until: float) -> int:
    """Read page after page until the time is over, the catalogue is, or something is in the way."""
    gateway = _opened(claimed.partner_id)
    if gateway is None or Capability.CATALOGUE not in gateway.capabilities:
        _fail(claimed, NotDone("the gateway cannot be opened, or lists no offers", "not_able"))
        return 0
    pages = 0
    while True:
        page = _asked(claimed, gateway)
        if not isinstance(page, OfferPage):
            _fail(claimed, page)
            return pages
        prepared = prepare_offers(page.offers, now=database_now())
        # What is listed and cannot be read is there all the same, and does not end with the pass.
        prepared.listed.update({item.reference for item in page.odd if item.reference} - prepared.rows.keys())
        try:
            following, lease = _take_in(claimed, page, prepared, goes_on=time.monotonic() < until)
        except _ClaimLostError:
            return pages
        pages += 1
        if lease is None:
            return pages
        moved = Standing(following.cursor, claimed.standing.is_whole, following.listed)
        claimed = claimed._replace(standing=moved, until=lease)


def _asked(claimed: _Claimed, gateway: Gateway) -> OfferPage | Trouble:
    """Ask for a page; what a gateway does not catch is its mistake, and no other partner's."""
    if connection.vendor == "postgresql":
        connection.close()  # the pool is smaller than the number of threads that may wait for a partner
    try:
        page = gateway.list_offers(claimed.standing.cursor, seconds=CALL_SECONDS)
    except Exception as error:
        logger.exception("partner %s: the gateway failed", claimed.partner_id)
        return Lost(f"the gateway failed: {type(error).__name__}")
    keep_tokens(claimed.partner_id, gateway)
    return page


def _take_in(
    claimed: _Claimed, page: OfferPage, prepared: Prepared, *, goes_on: bool
) -> tuple[Following, datetime | None]:
    """Write a page and move the cursor, in one transaction; at the end of a whole pass what it did not show ends.

    Returned is where the reading stands, and until when it is still ours: None where it rests, or is another's turn.
    """
    read = {one.reference for one in page.offers}
    following = follow(
        claimed.standing,
        page.cursor,
        has_more=page.has_more,
        count=len(page.offers) + sum(item.reference not in read for item in page.odd),
        total=page.total,
    )
    is_held = following.is_complete or (goes_on and following.wait is None)
    lease = run(lambda: _write_page(claimed, page, prepared, following, is_held=is_held))
    if following.is_complete and lease is not None:
        _end_pass(claimed, following, lease)
        return following, None
    return following, lease


def _write_page(
    claimed: _Claimed, page: OfferPage, prepared: Prepared, following: Following, *, is_held: bool
) -> datetime | None:
    now = database_now()
    lease = now + LEASE if is_held else None
    with bulk.together():
        moved = PartnerCursor.objects.filter(pk=claimed.id, claimed_until=claimed.until).update(
            claimed_until=lease,
            next_at=None if is_held else now + (following.wait or timedelta(0)),
            cursor=following.cursor,
            failures=following.failures,
            moved_at=now,
            **({"since": None} if following.is_given_up else {}),
        )
        if not moved:
            raise _ClaimLostError
        stated = write_offers(claimed.partner_id, prepared, now=now)
        _keep_odd(claimed, page, following, now=now)
        if claimed.whole is not None:
            _note_pass(claimed.whole, stated, page, following, now=now)
    return lease


def _keep_odd(claimed: _Claimed, page: OfferPage, following: Following, *, now: datetime) -> None:
    odd = [
        Odd(claimed.partner_id, "offer", item.reference, item.reason, item.explanation, item.content)
        for item in page.odd
    ]
    if following.mistake is not None:
        odd.append(Odd(claimed.partner_id, ODD_KIND, "", following.mistake.value, following.explanation))
    keep_odd(odd, now=now)


def _note_pass(whole: int, stated: Stated, page: OfferPage, following: Following, *, now: datetime) -> None:
    given_up = {}
    if following.is_given_up:
        given_up = {
            "state": OfferImport.State.FAILED, "ended_at": now, "reason": following.explanation[:300],
        }  # fmt: skip
    OfferImport.objects.filter(pk=whole).update(
        cursor=following.cursor,
        read=following.listed,
        created=F("created") + stated.created,
        changed=F("changed") + stated.changed,
        ended=F("ended") + stated.ended,
        odd=F("odd") + stated.odd + len(page.odd),
        moved_at=now,
        **given_up,
    )


def _end_pass(claimed: _Claimed, following: Following, lease: datetime) -> None:
    """End what a whole pass did not show, unless that is suspiciously much, and let the catalogue rest."""
    ended = end_unseen(claimed.partner_id, since=claimed.since)
    wait = following.wait or timedelta(0)

    def close() -> None:
        now = database_now()
        fit = PartnerCursor.objects.filter(pk=claimed.id, claimed_until=lease)
        if not fit.update(claimed_until=None, next_at=now + wait):
            raise _ClaimLostError
        if ended is None:
            told = "More than a fifth of its offers were not listed any more. Settle this, and the next pass ends them."
            keep_odd([Odd(claimed.partner_id, ODD_KIND, "", Mistake.MANY_GONE.value, told)], now=now)
        OfferImport.objects.filter(pk=claimed.whole or 0).update(
            state=OfferImport.State.DONE,
            ended=F("ended") + (ended or 0),
            ended_at=now,
            reason="" if ended is not None else Mistake.MANY_GONE.value,
        )

    run(close)


def _fail(claimed: _Claimed, trouble: Trouble) -> None:
    """Come back later; people are told when it lasts, or when only they can help."""
    code = trouble.code if isinstance(trouble, NotDone) else "lost"
    failures = min(claimed.standing.failures + 1, 1_000)
    stated = trouble.retry_seconds if isinstance(trouble, NotDone) else None
    # A cursor that the platform does not know any more leads nowhere.
    is_lost = code == "turned_away" and bool(claimed.standing.cursor) and failures >= MOST_REPEATS
    wait = NOT_ABLE_WAIT if code == "not_able" else wait_after(failures, stated)

    def note() -> None:
        now = database_now()
        fit = PartnerCursor.objects.filter(pk=claimed.id, claimed_until=claimed.until)
        anew = {"cursor": "", "since": None} if is_lost else {}
        if not fit.update(claimed_until=None, failures=failures, next_at=now + wait, **anew):
            return
        if code == "unauthorised" or failures >= TOLD_AFTER:
            keep_odd([Odd(claimed.partner_id, ODD_KIND, "", code, trouble.reason)], now=now)
        if is_lost and claimed.whole is not None:
            OfferImport.objects.filter(pk=claimed.whole).update(
                state=OfferImport.State.FAILED, ended_at=now, reason=trouble.reason[:300]
            )

    run(note)


def _opened(partner_id: int) -> Gateway | None:
    try:
        return open_gateway(partner_id)
    except (KeyError, UnsealableError, Partner.DoesNotExist) as error:
        logger.warning("partner %s: its gateway cannot be opened: %s", partner_id, type(error).__name__)
        return None
