"""Catalogue files, batch by batch: how far a file came is committed with what it stated, so a kill loses nothing."""

from datetime import datetime

import msgspec
from django.db.models import F

from onebasket.base import bulk
from onebasket.base.instants import instant_parameter
from onebasket.commerce.partners.actions.importing import Prepared, Stated, end_offers, write_offers
from onebasket.commerce.partners.models import OfferImport

ENDED_A_BATCH = 2_000
_STATED = ("created", "changed", "ended", "odd")
_COUNTS = ("read", *_STATED, "nameless")


class TakenError(Exception):
    """Somebody else loads the same file just now."""


class Import(msgspec.Struct):
    """A file's import: what was read of it, and what came of that, over all its runs.

    `nameless` of its odd entries did not say which offer they are: any that it does not list may be among them.
    """

    id: int
    partner_id: int
    started_at: datetime
    read: int = 0
    created: int = 0
    changed: int = 0
    ended: int = 0
    odd: int = 0
    nameless: int = 0
    resumed: bool = False


class Loaded(msgspec.Struct, frozen=True):
    """The same file was loaded before; `newer`: another one has been since."""

    ended_at: datetime
    newer: bool


class Unlisted(msgspec.Struct, frozen=True):
    """How many offers a whole file did not list, of how many that the partner had."""

    unlisted: int
    of: int

    @property
    def share(self) -> float:
        """Return the part that would end."""
        return self.unlisted / self.of if self.of else 0.0


def begin_import(
    partner_id: int, name: str, digest: str, *, whole: bool, again: bool = False, now: datetime
) -> Import | Loaded:
    """Begin a file, or go on with it where its last commit stood; Loaded where it was taken in whole before.

    `again` takes a file in from its beginning, whatever came of it before: it then states its offers anew.
    """
    rows = OfferImport.objects.filter(partner_id=partner_id).order_by("-pk")
    found = rows.filter(digest=digest).first()
    done = OfferImport.State.DONE
    if found is not None and found.state == done and not again:
        newer = rows.filter(pk__gt=found.pk, state=done).exclude(digest__in=("", digest)).exists()
        return Loaded(found.ended_at or found.moved_at, newer)
    if found is None or again:
        found = OfferImport.objects.create(
            partner_id=partner_id, name=name[:200], digest=digest, whole=whole, started_at=now, moved_at=now
        )
    else:
        OfferImport.objects.filter(pk=found.pk).update(
            state=OfferImport.State.RUNNING, whole=whole, reason="", moved_at=now, ended_at=None
        )
    counts = {one: getattr(found, one) for one in _COUNTS}
    return Import(found.pk, partner_id, found.started_at, **counts, resumed=found.read > 0)


def take_in(under_way: Import, prepared: Prepared, count: int, *, now: datetime) -> Stated:
    """Take in the next `count` entries of a file, and note in the same transaction that they were read.

    Raises:
        TakenError: somebody else has gone on with the file.
    """
    with bulk.batch():
        stated = write_offers(under_way.partner_id, prepared, now=now)
        fit = OfferImport.objects.filter(pk=under_way.id, read=under_way.read, state=OfferImport.State.RUNNING)
        moved = fit.update(
            read=F("read") + count,
            created=F("created") + stated.created,
            changed=F("changed") + stated.changed,
            ended=F("ended") + stated.ended,
            odd=F("odd") + stated.odd,
            nameless=F("nameless") + prepared.nameless,
            cursor=str(under_way.read + count),
            moved_at=now,
        )
        if not moved:
            raise TakenError(under_way.id)
    under_way.read += count
    under_way.nameless += prepared.nameless
    for name in _STATED:
        setattr(under_way, name, getattr(under_way, name) + getattr(stated, name))
    return stated


def count_unlisted(under_way: Import, *, stated_at: datetime) -> Unlisted:
    """Return how many of the partner's offers nobody has listed since a file was begun, or stated since it was written.

    One statement.
    """
    sql = (
        "SELECT COUNT(*), COALESCE(SUM(CASE WHEN seen_at < %s AND stated_at <= %s THEN 1 ELSE 0 END), 0)"
        " FROM partners_offer WHERE partner_id = %s AND gone = %s"
    )
    since = [instant_parameter(under_way.started_at), instant_parameter(stated_at)]
    ((of, unlisted),) = bulk.fetch(sql, [*since, under_way.partner_id, False])
    return Unlisted(int(unlisted), int(of))


def end_unlisted(
    under_way: Import, *, stated_at: datetime, after: int, now: datetime, most: int = ENDED_A_BATCH
) -> int | None:
    """Mark the next offers that a whole file did not list as gone; return the last one's id, None when all are.

    They are gone as of when the file was written, so that a later one may list them again.
    """
    # The sum keeps the database from going by partner: it would sort all of the partner's offers for each batch.
    sql = (
        "SELECT id FROM partners_offer WHERE partner_id + 0 = %s AND gone = %s AND seen_at < %s AND stated_at <= %s"
        " AND id > %s ORDER BY id LIMIT %s"
    )
    since, stated_at = under_way.started_at, min(stated_at, now)
    instants = [instant_parameter(since), instant_parameter(stated_at)]
    rows = bulk.fetch(sql, [under_way.partner_id, False, *instants, after, most])
    if not rows:
        return None
    ids = [identity for (identity,) in rows]
    with bulk.batch():
        ended = end_offers(ids, unseen_since=since, stated_at=stated_at, now=now)
        OfferImport.objects.filter(pk=under_way.id).update(ended=F("ended") + ended, moved_at=now)
    under_way.ended += ended
    return int(ids[-1])


def close_import(under_way: Import, *, reason: str = "", now: datetime) -> None:
    """Note that a file was taken in to its end, or with a reason that it was not."""
    state = OfferImport.State.FAILED if reason else OfferImport.State.DONE
    OfferImport.objects.filter(pk=under_way.id).update(state=state, reason=reason[:300], moved_at=now, ended_at=now)
