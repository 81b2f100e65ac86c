"""Delivery: claim what is due, commit, send, record. At least once; one at a time and in order within a subject."""

import json
import logging
import random
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.cloudevents import envelope
from onebasket.base.instants import instant_parameter
from onebasket.base.models import Delivery, Webhook
from onebasket.base.webhooks.sending import Sent, send
from onebasket.base.webhooks.signing import secret_text, signed_headers, versions_that_sign

logger = logging.getLogger(__name__)

AT_ONCE = 32
LANES = 4
"""So many deliveries of one webhook are under way at once, so that one that hangs leaves the others their senders."""

SILENT_AFTER = 3
"""After so many deliveries in a row that nobody answered a webhook has one lane: its host is down, and only probed."""

_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Policy:
    """How hard a delivery is tried: seconds each, and after `attempts` failures it is dead.

    The wait trebles with every failure up to `longest_wait`, a fifth more or less, so that receivers that come back
    are not met by everybody at once. The defaults give up after about a day. `lease` is how long a claim keeps other
    workers away from a delivery whose worker was killed.
    """

    timeout: float = 10.0
    attempts: int = 12
    first_wait: float = 5.0
    longest_wait: float = 21_600.0
    lease: float = 120.0

    def wait(self, attempts: int) -> timedelta:
        """Return how long to wait after so many failed attempts."""
        seconds = min(self.longest_wait, self.first_wait * 3 ** (attempts - 1))
        return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, no secret


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A delivery that this worker alone may send until its lease is over."""

    id: int
    webhook_id: UUID
    subject: str
    attempts: int
    url: str
    secret_versions: tuple[int, ...]
    message_id: str
    body: str
    until: datetime


class Deliveries:
    """Deliveries under way, a few of each webhook. Used by one thread, which claims and records; others send.

    No transaction is open while the network is waited for. What a webhook has answered wrongly is tried later, and
    holds back only what follows it in its own subject.
    """

    def __init__(self, policy: Policy = Policy()) -> None:
        """Keep the policy; nothing is sent before a turn."""
        self._policy = policy
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self._under_way: dict[Future[Sent | None], _Claimed] = {}
        self._silent: Counter[UUID] = Counter()

    def turn(self) -> int:
        """Record what has come back and begin what is due, as far as there are lanes; return how many of both."""
        moved = self._record_done() + self.begin()
        if not moved and self._under_way:
            wait(self._under_way, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            moved = self._record_done()
        return moved

    def begin(self) -> int:
        """Claim what is due, at most one of a subject, and begin to send it; return how many."""
        if transaction.get_connection().in_atomic_block:
            raise RuntimeError("deliveries are sent outside any transaction")
        claimed = _claim(self._due_heads(database_now()), self._policy)
        for item in claimed:
            self._under_way[self._pool.submit(_send, item, self._policy)] = item
        return len(claimed)

    def end(self) -> None:
        """Wait for what is under way, at most twice its time-out, and record it."""
        self._pool.shutdown()
        self._record_done()

    def _record_done(self) -> int:
        done = [future for future in self._under_way if future.done()]
        for future in done:
            item, sent = self._under_way[future], future.result()
            _record(item, sent, self._policy)
            del self._under_way[future]
            if sent is not None:
                self._silent[item.webhook_id] = 0 if sent.reached else self._silent[item.webhook_id] + 1
        return len(done)

    def _due_heads(self, now: datetime) -> list[int]:
        """Return deliveries that are due and the first of their subject, for each webhook as many as it has lanes."""
        used = Counter(item.webhook_id for item in self._under_way.values())
        webhooks = list(Webhook.objects.filter(active=True).values_list("id", flat=True))
        random.shuffle(webhooks)  # or the last would wait where there are more than senders
        heads: list[int] = []
        for webhook in webhooks:
            lanes = 1 if self._silent[webhook] >= SILENT_AFTER else LANES
            free = min(lanes - used[webhook], AT_ONCE - len(self._under_way) - len(heads))
            if free > 0:
                heads += _heads_of(webhook, now, free)
        return heads


def _claim(heads: list[int], policy: Policy) -> list[_Claimed]:
    if not heads:
        return []
    now = database_now()
    until = now + timedelta(seconds=policy.lease)
    claimed = bulk.fetch(
        "UPDATE base_delivery SET attempts = attempts + 1, next_attempt_at = %s "  # noqa: S608 - constants
        f"WHERE state = 'pending' AND next_attempt_at <= %s AND {bulk.in_list('id')} RETURNING id",
        [instant_parameter(until), instant_parameter(now), bulk.list_parameter(sorted(heads))],
    )
    rows = Delivery.objects.filter(pk__in=[identity for (identity,) in claimed]).select_related("webhook", "event")
    return [_claimed(row, until, now=now) for row in rows.order_by("id")]


def _heads_of(webhook: UUID, now: datetime, limit: int) -> list[int]:
    """Return a webhook's deliveries that are due, longest due first, before which nothing of their subject is left."""
    earlier = Delivery.objects.filter(
        webhook=OuterRef("webhook"), subject=OuterRef("subject"), state=Delivery.State.PENDING, id__lt=OuterRef("id")
    )
    due = Delivery.objects.filter(
        ~Exists(earlier), webhook=webhook, state=Delivery.State.PENDING, next_attempt_at__lte=now
    )
    return list(due.order_by("next_attempt_at", "id").values_list("id", flat=True)[:limit])


