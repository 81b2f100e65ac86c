"""Journalise receipts: post the entry of each that counts, in batches, behind the bookings and apart from them.

Receipts are found by their events, in order of position, so that none is passed over; the cursor moves in the
transaction that posts, so that none is lost or posted twice when the worker is killed.
"""

import logging
import time
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.commerce.books.actions import restate_entries
from onebasket.commerce.books.queries.points import earning_rules
from onebasket.commerce.books.queries.standing import known_facts, standing_entries
from onebasket.commerce.books.rules.entries import Entry, fault
from onebasket.commerce.books.rules.points import rule_on
from onebasket.commerce.sales.locking import ONLY, lock_cursor
from onebasket.commerce.sales.models import JournalCursor
from onebasket.commerce.sales.queries.journal import (
    LOOKED_THROUGH,
    Head,
    empty_voids_of,
    heads_of,
    news_after,
    read_whole,
    undone_by,
)
from onebasket.commerce.sales.rules.journal import Cursor, fact_of, receipt_entry, void_entry

logger = logging.getLogger(__name__)

SQLITE_AT_ONCE = 100
"""Keeps the transaction well under 50 ms, because the hot path waits for it."""

POSTGRESQL_AT_ONCE = 1_000
OTHERS_SECONDS = 0.01
"""How long whoever journalises to the end waits for another who is at it."""

POURING = 200
"""Receipts a second at which bookings are left the machine: the journal then does one batch a rest."""


class _Step(NamedTuple):
    """What a turn has looked at, what of it is to be journalised, and where the cursor stands after it."""

    after: Cursor
    looked: int = 0
    ids: tuple[int, ...] = ()
    is_to_keep: bool = False


class Journalising:
    """The worker's job: a batch a turn, as long as receipts wait."""

    def __init__(self) -> None:
        """Begin where the cursor stands."""
        self._looked = 0
        self._newest, self._at = 0, 0.0

    def turn(self) -> int:
        """Journalise a batch; return how many receipts it looked at, 0 to be given a rest."""
        done = self.batch()
        return 0 if self._is_pouring_in() else done

    def finish(self) -> int:
        """Journalise until nothing waits; return how many receipts were looked at."""
        total = 0
        while self._has_work():
            done = self.batch()
            total += done
            if not done:
                time.sleep(OTHERS_SECONDS)
        return total

    def batch(self) -> int:
        """Journalise a batch, whoever else may be busy; return how much it looked at."""
        if not self._has_work():
            return 0
        limit = POSTGRESQL_AT_ONCE if bulk.is_postgresql() else SQLITE_AT_ONCE
        with transaction.atomic():
            cursor = lock_cursor()
            if cursor is None:
                return 0
            begins = max(cursor.position, self._looked)
            step = _next_step(cursor._replace(position=begins), limit)
            if step.ids:
                journalise(step.ids, now=database_now())
            # Events of other kinds are passed over in memory: an idle journal writes nothing.
            if step.looked or step.is_to_keep or step.after.position - cursor.position >= LOOKED_THROUGH:
                JournalCursor.objects.filter(pk=ONLY).update(**step.after._asdict())
        self._looked = step.after.position
        return step.looked or int(self._looked - begins >= LOOKED_THROUGH)

    def _has_work(self) -> bool:
        """Look, without a lock, whether there is anything to do."""
        row = JournalCursor.objects.filter(pk=ONLY).values_list("position", "swept", "sweep_to").first()
        if row is None:
            JournalCursor.objects.get_or_create(pk=ONLY, defaults=_sweep()._asdict())
            return True
        cursor = Cursor(*row)
        ((newest,),) = bulk.fetch("SELECT MAX(position) FROM base_event")
        return cursor.is_sweeping or (newest or 0) > max(cursor.position, self._looked)

    def _is_pouring_in(self) -> bool:
        """Whether so many receipts are being booked that the journal should stand back."""
        newest, now = bulk.fetch("SELECT COALESCE(MAX(id), 0) FROM sales_receipt")[0][0], time.monotonic()
        grown, seconds = newest - self._newest, now - self._at
        is_first, self._newest, self._at = not self._newest, newest, now
        return not is_first and grown > POURING * seconds


