"""Promises: holds that expire, and the reservations of orders."""

from django.db import models
from django.db.models import Q


class Hold(models.Model):
    """A basket's promise at one place, which expires at `expires_at` (half-open, by the database's clock)."""

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT)
    channel = models.CharField(max_length=16)
    source_id = models.BigIntegerField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()


class HoldLine(models.Model):
    """The part of a hold that lies on one shelf. Released when an expired one is met on a locked shelf."""

    class State(models.TextChoices):
        """Where the line stands."""

        ACTIVE = "active"
        CONFIRMED = "confirmed"
        RELEASED = "released"
        EXPIRED = "expired"

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, db_index=False)
    number = models.IntegerField()
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, db_index=False)
    quantity = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "hold", "number"], name="holdline_number"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="holdline_quantity"),
        ]
        indexes = [
            models.Index(fields=["place", "product"], condition=Q(state="active"), name="holdline_active_shelf"),
            models.Index(fields=["expires_at"], condition=Q(state="active"), name="holdline_active_expiry"),
            models.Index(fields=["hold"], name="holdline_hold"),
        ]


class Reservation(models.Model):
    """An order line's promise on one shelf; `reference` is the order's id, `line` its line number."""

    class State(models.IntegerChoices):
        """Where the reservation stands."""

        OPEN = 1
        TAKEN = 2
        RELEASED = 3

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    quantity = models.BigIntegerField()
    state = models.SmallIntegerField(choices=State, default=State.OPEN)
    reference = models.UUIDField()
    line = models.IntegerField()
    placed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "reference", "line"], name="reservation_line"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_quantity"),
        ]
        indexes = [models.Index(fields=["place", "product"], condition=Q(state=1), name="reservation_open_shelf")]
