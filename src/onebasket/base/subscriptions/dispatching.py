"""The dispatcher: cursors that move on in the order of positions, one worker a subscription at a time."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction

from onebasket.base import bulk
from onebasket.base.bulk import GuardError
from onebasket.base.clock import database_now
from onebasket.base.committer import perform
from onebasket.base.instants import instant_parameter
from onebasket.base.models import ParkedEvent, SubscriptionCursor
from onebasket.base.subscriptions import parking
from onebasket.base.subscriptions.hearing import COLUMNS, Heard, heard

logger = logging.getLogger(__name__)

SCANNED = 200
"""Positions looked through in one transaction, so that it stays short: on SQLite the hot path waits for it."""
RETRIED = 20
CALLED = 20
"""Events that one turn gives to an action which calls the network."""
CLAIM = timedelta(seconds=120)
"""For so long nobody else takes a subscription whose worker was killed while it called."""

Act = Callable[[Sequence[Heard]], None]


@dataclass(frozen=True, slots=True)
class Subscription:
    """An action and the types of events that it is for; `name` is its cursor's for ever.

    `act` gets at most `at_once` events, in the order of positions. With `network` it gets them one at a time and
    outside any transaction. A subscription that is new begins with the oldest event that is kept.
    """

    name: str
    types: frozenset[str]
    act: Act
    network: bool = False
    at_once: int = 100


def dispatch(subscriptions: Iterable[Subscription]) -> int:
    """Give each subscription that is behind its next events; return how many positions and retries were done."""
    every = list(subscriptions)
    behind = _behind([one.name for one in every])
    return sum(_take_turn(one) for one in every if one.name in behind)


def _take_turn(subscription: Subscription) -> int:
    if subscription.network:
        return _call_turn(subscription)
    (done,) = perform(lambda _: [_turn(subscription)], [None])
    return int(done)


def _behind(names: Sequence[str]) -> set[str]:
    """Return the subscriptions that have something to do, in statements that take no lock."""
    ((last,),) = bulk.fetch("SELECT COALESCE(MAX(position), 0) FROM base_event")
    known: dict[str, int] = dict(bulk.fetch("SELECT name, position FROM base_subscriptioncursor"))
    waiting = ParkedEvent.objects.filter(state=ParkedEvent.State.WAITING, next_attempt_at__lte=database_now())
    due = set(waiting.order_by().values_list("subscription", flat=True).distinct())
    return {name for name in names if name in due or known.get(name, 0) < last}


def _turn(subscription: Subscription) -> int:
    """Run the next events in the transaction that moves the cursor."""
    with transaction.atomic():
        position = _lock_cursor(subscription.name)
        if position is None:
            return 0
        now = database_now()
        retried = _retry(subscription, now=now)
        upto = _upto(position)
        if upto > position:
            _run(subscription, _heard(subscription, position, upto), now=now)
            SubscriptionCursor.objects.filter(name=subscription.name).update(position=upto)
    return retried + upto - position


def _retry(subscription: Subscription, *, now: datetime) -> int:
    heads = parking.due_heads(subscription.name, now=now, limit=RETRIED)
    for event, attempts in heads:
        if reason := _try(subscription, [event]):
            parking.fail(subscription.name, event, attempts + 1, reason=reason, now=now)
        else:
            parking.forget(subscription.name, event)
    return len(heads)


def _run(subscription: Subscription, events: Sequence[Heard], *, now: datetime) -> None:
    """Run events together; where that fails one by one, so that only those which fail themselves wait."""
    held_back = parking.subjects_waiting(subscription.name, {event.subject for event in events})
    parking.queue(subscription.name, [event for event in events if event.subject in held_back], now=now)
    fit = [event for event in events if event.subject not in held_back]
    for start in range(0, len(fit), subscription.at_once):
        together = fit[start : start + subscription.at_once]
        if _try(subscription, together):
            _one_by_one(subscription, together, now=now)


def _one_by_one(subscription: Subscription, events: Sequence[Heard], *, now: datetime) -> None:
    failed: set[str] = set()
    for event in events:
        if event.subject in failed:
            parking.queue(subscription.name, [event], now=now)
        elif reason := _try(subscription, [event]):
            failed.add(event.subject)
            parking.queue(subscription.name, [event], now=now)
            parking.fail(subscription.name, event, 1, reason=reason, now=now)


def _try(subscription: Subscription, events: Sequence[Heard]) -> str:
    """Run the action and undo what it did where it fails; return the reason, or nothing. Lost races go through."""
    try:
        with transaction.atomic():
            subscription.act(events)
    except (OperationalError, InterfaceError, GuardError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever fails is this event's own, and kept with it
        return _words(subscription, events, error)
    return ""


def _call_turn(subscription: Subscription) -> int:
    """Run the next events of an action that calls the network, one at a time, outside any transaction."""
    if connection.in_atomic_block:
        raise RuntimeError("actions that call the network run outside any transaction")
    claim = _claim(subscription.name)
    if claim is None:
        return 0
    position, until = claim
    done = _retry_calls(subscription)
    upto = _upto(position)
    events = _heard(subscription, position, upto)
    if len(events) > CALLED:
        events, upto = events[:CALLED], events[CALLED - 1].position
    for event in events:
        _call(subscription, event)
        moved = _move(subscription.name, until, event.position)
        if moved is None:
            return done
        until = moved
    SubscriptionCursor.objects.filter(name=subscription.name, claimed_until=until).update(
        position=upto, claimed_until=None
    )
    return done + upto - position


def _call(subscription: Subscription, event: Heard) -> None:
    now = database_now()
    if parking.subjects_waiting(subscription.name, {event.subject}):
        parking.queue(subscription.name, [event], now=now)
    elif reason := _try_call(subscription, event):
        with transaction.atomic():
            parking.queue(subscription.name, [event], now=now)
            parking.fail(subscription.name, event, 1, reason=reason, now=now)


def _retry_calls(subscription: Subscription) -> int:
    heads = parking.due_heads(subscription.name, now=database_now(), limit=RETRIED)
    for event, attempts in heads:
        if reason := _try_call(subscription, event):
            parking.fail(subscription.name, event, attempts + 1, reason=reason, now=database_now())
        else:
            parking.forget(subscription.name, event)
    return len(heads)


def _try_call(subscription: Subscription, event: Heard) -> str:
    try:
        subscription.act([event])
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever fails is this event's own, and kept with it
        return _words(subscription, [event], error)
    return ""


def _words(subscription: Subscription, events: Sequence[Heard], error: Exception) -> str:
    if len(events) == 1:  # a batch is tried again one by one, which tells whose failure it is
        logger.warning("%s failed on %s", subscription.name, events[0].subject, exc_info=error)
    return f"{type(error).__name__}: {error}"


def _lock_cursor(name: str) -> int | None:
    """Lock a subscription's cursor until the transaction ends; None while another worker has it."""
    _make(name)
    skip = " FOR UPDATE SKIP LOCKED" if bulk.is_postgresql() else ""
    found = bulk.fetch(f"SELECT position FROM base_subscriptioncursor WHERE name = %s{skip}", [name])  # noqa: S608
    return int(found[0][0]) if found else None


