"""Fan-out: numbered events become deliveries, webhook by webhook, each from its own position on."""

from typing import Any
from uuid import UUID

from django.db import transaction

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.models import Delivery, Event, Webhook
from onebasket.base.webhooks.registering import EVERY_PLACE

AT_ONCE = 500
"""Positions read in one transaction, so that it stays short."""


def fan_out() -> int:
    """Turn the next events into deliveries for every webhook that is behind; return how many positions were read."""
    last = _last_position()
    behind = Webhook.objects.filter(active=True, position__lt=last).order_by("created_at", "id")
    return sum(_advance(webhook, min(last, webhook.position + AT_ONCE)) for webhook in behind)


def _last_position() -> int:
    return int(bulk.fetch("SELECT COALESCE(MAX(position), 0) FROM base_event")[0][0])


def _advance(webhook: Webhook, upto: int) -> int:
    """Move the cursor, guarded by where it stood, and insert in the order of positions: one worker wins."""
    with transaction.atomic():
        moved = Webhook.objects.filter(pk=webhook.pk, position=webhook.position, active=True).update(position=upto)
        if not moved:
            return 0
        _insert(webhook.pk, _wanted(webhook, upto))
    return upto - webhook.position


def _wanted(webhook: Webhook, upto: int) -> list[tuple[int, str]]:
    events = Event.objects.filter(position__gt=webhook.position, position__lte=upto)
    if webhook.types:
        events = events.filter(type__in=webhook.types)
    if EVERY_PLACE not in webhook.places:
        events = events.filter(place_code__in=webhook.places)
    return list(events.order_by("position").values_list("id", "subject"))


def _insert(webhook_id: UUID, events: list[tuple[int, str]]) -> None:
    now = database_now()
    pending = Delivery.State.PENDING.value
    rows: list[tuple[Any, ...]] = [(webhook_id, event, subject, pending, 0, now, "") for event, subject in events]
    bulk.insert(Delivery, ("webhook", "event", "subject", "state", "attempts", "next_attempt_at", "last_error"), rows)
