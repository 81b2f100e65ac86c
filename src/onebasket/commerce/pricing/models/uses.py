"""Tables of uses: who has used which promotion how often."""

from django.db import models
from django.db.models import F, Q


class Use(models.Model):
    """An order's use of a promotion, `times` over; `serial` is the digest of a single-use code.

    `counted` is how often the customer had used it with this one, `most` the limit that held then: the row itself
    proves that it was not above it.
    """

    order = models.UUIDField(db_column="order_id")
    code = models.CharField(max_length=64)
    serial = models.CharField(max_length=64, blank=True)
    loyalty_number = models.CharField(max_length=64, blank=True)
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
