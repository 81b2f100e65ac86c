"""What partners state that cannot be taken as it is: kept with its reason until somebody has looked."""

from django.db import models
from django.db.models import Q


class Oddity(models.Model):
    """Something odd of a partner's: `kind` what it is about, `reason` a code, `content` whole as it came.

    The same again counts up while it is open.
    """

    class State(models.TextChoices):
        """Whether somebody has looked."""

        OPEN = "open"
        SETTLED = "settled"

    partner = models.ForeignKey("partners.Partner", on_delete=models.CASCADE, db_index=False, db_constraint=False)
    kind = models.CharField(max_length=16)
    reference = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=40)
    explanation = models.CharField(max_length=500)
    content = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    times = models.IntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "oddities"
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "kind", "reference", "reason"], condition=Q(state="open"), name="oddity_open"
            )
        ]
        indexes = [models.Index(fields=["state", "last_at"], name="oddity_state")]


class ReceivedPush(models.Model):
    """A push that was signed as it should be, once by its key; what it speaks of is asked for by a worker."""

    partner = models.ForeignKey("partners.Partner", on_delete=models.CASCADE, db_index=False, db_constraint=False)
    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=12)
    reference = models.CharField(max_length=64)
    status = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    failures = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "received pushes"
        constraints = [models.UniqueConstraint(fields=["partner", "key"], name="receivedpush_key")]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="receivedpush_next"),
            models.Index(fields=["received_at"], name="receivedpush_received"),
        ]
