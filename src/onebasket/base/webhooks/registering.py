"""Which addresses get which events: registered, listed, given new secrets, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from onebasket.base import trail
from onebasket.base.models import Delivery, Event, Webhook
from onebasket.base.webhooks.addresses import UnfitAddressError, parse
from onebasket.base.webhooks.signing import secret_text
from onebasket.kernel.identity import new_id

EVERY_PLACE = "*"


class WebhookError(Exception):
    """The webhook cannot be registered; the message says why and what to do. Nothing was changed."""


class UnknownWebhookError(Exception):
    """There is no such webhook, or it belongs to another source; nothing was changed."""


@dataclass(frozen=True, slots=True)
class WebhookFacts:
    """A webhook as people see it: what waits for it, and what it could not be given."""

    id: UUID
    url: str
    types: tuple[str, ...]
    places: tuple[str, ...]
    source_id: int | None
    active: bool
    position: int
    created_at: datetime
    created_by: str
    pending: int
    dead: int


def register(
    url: str, *, types: Sequence[str], places: Sequence[str], actor: str, now: datetime, source_id: int | None = None
) -> tuple[UUID, str]:
    """Register an address for events from now on; return its id and its secret, which is shown this once.

    `types` as docs/api/events.md lists them, none meaning all. `places`: codes, `*` for every place and what belongs to
    none, and an empty code for what belongs to no place (products, prices).

    Raises:
        WebhookError: the address is unfit, or no place is named.
    """
    if not places:
        raise WebhookError("A webhook is bound to places: name their codes, or * for every place.")
    try:
        parse(url, private=settings.WEBHOOKS_PRIVATE)
    except UnfitAddressError as error:
        raise WebhookError(str(error)) from error
    identity = new_id()
    with transaction.atomic():
        webhook = Webhook.objects.create(
            id=identity,
            url=url,
            types=sorted(set(types)),
            places=[EVERY_PLACE] if EVERY_PLACE in places else sorted(set(places)),
            source_id=source_id,
            position=Event.objects.aggregate(last=Max("position"))["last"] or 0,
            created_at=now,
            created_by=actor,
        )
        detail = {"url": url, "types": webhook.types, "places": webhook.places}
        trail.note_change(actor, action="webhook.register", target=f"webhook/{identity}", at=now, detail=detail)
    return identity, secret_text(identity, webhook.secret_version)


def unregister(webhook_id: UUID, *, actor: str, now: datetime, source_id: int | None = None) -> None:
    """End a webhook; what still waited for it is dropped. Raises UnknownWebhookError."""
    with transaction.atomic():
        webhook = _lock(webhook_id, source_id)
        Delivery.objects.filter(webhook_id=webhook_id).delete()
        webhook.delete()
        trail.note_change(
            actor, action="webhook.unregister", target=f"webhook/{webhook_id}", at=now, detail={"url": webhook.url}
        )


def rotate_secret(webhook_id: UUID, *, actor: str, now: datetime, source_id: int | None = None) -> str:
    """Give a webhook a new secret, which signs from now on, and return it, this once. Raises UnknownWebhookError.

    The secret before it signs too for a day (`signing.OVERLAP`). Rotated twice, only the last two sign: that ends a
    secret that has leaked.
    """
    with transaction.atomic():
        webhook = _lock(webhook_id, source_id)
        webhook.secret_version += 1
        webhook.rotated_at = now
        webhook.save(update_fields=["secret_version", "rotated_at"])
        trail.note_change(actor, action="webhook.rotate", target=f"webhook/{webhook_id}", at=now)
    return secret_text(webhook_id, webhook.secret_version)


def set_webhook_active(
    webhook_id: UUID, *, active: bool, actor: str, now: datetime, source_id: int | None = None
) -> None:
    """Stop delivering to a webhook, or go on from where it stood. Raises UnknownWebhookError.

    What waits for it stays. While it is stopped it keeps no events from being pruned.
    """
    with transaction.atomic():
        webhook = _lock(webhook_id, source_id)
        if webhook.active == active:
            return
        webhook.active = active
        webhook.save(update_fields=["active"])
        action = "webhook.enable" if active else "webhook.disable"
        trail.note_change(actor, action=action, target=f"webhook/{webhook_id}", at=now)


def revive(webhook_id: UUID, *, actor: str, now: datetime, source_id: int | None = None) -> int:
    """Deliver a webhook's dead letters again, from the start of their attempts; return how many.

    Raises:
        UnknownWebhookError: there is no such webhook.
    """
    with transaction.atomic():
        _lock(webhook_id, source_id)
        dead = Delivery.objects.filter(webhook_id=webhook_id, state=Delivery.State.DEAD)
        count = dead.update(state=Delivery.State.PENDING, attempts=0, next_attempt_at=now, finished_at=None)
        trail.note_change(
            actor, action="webhook.revive", target=f"webhook/{webhook_id}", at=now, detail={"deliveries": count}
        )
    return count


def with_counts(webhooks: QuerySet[Webhook]) -> QuerySet[Any]:
    """Add to each webhook how many deliveries wait (`pending`), have failed so far (`failing`) or are `dead`.

    Each is counted apart, by an index of its own: what was delivered may be millions.
    """
    pending, dead = Q(state=Delivery.State.PENDING), Q(state=Delivery.State.DEAD)
    return webhooks.annotate(pending=_count(pending), failing=_count(pending & ~Q(last_error="")), dead=_count(dead))


def _count(which: Q) -> Coalesce:
    counted = (
        Delivery.objects.filter(which, webhook=OuterRef("pk")).order_by().values("webhook").annotate(n=Count("pk"))
    )
    return Coalesce(Subquery(counted.values("n")), 0)


def list_webhooks(*, source_id: int | None = None) -> list[WebhookFacts]:
    """Return the webhooks, oldest first; with a source only those that it registered."""
    found = Webhook.objects.all() if source_id is None else Webhook.objects.filter(source_id=source_id)
    counted = with_counts(found).order_by("created_at", "id")
    return [
        WebhookFacts(
            id=row.id,
            url=row.url,
            types=tuple(row.types),
            places=tuple(row.places),
            source_id=row.source_id,
            active=row.active,
            position=row.position,
            created_at=row.created_at,
            created_by=row.created_by,
            pending=row.pending,
            dead=row.dead,
        )
        for row in counted
    ]


def _lock(webhook_id: UUID, source_id: int | None) -> Webhook:
    webhook = Webhook.objects.select_for_update().filter(pk=webhook_id).first()
    if webhook is None or (source_id is not None and webhook.source_id != source_id):
        raise UnknownWebhookError(webhook_id)
    return webhook
