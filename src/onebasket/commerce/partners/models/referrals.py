"""Shoppers handed to a partner's site: what was shown, clicked and bought."""

from django.db import models
from django.db.models import Q


class Referral(models.Model):
    """A click on its way: `click` is the opaque id that the partner is given, and knows nothing of the shopper.

    `ticket` is what the link bore (unique: the same link twice is one referral). `place`, `associate` and `channel` are
    credited. `target` is where it led. `order_key` and what was bought come with the partner's statements.
    """

    id = models.UUIDField(primary_key=True)
    partner = models.ForeignKey("partners.Partner", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    offer_id = models.BigIntegerField(null=True, blank=True)
    click = models.CharField(max_length=40, unique=True)
    ticket = models.CharField(max_length=40, unique=True)
    channel = models.CharField(max_length=16)
    place_id = models.BigIntegerField(null=True, blank=True)
    associate = models.CharField(max_length=150, blank=True)
    target = models.CharField(max_length=1000, blank=True)
    status = models.CharField(max_length=12, default="clicked")
    reason = models.JSONField(default=dict, blank=True)
    shown_at = models.DateTimeField()
    clicked_at = models.DateTimeField()
    bought_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["clicked_at"], name="referral_clicked"),
            models.Index(fields=["partner", "clicked_at"], name="referral_partner"),
            models.Index(fields=["offer_id"], condition=Q(offer_id__isnull=False), name="referral_offer"),
        ]


class ShownOffers(models.Model):
    """How often offers were shown and clicked on a day, by channel and place (0: none was chosen)."""

    day = models.DateField()
    partner = models.ForeignKey("partners.Partner", on_delete=models.CASCADE, db_index=False, db_constraint=False)
    offer_id = models.BigIntegerField()
    channel = models.CharField(max_length=16)
    place_id = models.BigIntegerField(default=0)
    shown = models.BigIntegerField(default=0)
    clicked = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "shown offers"
        constraints = [
            models.UniqueConstraint(fields=["offer_id", "day", "channel", "place_id"], name="shownoffers_key")
        ]
