"""The table of the price book."""

from django.db import models
from django.db.models import Q

from onebasket.commerce.pricing.rules.book import KIND_NUMBERS

KINDS = [(number, kind) for kind, number in KIND_NUMBERS.items()]


class Price(models.Model):
    """A version of a product's price: `amount` minor units per `per_quantity` steps of the product's unit.

    `kind` is the shelf price or the card price, which holds for members; each has versions of its own.

    Valid in [valid_from, valid_to). Without a place it holds for the whole chain; a place's own price goes first.
    A row is never changed but for `superseded_at`: what is cut short is superseded, and what is left of it stands in
    new rows of the same version. The book as it stood at any instant is what was recorded and not yet superseded.
    """

    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    currency = models.CharField(max_length=3)
    kind = models.SmallIntegerField(choices=KINDS, default=KIND_NUMBERS["shelf"])
    amount = models.BigIntegerField()
    per_quantity = models.BigIntegerField(default=1)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    version = models.IntegerField(default=1)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "place", "currency", "kind", "valid_from"],
                condition=Q(place__isnull=False, superseded_at__isnull=True),
                name="price_place_from",
            ),
            models.UniqueConstraint(
                fields=["product", "currency", "kind", "valid_from"],
                condition=Q(place__isnull=True, superseded_at__isnull=True),
                name="price_chain_from",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0, per_quantity__gt=0), name="price_amounts"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=models.F("valid_from")), name="price_validity"
            ),
        ]
