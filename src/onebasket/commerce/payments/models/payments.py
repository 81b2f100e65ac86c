"""Payments, the calls made for them, and refunds."""

from django.db import models
from django.db.models import F, Q

from onebasket.commerce.payments.rules.life import BALANCES, Goal, Method, RefundStatus, Status
from onebasket.commerce.payments.rules.port import Operation

METHODS = [(method.value, method.value.replace("_", " ")) for method in Method]
STATUSES = [(status.value, status.value) for status in Status]
GOALS = [(goal.value, goal.value) for goal in Goal]
REFUND_STATUSES = [(status.value, status.value) for status in RefundStatus]
OPERATIONS = [(operation.value, operation.value) for operation in Operation]


class Payment(models.Model):
    """A tender of an order: `amount` as opened, `due` as things stand; `number` counts within the order.

    `next_at` is when a card payment is to be looked at by a worker; while its provider is asked it lies ahead.
    """

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    order_id = models.UUIDField()
    number = models.SmallIntegerField()
    method = models.CharField(max_length=16, choices=METHODS)
    status = models.CharField(max_length=12, choices=STATUSES)
    goal = models.CharField(max_length=8, choices=GOALS, blank=True)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    due = models.BigIntegerField()
    authorised = models.BigIntegerField(default=0)
    captured = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    account_id = models.BigIntegerField(null=True, blank=True)
    reference = models.CharField(max_length=64, blank=True)
    label = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=60, blank=True)
    tries = models.SmallIntegerField(default=0)
    failures = models.SmallIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            # The order leads: payments are found by their order, and this is the index for it.
            models.UniqueConstraint(fields=["order_id", "place", "number"], name="payment_number"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount"),
            models.CheckConstraint(condition=Q(due__gte=0, due__lte=F("amount")), name="payment_due"),
            models.CheckConstraint(
                condition=Q(authorised__gte=0, authorised__lte=F("amount")), name="payment_authorised"
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=0, captured__lte=F("authorised")), name="payment_captured"
            ),
            models.CheckConstraint(condition=Q(refunded__gte=0, refunded__lte=F("captured")), name="payment_refunded"),
            models.CheckConstraint(condition=Q(captured=0) | Q(status=Status.CAPTURED), name="payment_captured_status"),
            models.CheckConstraint(
                condition=Q(account_id__isnull=False, method__in=sorted(BALANCES))
                | (Q(account_id__isnull=True) & ~Q(method__in=sorted(BALANCES))),
                name="payment_account",
            ),
        ]
        indexes = [
            models.Index(fields=["opened_at"], name="payment_opened"),
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="payment_next"),
            models.Index(fields=["account_id"], condition=Q(account_id__isnull=False), name="payment_of_account"),
        ]


class Attempt(models.Model):
    """A call to a card's provider: written down before it is made, with its key, and its result after.

    An empty `result` is a call under way, or one whose process was killed. `part` is the refund that it was for,
    `request` the source and key of who asked for an authorisation.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, db_constraint=False)
    part = models.UUIDField(null=True, blank=True)
    operation = models.CharField(max_length=12, choices=OPERATIONS)
    reference = models.CharField(max_length=64)
    key = models.CharField(max_length=120, blank=True)
    request = models.CharField(max_length=160, blank=True)
    amount = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=16, blank=True)
    detail = models.CharField(max_length=300, blank=True)


class Refund(models.Model):
    """An amount of an order given back; (source, key) is unique for ever."""

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    order_id = models.UUIDField(db_index=True)
    source_id = models.BigIntegerField()
    key = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=32)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=150, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_id", "key"], name="refund_source_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount"),
        ]
        indexes = [models.Index(fields=["made_at"], name="refund_made")]


class RefundPart(models.Model):
    """What one tender gets back; `is_lowered` where a card was captured for less instead."""

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, db_constraint=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, db_constraint=False)
    amount = models.BigIntegerField()
    is_lowered = models.BooleanField(default=False)
    status = models.CharField(max_length=12, choices=REFUND_STATUSES)
    failures = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "payment"], name="refundpart_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refundpart_amount"),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="refundpart_next")]
