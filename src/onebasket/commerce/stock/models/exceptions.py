"""What facts have put at odds with promises or with sense."""

from django.db import models
from django.db.models import Q

from onebasket.commerce.stock.rules.ends import STATES


class Breach(models.Model):
    """On hand below reserved after a fact: one open per shelf, with its shortfall; closes itself."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT)
    shortfall = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    noted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name_plural = "breaches"
        constraints = [
            models.UniqueConstraint(
                fields=["place", "product"], condition=Q(closed_at__isnull=True), name="breach_one_open"
            ),
        ]
        indexes = [models.Index(fields=["place", "opened_at"], name="breach_place")]


class Discrepancy(models.Model):
    """On hand below zero: asks for a count; one open per shelf; closes itself when on hand is sane again."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT)
    state = models.SmallIntegerField(choices=STATES, default=1)
    quantity = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    noted_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name_plural = "discrepancies"
        constraints = [
            models.UniqueConstraint(
                fields=["place", "product", "state"], condition=Q(closed_at__isnull=True), name="discrepancy_one_open"
            ),
        ]
        indexes = [models.Index(fields=["place", "opened_at"], name="discrepancy_place")]
