"""Commission that partners state: every line as it stands, and every statement that changed it, append-only."""

from django.db import models
from django.db.models import Q


class CommissionLine(models.Model):
    """A line of a partner's by its own key, as it stands: `commission` is what is due on it now, in minor units.

    `referral_id` or `part_id` say whose it is and `attribution` why; `expected` is what our agreement comes to on the
    same amount, `entries` how many statements made the line what it is, `fingerprint` of what the last of them said.
    """

    partner = models.ForeignKey("partners.Partner", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    key = models.CharField(max_length=64)
    order_key = models.CharField(max_length=64, blank=True)
    referral_id = models.UUIDField(null=True, blank=True)
    part_id = models.UUIDField(null=True, blank=True)
    attribution = models.CharField(max_length=24, blank=True)
    offer_reference = models.CharField(max_length=64, blank=True)
    category = models.CharField(max_length=200, blank=True)
    standing = models.CharField(max_length=12)
    status = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    commission = models.BigIntegerField()
    expected = models.BigIntegerField(null=True, blank=True)
    rate = models.IntegerField(null=True, blank=True)
    entries = models.IntegerField(default=1)
    fingerprint = models.BigIntegerField(default=0)
    bought_at = models.DateTimeField(null=True, blank=True)
    stated_at = models.DateTimeField(null=True, blank=True)
    booked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "key"], name="commissionline_key")]
        indexes = [
            models.Index(fields=["referral_id"], condition=Q(referral_id__isnull=False), name="commission_referral"),
            models.Index(fields=["part_id"], condition=Q(part_id__isnull=False), name="commission_part"),
            models.Index(fields=["booked_at"], name="commission_booked"),
        ]


class CommissionEntry(models.Model):
    """One statement about a line, as it came: the sum of `change` over a line's entries is its commission."""

    partner_id = models.BigIntegerField()
    key = models.CharField(max_length=64)
    number = models.IntegerField()
    kind = models.CharField(max_length=12)
    status = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    change = models.BigIntegerField()
    rate = models.IntegerField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    stated_at = models.DateTimeField(null=True, blank=True)
    booked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "commission entries"
        constraints = [models.UniqueConstraint(fields=["partner_id", "key", "number"], name="commissionentry_number")]
        indexes = [models.Index(fields=["booked_at"], name="commissionentry_booked")]
