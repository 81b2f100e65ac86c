"""Tables of the plumbing: inbox, quarantine, outbox, webhooks, subscriptions, letters, audit trail."""

from django.db import models
from django.db.models import Q


class InboxEntry(models.Model):
    """One write from outside: its (source, key) is unique for ever, and `outcome` is what it was answered."""

    source_id = models.BigIntegerField()
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=32)
    fingerprint = models.CharField(max_length=32)
    outcome = models.TextField(null=True)  # noqa: DJ001 - null only inside the deciding transaction
    received_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "inbox entries"
        constraints = [models.UniqueConstraint(fields=["source_id", "key"], name="inbox_source_key")]


class QuarantineItem(models.Model):
    """A message that could not be booked, kept whole with the reason, to be mended, replayed or discarded."""

    class State(models.TextChoices):
        """Where the item stands."""

        OPEN = "open"
        REPLAYED = "replayed"
        DISCARDED = "discarded"
        SUPERSEDED = "superseded"

    kind = models.CharField(max_length=32)
    source_id = models.BigIntegerField()
    key = models.CharField(max_length=120, blank=True)
    place_code = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=32)
    reason = models.CharField(max_length=40)
    explanation = models.TextField()
    content = models.TextField()
    mended = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    note = models.TextField(blank=True)
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_id", "fingerprint", "reason"], name="quarantine_once"),
        ]
        indexes = [
            models.Index(fields=["source_id", "key"], condition=Q(state="open"), name="quarantine_open_key"),
            models.Index(fields=["state", "received_at"], name="quarantine_state"),
        ]


class Event(models.Model):
    """News, written in the transaction that made it; the relay gives it its public position after commit."""

    position = models.BigIntegerField(null=True, unique=True)
    event_id = models.UUIDField()
    type = models.CharField(max_length=48)
    subject = models.CharField(max_length=160)
    place_code = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    data = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(position__isnull=True), name="event_unnumbered")]


class Webhook(models.Model):
    """An address that events are delivered to; `types` empty means all; reads on from `position`.

    For a day after `rotated_at` the secret before the last one signs too.
    """

    id = models.UUIDField(primary_key=True)
    url = models.URLField(max_length=500)
    types = models.JSONField(default=list, blank=True)
    places = models.JSONField(default=list)
    source_id = models.BigIntegerField(null=True, blank=True)
    active = models.BooleanField(default=True)
    secret_version = models.IntegerField(default=1)
    rotated_at = models.DateTimeField(null=True, blank=True)
    position = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150, blank=True)


class Delivery(models.Model):
    """One event for one webhook; a failing one delays only its subject."""

    class State(models.TextChoices):
        """Where the delivery stands."""

        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE)
    event = models.ForeignKey(Event, on_delete=models.CASCADE)
    subject = models.CharField(max_length=160)
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="delivery_once")]
        indexes = [
            models.Index(
                fields=["webhook", "subject", "event"], condition=Q(state="pending"), name="delivery_pending_subject"
            ),
            models.Index(fields=["webhook", "next_attempt_at"], condition=Q(state="pending"), name="delivery_due_of"),
            models.Index(fields=["webhook"], condition=Q(state="dead"), name="delivery_dead"),
        ]


class SubscriptionCursor(models.Model):
    """How far one of our own subscriptions has come; one whose action calls the network is claimed for a while."""

    name = models.CharField(max_length=64, unique=True)
    position = models.BigIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        """Name the subscription."""
        return self.name


class ParkedEvent(models.Model):
    """An event that a subscription's action failed on: tried again for a while, then parked until somebody looks."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting"
        PARKED = "parked"
        DROPPED = "dropped"

    subscription = models.CharField(max_length=64)
    event = models.ForeignKey(Event, on_delete=models.PROTECT)
    position = models.BigIntegerField()
    type = models.CharField(max_length=48)
    subject = models.CharField(max_length=160)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    parked_at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "event"], name="parked_once")]
        indexes = [
            models.Index(
                fields=["subscription", "subject", "position"], condition=Q(state="waiting"), name="parked_waiting"
            ),
            models.Index(fields=["state", "parked_at"], name="parked_state"),
        ]


class Letter(models.Model):
    """A mail about one fact, to be sent once: `key` names the fact for ever, `subject` what it is about.

    It holds nothing of whoever gets it: what it says and where it goes is read when it is sent.
    """

    class State(models.TextChoices):
        """Where it stands; unneeded: whoever it was for has no address any more."""

        PENDING = "pending"
        SENT = "sent"
        UNNEEDED = "unneeded"
        DEAD = "dead"

    key = models.CharField(max_length=96, unique=True)
    kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=160)
    occurred_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="letter_due"),
            models.Index(fields=["subject", "id"], condition=Q(state="pending"), name="letter_subject"),
        ]


class TrailEntry(models.Model):
    """Who changed what, when: append-only."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=160)
    place_code = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "trail entries"
        indexes = [
            models.Index(fields=["target", "at"], name="trail_target"),
            models.Index(fields=["at"], name="trail_at"),
        ]
