"""Tables of the slots: plans, days on which other hours hold, slots, and who has taken them."""

from django.db import models
from django.db.models import F, Q

from onebasket.commerce.slots.rules.book import Standing


class Plan(models.Model):
    """That a place hands out by slots. Its row is locked while its windows change, and shared while slots are made."""

    place = models.OneToOneField("places.Place", on_delete=models.PROTECT)
    version = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()


class PlanException(models.Model):
    """A date on which the weekly plan of a place does not hold: its own windows do, and none means closed."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    date = models.DateField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "date"], name="planexception_date")]


class PlanWindow(models.Model):
    """When a place hands out on a weekday (0 is Monday), or on one date that is an exception."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    weekday = models.SmallIntegerField(null=True, blank=True)
    date = models.DateField(null=True, blank=True)
    from_minutes = models.IntegerField()
    to_minutes = models.IntegerField()
    slot_minutes = models.IntegerField()
    capacity = models.IntegerField()
    cutoff_minutes = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["place", "weekday", "from_minutes"],
                condition=Q(weekday__isnull=False),
                name="planwindow_weekday",
            ),
            models.UniqueConstraint(
                fields=["place", "date", "from_minutes"], condition=Q(date__isnull=False), name="planwindow_date"
            ),
            models.CheckConstraint(
                condition=Q(weekday__isnull=True, date__isnull=False)
                | Q(weekday__isnull=False, weekday__gte=0, weekday__lte=6, date__isnull=True),
                name="planwindow_weekday_or_date",
            ),
            models.CheckConstraint(
                condition=Q(from_minutes__gte=0, to_minutes__gt=F("from_minutes"), to_minutes__lte=1440),
                name="planwindow_times",
            ),
            models.CheckConstraint(
                condition=Q(slot_minutes__gt=0, capacity__gte=0, cutoff_minutes__gte=0), name="planwindow_figures"
            ),
        ]


class Slot(models.Model):
    """A slot that somebody has asked to take; its id says place and start (`rules.planning.slot_id`).

    Promises are taken before `cutoff_at`. `capacity` is as planned, or as much as is taken where the plan was cut.
    """

    id = models.BigIntegerField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    cutoff_at = models.DateTimeField()
    planned = models.IntegerField()
    capacity = models.IntegerField()
    taken = models.IntegerField(default=0)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "starts_at"], name="slot_start"),
            models.CheckConstraint(condition=Q(taken__gte=0), name="slot_taken"),
            models.CheckConstraint(condition=Q(taken__lte=F("capacity")), name="slot_room"),
            models.CheckConstraint(condition=Q(planned__gte=0), name="slot_planned"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), cutoff_at__lte=F("starts_at")), name="slot_times"
            ),
        ]


class SlotPromise(models.Model):
    """The one slot that a reference (a basket, then its order) holds or last held: one row for each reference."""

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    standing = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Standing])
    expires_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(standing=Standing.HELD.value, expires_at__isnull=False)
                | (~Q(standing=Standing.HELD.value) & Q(expires_at__isnull=True)),
                name="slotpromise_expiry",
            ),
        ]
        indexes = [
            models.Index(
                fields=["place", "slot"],
                condition=Q(standing__in=[Standing.HELD.value, Standing.FIRM.value]),
                name="slotpromise_active",
            ),
            models.Index(fields=["expires_at"], condition=Q(standing=Standing.HELD.value), name="slotpromise_expiring"),
        ]
