"""Shelves and the buffers kept back from channels."""

from django.db import models
from django.db.models import Q

from onebasket.commerce.stock.rules.ends import STATES, End


class Shelf(models.Model):
    """The stock of one product at one place in one state. Facts may make `on_hand` negative; promises cannot."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, db_index=False)
    state = models.SmallIntegerField(choices=STATES, default=End.SELLABLE)
    on_hand = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True, blank=True)
    breach_id = models.BigIntegerField(null=True, blank=True)
    discrepancy_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "shelves"
        constraints = [
            models.UniqueConstraint(fields=["place", "product", "state"], name="shelf_key"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="shelf_reserved"),
            models.CheckConstraint(condition=Q(held__gte=0), name="shelf_held"),
            models.CheckConstraint(condition=Q(state=1) | Q(reserved=0, held=0), name="shelf_promises_sellable"),
        ]
        indexes = [models.Index(fields=["product", "state", "place"], name="shelf_product")]


class Buffer(models.Model):
    """What a place keeps back from a channel ('' is every channel): of one product, or of each product in a unit."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT)
    channel = models.CharField(max_length=16, blank=True)
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, null=True, blank=True)
    unit = models.ForeignKey("catalogue.Unit", on_delete=models.PROTECT, null=True, blank=True)
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["place", "channel", "product"], condition=Q(product__isnull=False), name="buffer_product"
            ),
            models.UniqueConstraint(
                fields=["place", "channel", "unit"], condition=Q(unit__isnull=False), name="buffer_unit"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="buffer_quantity"),
            models.CheckConstraint(
                condition=Q(product__isnull=True, unit__isnull=False) | Q(product__isnull=False, unit__isnull=True),
                name="buffer_product_or_unit",
            ),
        ]
