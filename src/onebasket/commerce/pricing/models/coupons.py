"""Tables of campaigns and coupons: who is meant, how a coupon is presented, and which codes are good once."""

from django.db import models
from django.db.models import Q

MEDIA = [(1, "digital"), (2, "paper"), (3, "single_use")]


class Campaign(models.Model):
    """A version of a campaign: promotions whose audience names the segment `campaign:<code>` are for its households.

    A row is never changed but for `superseded_at`.
    """

    code = models.CharField(max_length=48)
    version = models.IntegerField()
    name = models.CharField(max_length=200)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=150)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="campaign_version"),
            models.UniqueConstraint(fields=["code"], condition=Q(superseded_at__isnull=True), name="campaign_stands"),
        ]

    def __str__(self) -> str:
        """Name the campaign as people know it."""
        return self.name


class CampaignHousehold(models.Model):
    """A household that a campaign is for, from when to when."""

    campaign_code = models.CharField(max_length=48)
    loyalty_number = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["loyalty_number", "campaign_code"],
                condition=Q(until__isnull=True),
                name="campaignhousehold_stands",
            ),
        ]
        indexes = [models.Index(fields=["campaign_code", "loyalty_number"], name="campaignhousehold_campaign")]


class Coupon(models.Model):
    """A version of how a coupon is presented; a promotion says by its code what it is worth.

    `digital`: applies by itself once it is on a customer's card. `paper`: its barcode is scanned or its code typed.
    `single_use`: each of its secret codes is good once.
    """

    code = models.CharField(max_length=64)
    version = models.IntegerField()
    medium = models.SmallIntegerField(choices=MEDIA)
    barcode = models.CharField(max_length=48, blank=True)
    active = models.BooleanField(default=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=150)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="coupon_version"),
            models.UniqueConstraint(fields=["code"], condition=Q(superseded_at__isnull=True), name="coupon_stands"),
        ]
        indexes = [models.Index(fields=["barcode"], condition=Q(superseded_at__isnull=True), name="coupon_barcode")]

    def __str__(self) -> str:
        """Name the coupon by its code."""
        return self.code


class CouponSerial(models.Model):
    """A single-use code, kept as its digest alone; `order` is what it was used for."""

    coupon_code = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    order = models.UUIDField(db_column="order_id", null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(order__isnull=True, used_at__isnull=True) | Q(order__isnull=False, used_at__isnull=False),
                name="couponserial_used",
            )
        ]
        indexes = [models.Index(fields=["coupon_code"], name="couponserial_coupon")]


class CouponClip(models.Model):
    """A digital coupon on a customer's card."""

    loyalty_number = models.CharField(max_length=64)
    coupon_code = models.CharField(max_length=64)
    clipped_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["loyalty_number", "coupon_code"], name="couponclip_once")]
