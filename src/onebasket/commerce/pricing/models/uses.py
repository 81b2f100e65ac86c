"""Tables of uses: who has used which promotion how often."""

from django.db import models
from django.db.models import F, Q


class Use(models.Model):
    """An order's or a till's receipt's use of a promotion, `times` over; `serial` is the digest of a single-use code.

    `counted` is how often the customer had used it with this one, `most` the limit that held then: the row itself
    proves that it was not above it. A till's use is a fact: beyond the limit it counts without one (see Overuse).
    `receipt` is the receipt's id; `order` then is what stands for it (`rules.uses.user_of_receipt`).
    """

    order = models.UUIDField(db_column="order_id")
    code = models.CharField(max_length=64)
    serial = models.CharField(max_length=64, blank=True)
    loyalty_number = models.CharField(max_length=64, blank=True)
    receipt = models.BigIntegerField(null=True, blank=True)
    times = models.IntegerField()
    counted = models.BigIntegerField()
    most = models.IntegerField(null=True, blank=True)
    claimed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "code", "serial"], condition=Q(released_at__isnull=True), name="use_once"
            ),
            models.UniqueConstraint(
                fields=["serial", "code"], condition=~Q(serial="") & Q(released_at__isnull=True), name="use_serial_once"
            ),
            models.CheckConstraint(
                condition=Q(times__gt=0) & (Q(most__isnull=True) | Q(counted__lte=F("most"))), name="use_within"
            ),
        ]
        indexes = [
            models.Index(fields=["loyalty_number", "code"], name="use_customer"),
            models.Index(fields=["serial"], condition=~Q(serial=""), name="use_serial"),
            models.Index(fields=["receipt"], condition=Q(receipt__isnull=False), name="use_receipt"),
        ]


class UseCount(models.Model):
    """How often a customer has used a promotion: what claims are counted under, one lock for each."""

    loyalty_number = models.CharField(max_length=64)
    code = models.CharField(max_length=64)
    times = models.BigIntegerField()
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loyalty_number", "code"], name="usecount_customer"),
            models.CheckConstraint(condition=Q(times__gte=0), name="usecount_times"),
        ]


class Overuse(models.Model):
    """A till's use that may not have been: it counts, and waits for somebody to look at it.

    `counted` of `most`: how often the customer has used it with this one, and how often anybody may.
    """

    class Reason(models.TextChoices):
        """What is wrong with it."""

        LIMIT = "limit"
        USED = "used"
        UNKNOWN = "unknown"

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    receipt = models.BigIntegerField()
    code = models.CharField(max_length=64)
    reason = models.CharField(max_length=8, choices=Reason)
    loyalty_number = models.CharField(max_length=64, blank=True)
    times = models.IntegerField()
    counted = models.BigIntegerField()
    most = models.IntegerField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    noted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "receipt", "code"], name="overuse_once")]
        indexes = [models.Index(fields=["closed_at", "opened_at"], name="overuse_open")]
