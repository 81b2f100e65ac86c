"""Delivery: claim what is due, commit, send, record. At least once; one at a time and in order within a subject."""

import json
import logging
import random
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
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
from onebasket.base.models import Delivery
from onebasket.base.webhooks.sending import Sent, send
from onebasket.base.webhooks.signing import secret_text, signed_headers, versions_that_sign

logger = logging.getLogger(__name__)

AT_ONCE = 32
GIVEN_UP_AFTER = 3
"""So many deliveries in a row that nobody answered end a webhook's turn: its host is down, and others wait."""

SENDERS = 8
_DUE_READ = 256


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


def deliver_due(policy: Policy = Policy()) -> int:
    """Send what is due, at most 32 and one of a subject; return how many were sent, well or not.

    No transaction is open while the network is waited for. What a webhook has answered wrongly is tried later, and
    holds back only what follows it in its own subject.
    """
    if transaction.get_connection().in_atomic_block:
        message = "deliveries are sent outside any transaction"
        raise RuntimeError(message)
    claimed = _claim(policy)
    if not claimed:
        return 0
    silent: Counter[UUID] = Counter()
    with ThreadPoolExecutor(max_workers=min(SENDERS, len(claimed)), thread_name_prefix="webhook") as pool:
        waiting = {pool.submit(_send, item, policy, silent): item for item in claimed}
        for future in as_completed(waiting):
            _record(waiting[future], future.result(), policy)
    return len(claimed)


def _claim(policy: Policy) -> list[_Claimed]:
    now = database_now()
    heads = _spread(_due_heads(now))
    if not heads:
        return []
    until = now + timedelta(seconds=policy.lease)
    claimed = bulk.fetch(
        "UPDATE base_delivery SET attempts = attempts + 1, next_attempt_at = %s "  # noqa: S608 - constants
        f"WHERE state = 'pending' AND next_attempt_at <= %s AND {bulk.in_list('id')} RETURNING id",
        [instant_parameter(until), instant_parameter(now), bulk.list_parameter(heads)],
    )
    rows = Delivery.objects.filter(pk__in=[identity for (identity,) in claimed]).select_related("webhook", "event")
    return [_claimed(row, until, now=now) for row in rows.order_by("id")]


def _due_heads(now: datetime) -> list[tuple[int, UUID]]:
    """Return (id, webhook) of due deliveries before which nothing of their subject is pending, longest due first."""
    earlier = Delivery.objects.filter(
        webhook=OuterRef("webhook"), subject=OuterRef("subject"), state=Delivery.State.PENDING, id__lt=OuterRef("id")
    )
    due = Delivery.objects.filter(
        ~Exists(earlier), state=Delivery.State.PENDING, next_attempt_at__lte=now, webhook__active=True
    )
    return list(due.order_by("next_attempt_at", "id").values_list("id", "webhook_id")[:_DUE_READ])


def _spread(heads: Iterable[tuple[int, UUID]]) -> list[int]:
    """Take turns between webhooks, so that one with a long queue does not starve the others."""
    queues: dict[UUID, list[int]] = {}
    for identity, webhook in heads:
        queues.setdefault(webhook, []).append(identity)
    chosen: list[int] = []
    while queues and len(chosen) < AT_ONCE:
        for webhook in list(queues):
            chosen.append(queues[webhook].pop(0))
            if not queues[webhook]:
                del queues[webhook]
    return sorted(chosen[:AT_ONCE])


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


def _send(item: _Claimed, policy: Policy, silent: Counter[UUID]) -> Sent | None:
    """Send one delivery; None when its turn came so late that its lease nearly is over, or its host is down."""
    at = datetime.now(UTC)
    if at + timedelta(seconds=2 * policy.timeout) > item.until or silent[item.webhook_id] >= GIVEN_UP_AFTER:
        return None
    secrets = [secret_text(item.webhook_id, version) for version in item.secret_versions]
    headers = signed_headers(secrets, item.message_id, at=at, body=item.body)
    sent = send(item.url, headers=headers, body=item.body, timeout=policy.timeout, private=settings.WEBHOOKS_PRIVATE)
    silent[item.webhook_id] = 0 if sent.reached else silent[item.webhook_id] + 1
    return sent


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
