"""Tables of what shoppers have gathered and not placed yet."""

from django.db import models
from django.db.models import Q


class Basket(models.Model):
    """What a shopper has gathered at one place; its stock hold, its slot and the order it becomes bear its id.

    `held_until` is when all that it holds expires (half-open), `held_since` when that window began: prices are those
    of `held_since` for as long as it lasts. `numbers` counts its hold lines. `offers` are partners', as agreed to
    (`rules.offering.BasketOffer`).
    """

    class State(models.TextChoices):
        """Where the basket stands."""

        OPEN = "open"
        PLACED = "placed"
        DROPPED = "dropped"

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    source_id = models.BigIntegerField()
    channel = models.CharField(max_length=16)
    loyalty_number = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    version = models.IntegerField(default=1)
    slot_id = models.BigIntegerField(null=True)
    coupons = models.JSONField(default=list)
    offers = models.JSONField(default=list)
    held_since = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    renewals = models.IntegerField(default=0)
    numbers = models.IntegerField(default=0)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["changed_at"], condition=Q(state="open"), name="basket_open"),
            models.Index(fields=["loyalty_number"], condition=~Q(loyalty_number=""), name="basket_loyalty"),
        ]


class BasketLine(models.Model):
    """A product in a basket: `quantity` as wanted, `held` as promised until the basket's hold expires; in steps."""

    basket = models.ForeignKey(Basket, on_delete=models.CASCADE, db_index=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    number = models.IntegerField()
    quantity = models.BigIntegerField()
    held = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["basket", "product"], name="basketline_product"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, held__gte=0, held__lte=models.F("quantity")), name="basketline_quantities"
            ),
        ]