def _claim(name: str) -> tuple[int, datetime] | None:
    """Claim a cursor for a while, so that no transaction is open while the network is waited for."""
    _make(name)
    now = database_now()
    until = now + CLAIM
    found = bulk.fetch(
        "UPDATE base_subscriptioncursor SET claimed_until = %s "
        "WHERE name = %s AND (claimed_until IS NULL OR claimed_until <= %s) RETURNING position",
        [instant_parameter(until), name, instant_parameter(now)],
    )
    return (int(found[0][0]), until) if found else None


def _move(name: str, until: datetime, position: int) -> datetime | None:
    """Move the cursor while the claim is ours and claim it anew; None once another has taken it."""
    later = database_now() + CLAIM
    mine = SubscriptionCursor.objects.filter(name=name, claimed_until=until)
    return later if mine.update(position=position, claimed_until=later) else None


def _make(name: str) -> None:
    if not SubscriptionCursor.objects.filter(name=name).exists():
        bulk.insert_missing(SubscriptionCursor, ("name", "position"), [(name, 0)], ("id",))


def _upto(position: int) -> int:
    """Return how far to look now: positions have no gaps, but the oldest events may have been deleted."""
    ((first, last),) = bulk.fetch("SELECT MIN(position), MAX(position) FROM base_event WHERE position > %s", [position])
    return position if last is None else min(int(last), int(first) - 1 + SCANNED)


def _heard(subscription: Subscription, after: int, upto: int) -> list[Heard]:
    sql = (
        f"SELECT {COLUMNS} FROM base_event e WHERE e.position > %s AND e.position <= %s "  # noqa: S608 - constants
        f"AND {bulk.in_list('e.type')} ORDER BY e.position"
    )
    return [heard(row) for row in bulk.fetch(sql, [after, upto, bulk.list_parameter(sorted(subscription.types))])]
