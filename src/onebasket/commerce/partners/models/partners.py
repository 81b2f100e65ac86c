"""Partners, what was agreed with them, and exchange rates."""

from django.db import models
from django.db.models import Q

from onebasket.commerce.partners.rules.partners import Merchant

MERCHANTS = [(one.value, one.value) for one in Merchant]


class Partner(models.Model):
    """Somebody whose goods we sell or refer to; `place` is the one of kind partner under which its parts are served.

    `credentials` (app key, secret, tokens) is sealed: base.sealing, purpose "partners.credentials".
    """

    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    gateway = models.CharField(max_length=32)
    endpoint = models.CharField(max_length=300, blank=True)
    currency = models.CharField(max_length=3)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    source_id = models.BigIntegerField(default=0)
    options = models.JSONField(default=dict, blank=True)
    credentials = models.TextField(blank=True, default="")
    tokens_until = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        """Name the partner as people know it."""
        return self.name


class Agreement(models.Model):
    """What holds with a partner from a day on; the newest that has begun and not ended holds."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, db_index=False)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    merchant = models.CharField(max_length=12, choices=MERCHANTS)
    refers = models.BooleanField(default=True)
    ships = models.BooleanField(default=True)
    counter_returns = models.BooleanField(default=True)
    markup = models.IntegerField(default=0)
    return_days = models.IntegerField()
    settlement_days = models.IntegerField()
    fresh_minutes = models.IntegerField()
    referral_days = models.IntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "starts_on"], name="agreement_start")]


class CommissionTerm(models.Model):
    """Commission on a category of an agreement, in parts per million; an empty category is every other one."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, db_index=False, related_name="terms")
    category = models.CharField(max_length=160, blank=True)
    rate = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "category"], name="commissionterm_category"),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=1_000_000), name="commissionterm_rate"),
        ]


class ExchangeRate(models.Model):
    """One major unit of `base` in billionths of one of `quote`, from an instant on; append-only."""

    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    billionths = models.BigIntegerField()
    valid_from = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base", "quote", "valid_from"], name="exchangerate_from"),
            models.CheckConstraint(condition=Q(billionths__gt=0), name="exchangerate_positive"),
        ]


class PartnerCursor(models.Model):
    """How far we have read what a partner lists: `kind` is what, `cursor` the partner's own word.

    `claimed_until` is while somebody reads; `next_at` when it is read again.
    """

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=16)
    cursor = models.TextField(blank=True, default="")
    since = models.DateTimeField(null=True, blank=True)
    failures = models.SmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "kind"], name="partnercursor_kind")]
