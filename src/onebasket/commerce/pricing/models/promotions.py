"""Tables of promotions and of what they are compiled under."""

from django.db import models
from django.db.models import Q

STATES = [(1, "draft"), (2, "live"), (3, "ended")]


class Revision(models.Model):
    """Promotions, coupons and taxes as one number, new with every change of them: processes compile under it."""

    token = models.BigIntegerField()


class Promotion(models.Model):
    """A version of a promotion: `terms` are its JSON in the pricing engine's shape.

    A row is never changed but for `superseded_at`. Of what stands, one row of a code at most is a draft and one at most
    is live or ended: a draft waits beside what is live until it goes live itself. Long lists of SKUs stand in SkuList.
    """

    code = models.CharField(max_length=64)
    version = models.IntegerField()
    name = models.CharField(max_length=200)
    state = models.SmallIntegerField(choices=STATES)
    kind = models.CharField(max_length=16)
    funder = models.CharField(max_length=16)
    coupon_code = models.CharField(max_length=64, blank=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    terms = models.TextField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=150)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="promotion_version"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(superseded_at__isnull=True, state=1), name="promotion_draft"
            ),
            models.UniqueConstraint(
                fields=["code"], condition=Q(superseded_at__isnull=True, state__in=(2, 3)), name="promotion_stands"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")), name="promotion_validity"
            ),
        ]
        indexes = [
            models.Index(fields=["coupon_code"], condition=Q(superseded_at__isnull=True), name="promotion_coupon")
        ]

    def __str__(self) -> str:
        """Name the promotion as people know it."""
        return self.name


class SkuList(models.Model):
    """SKUs that a promotion names, kept once for all promotions that name the same; never changed."""

    digest = models.CharField(max_length=32, unique=True)
    size = models.IntegerField()


class SkuListEntry(models.Model):
    """A product on a list."""

    sku_list = models.ForeignKey(SkuList, on_delete=models.PROTECT, db_index=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "sku_list"], name="skulistentry_product")]
        indexes = [models.Index(fields=["sku_list"], name="skulistentry_list")]


class Preview(models.Model):
    """What a promotion would have done to real receipts, as far as it is worked out.

    `after` is where the next part goes on (receipts are read latest first); `figures` are what was found so far, under
    the `token` of the promotions that it was worked out beside.
    """

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT)
    since = models.DateTimeField()
    until = models.DateTimeField()
    most = models.IntegerField()
    done = models.IntegerField(default=0)
    after = models.CharField(max_length=120, blank=True)
    token = models.BigIntegerField(default=0)
    figures = models.TextField(blank=True)
    version = models.IntegerField(default=0)
    begun_at = models.DateTimeField()
    begun_by = models.CharField(max_length=150)
    finished_at = models.DateTimeField(null=True, blank=True)
