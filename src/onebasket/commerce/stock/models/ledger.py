"""The append-only ledger of movements."""

from django.db import models
from django.db.models import F, Q

from onebasket.commerce.stock.rules.ends import KINDS, PARTIES, STATES


class Movement(models.Model):
    """A quantity that moved from `origin` to `target` at one place; never changed, never deleted.

    (place, entry, line, step) is unique: the inbox entry that caused it, its line there, and the step within the
    line (0 the movement itself, 1 and up the count corrections that came with it).
    """

    place = models.ForeignKey("places.Place", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    kind = models.SmallIntegerField(choices=KINDS)
    origin = models.SmallIntegerField(choices=STATES + PARTIES)
    target = models.SmallIntegerField(choices=STATES + PARTIES)
    quantity = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    booked_at = models.DateTimeField()
    entry_id = models.BigIntegerField()
    line = models.IntegerField()
    step = models.SmallIntegerField(default=0)
    reference = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "entry_id", "line", "step"], name="movement_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="movement_quantity"),
            models.CheckConstraint(condition=~Q(origin=F("target")), name="movement_ends"),
            models.CheckConstraint(condition=Q(origin__lte=4) | Q(target__lte=4), name="movement_touches_shelf"),
        ]
        # By time and not by product: a batch then writes at the end of each place's range, not all over the index.
        indexes = [models.Index(fields=["place", "occurred_at"], name="movement_time")]


class Count(models.Model):
    """What somebody counted on a shelf as of `occurred_at`; `difference` is what the ledger had to move for it."""

    place = models.ForeignKey("places.Place", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    state = models.SmallIntegerField(choices=STATES)
    quantity = models.BigIntegerField()
    difference = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    booked_at = models.DateTimeField()
    entry_id = models.BigIntegerField()
    line = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "entry_id", "line"], name="count_once")]
        indexes = [models.Index(fields=["place", "product", "state", "occurred_at"], name="count_shelf")]