def journalise_all() -> int:
    """Journalise all that waits; return how many receipts were looked at. For after a load."""
    return Journalising().finish()


def _sweep() -> Cursor:
    """Let all receipts that there are be swept by id; those to come are found by their events."""
    # The position first: what is booked between the two is then met twice, and not never.
    ((position,),) = bulk.fetch("SELECT COALESCE(MAX(position), 0) FROM base_event")
    ((newest,),) = bulk.fetch("SELECT COALESCE(MAX(id), 0) FROM sales_receipt")
    return Cursor(position, 0, newest)


def _next_step(cursor: Cursor, limit: int) -> _Step:
    if cursor.is_sweeping:
        sql = "SELECT id FROM sales_receipt WHERE id > %s AND id <= %s ORDER BY id LIMIT %s"
        ids = tuple(identity for (identity,) in bulk.fetch(sql, [cursor.swept, cursor.sweep_to, limit]))
        swept = ids[-1] if len(ids) == limit else cursor.sweep_to
        return _Step(cursor._replace(swept=swept), len(ids), _not_yet_known(ids), is_to_keep=True)
    news = news_after(cursor.position, limit)
    if news is None:
        return _Step(_sweep(), 1, is_to_keep=True)
    looked, ids = len(news.booked) + len(news.mended), (*_not_yet_known(news.booked), *news.mended)
    return _Step(cursor._replace(position=news.position), looked, ids)


def _not_yet_known(ids: Collection[int]) -> tuple[int, ...]:
    """Leave out what a sweep met before its event came; whatever changes later has an event of its own."""
    known = known_facts(fact_of(identity) for identity in ids)
    return tuple(identity for identity in ids if fact_of(identity) not in known)


def journalise(ids: Collection[int], *, now: datetime) -> None:
    """Post the entries of receipts, and of voids that undo any of them, in the present transaction; safe to repeat.

    A void without lines takes back what stands of its original and of the voids with lines that named it, so all of
    these are posted first.
    """
    heads = heads_of(ids)
    voided = [head.printed for head in heads.values() if head.voided]
    heads |= heads_of(set(empty_voids_of(voided)) - heads.keys()) if voided else {}
    undoing = {head.id: undone_by(head.undoes) for head in heads.values() if head.is_empty_void}
    missing = {identity for undone in undoing.values() for identity in undone} - heads.keys()
    heads |= heads_of(missing) if missing else {}
    _post_lined([head for head in heads.values() if head.counts and head.id not in undoing], now=now)
    if undoing:
        _post_voids(undoing, heads, now=now)


def _post_lined(heads: Collection[Head], *, now: datetime) -> None:
    rules = earning_rules()
    entries = [
        receipt_entry(receipt, rule_on(rules, receipt.currency, receipt.business_day) if rules else None)
        for receipt in read_whole(heads)
    ]
    restate_entries(_fit(entries), now=now)


def _post_voids(undoing: dict[int, list[int]], heads: dict[int, Head], *, now: datetime) -> None:
    facts = {fact_of(identity) for undone in undoing.values() for identity in undone}
    standing = {key.fact: found.lines for key, found in standing_entries(facts).items()}
    voids = read_whole([heads[identity] for identity in undoing])
    entries = [
        void_entry(void, [line for one in undoing[void.id] for line in standing.get(fact_of(one), ())])
        for void in voids
    ]  # fmt: skip
    restate_entries(_fit(entries), now=now)


def _fit(entries: Iterable[Entry]) -> list[Entry]:
    """Leave out what cannot be posted, loudly: nothing, by our rules; but one receipt must not stop all others."""
    fit: list[Entry] = []
    for entry in entries:
        if said := fault(entry):
            logger.error("a receipt cannot be journalised: %s", said)
        else:
            fit.append(entry)
    return fit