def _claimed(row: Delivery, until: datetime, *, now: datetime) -> _Claimed:
    return _Claimed(
        id=row.pk,
        webhook_id=row.webhook_id,
        subject=row.subject,
        attempts=row.attempts,
        url=row.webhook.url,
        secret_versions=versions_that_sign(row.webhook.secret_version, row.webhook.rotated_at, now=now),
        message_id=str(row.event.event_id),
        body=json.dumps(envelope(row.event), separators=(",", ":")),
        until=until,
    )


def _send(item: _Claimed, policy: Policy) -> Sent | None:
    """Send one delivery; None when its turn came so late that its lease is nearly over."""
    at = datetime.now(UTC)
    if at + timedelta(seconds=2 * policy.timeout) > item.until:
        return None
    secrets = [secret_text(item.webhook_id, version) for version in item.secret_versions]
    headers = signed_headers(secrets, item.message_id, at=at, body=item.body)
    return send(item.url, headers=headers, body=item.body, timeout=policy.timeout, private=settings.WEBHOOKS_PRIVATE)


def _record(item: _Claimed, sent: Sent | None, policy: Policy) -> None:
    now = database_now()
    with transaction.atomic():
        # Guarded by the attempt: after its lease another worker's word counts.
        own = Delivery.objects.filter(pk=item.id, state=Delivery.State.PENDING, attempts=item.attempts)
        if sent is None:
            own.update(attempts=item.attempts - 1, next_attempt_at=now + timedelta(seconds=policy.first_wait))
        elif not sent.error:
            own.update(state=Delivery.State.DELIVERED, finished_at=now, last_error="")
            _move_followers(item, now, only_if=item.attempts > 1)
        elif item.attempts >= policy.attempts:
            own.update(state=Delivery.State.DEAD, finished_at=now, last_error=sent.error)
            logger.warning("webhook %s: delivery %s is dead: %s", item.webhook_id, item.id, sent.error)
            _move_followers(item, now, only_if=True)
        else:
            later = now + policy.wait(item.attempts)
            own.update(next_attempt_at=later, last_error=sent.error)
            _move_followers(item, later, only_if=True)


def _move_followers(item: _Claimed, at: datetime, *, only_if: bool) -> None:
    """Let what waits behind in the subject come due with it, so that it is not looked at in vain all the while."""
    if only_if:
        Delivery.objects.filter(
            webhook_id=item.webhook_id, subject=item.subject, state=Delivery.State.PENDING, id__gt=item.id
        ).update(next_attempt_at=at)
