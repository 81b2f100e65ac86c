"""Events that an action failed on: tried again, each subject in its order, and parked after some failures."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from onebasket.base import bulk, trail
from onebasket.base.instants import instant_parameter
from onebasket.base.models import ParkedEvent
from onebasket.base.subscriptions.hearing import COLUMNS, Heard, heard

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 6
FIRST_WAIT = 2.0
"""Seconds after the first failure; each wait is three times the one before, so an event is parked after 4 minutes."""
LONGEST_REASON = 1_000

_NAMES = (
    "subscription", "event", "position", "type", "subject", "state", "attempts", "next_attempt_at", "reason",
    "parked_at", "note",
)  # fmt: skip
_HEADS = (
    f"SELECT {COLUMNS}, p.attempts FROM base_parkedevent p JOIN base_event e ON e.id = p.event_id "  # noqa: S608
    "WHERE p.subscription = %s AND p.state = 'waiting' AND p.next_attempt_at <= %s AND NOT EXISTS ("
    "SELECT 1 FROM base_parkedevent b WHERE b.subscription = p.subscription AND b.subject = p.subject "
    "AND b.state = 'waiting' AND b.position < p.position) ORDER BY p.position LIMIT %s"
)


class NotParkedError(Exception):
    """The event is not parked any more: somebody was faster."""


def queue(subscription: str, events: Sequence[Heard], *, now: datetime) -> None:
    """Let events wait to be tried, each behind what waits before it in its subject."""
    rows = [
        (subscription, event.row, event.position, event.type, event.subject, "waiting", 0, now, "", now, "")
        for event in events
    ]
    bulk.insert_missing(ParkedEvent, _NAMES, rows, ("id",))


def fail(subscription: str, event: Heard, attempts: int, *, reason: str, now: datetime) -> None:
    """Note a failure: the event is due again later, or parked after so many attempts."""
    parked = attempts >= MOST_ATTEMPTS
    ParkedEvent.objects.filter(subscription=subscription, event_id=event.row).update(
        state=ParkedEvent.State.PARKED if parked else ParkedEvent.State.WAITING,
        attempts=attempts,
        next_attempt_at=now + timedelta(seconds=FIRST_WAIT * 3 ** (attempts - 1)),
        reason=reason[:LONGEST_REASON].replace("\x00", "\\u0000"),
    )
    if parked:
        logger.error("%s: %s at position %s is parked: %s", subscription, event.type, event.position, reason)


def forget(subscription: str, event: Heard) -> None:
    """Strike out an event whose action has succeeded after all."""
    ParkedEvent.objects.filter(subscription=subscription, event_id=event.row).delete()


def due_heads(subscription: str, *, now: datetime, limit: int) -> list[tuple[Heard, int]]:
    """Return the events that are due and the first of their subject, with how often each has failed."""
    rows = bulk.fetch(_HEADS, [subscription, instant_parameter(now), limit])
    return [(heard(row[:-1]), row[-1]) for row in rows]


def subjects_waiting(subscription: str, subjects: Collection[str]) -> set[str]:
    """Return those of the subjects in which an event waits to be tried again."""
    if not subjects:
        return set()
    rows = bulk.fetch(
        "SELECT DISTINCT subject FROM base_parkedevent WHERE subscription = %s AND state = 'waiting' "  # noqa: S608
        f"AND {bulk.in_list('subject')}",
        [subscription, bulk.list_parameter(sorted(subjects))],
    )
    return {subject for (subject,) in rows}


def replay_parked(identity: int, *, actor: str, now: datetime) -> None:
    """Have a parked event tried again, with all its attempts before it. Raises NotParkedError."""
    with transaction.atomic():
        row = _lock(identity)
        row.state, row.attempts, row.next_attempt_at = ParkedEvent.State.WAITING, 0, now
        row.save(update_fields=["state", "attempts", "next_attempt_at"])
        _note(row, "replay", actor=actor, now=now)


def drop_parked(identity: int, *, note: str, actor: str, now: datetime) -> None:
    """Settle a parked event that needs no action, with a note. Raises NotParkedError."""
    with transaction.atomic():
        row = _lock(identity)
        row.state, row.note = ParkedEvent.State.DROPPED, note
        row.save(update_fields=["state", "note"])
        _note(row, "drop", actor=actor, now=now)


def _lock(identity: int) -> ParkedEvent:
    row = ParkedEvent.objects.select_for_update().filter(pk=identity, state=ParkedEvent.State.PARKED).first()
    if row is None:
        raise NotParkedError("This event is not parked any more. Look at it again.")
    return row


def _note(row: ParkedEvent, action: str, *, actor: str, now: datetime) -> None:
    detail = {"subscription": row.subscription, "position": row.position, "note": row.note}
    trail.note_change(actor, action=f"parked.{action}", target=f"parked/{row.pk}", at=now, detail=detail)
