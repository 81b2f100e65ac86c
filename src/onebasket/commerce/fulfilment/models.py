"""Tables of what is staged for collection, and of what was brought back."""

from django.db import models
from django.db.models import F, Q


class Staging(models.Model):
    """Where a picked order stands until it is collected: a shelf, a fridge, a box, as the associate calls it."""

    order_id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    spot = models.CharField(max_length=40)
    staged_by = models.CharField(max_length=150)
    staged_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["place", "spot"], name="staging_spot")]


class PickScan(models.Model):
    """How much of an order's line has been found while it is picked, in steps.

    `keys` are those of the last scans counted, blanks between them: a scan that is sent again finds itself there.
    """

    order_id = models.UUIDField()
    line = models.IntegerField()
    found = models.BigIntegerField(default=0)
    keys = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order_id", "line"], name="pickscan_line")]


class BroughtBack(models.Model):
    """How much of a line that was sold has been brought back: a witness that it is never more than was sold.

    `reference` is `order/<id>` or `receipt/<id>`; both quantities in steps of the product's unit.
    """

    reference = models.CharField(max_length=48)
    line = models.IntegerField()
    sold = models.BigIntegerField()
    back = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reference", "line"], name="broughtback_line"),
            models.CheckConstraint(condition=Q(back__gte=0, back__lte=F("sold")), name="broughtback_bound"),
        ]


class ReturnPolicy(models.Model):
    """What a broken multi-buy pays back, of orders placed from `set_at` on: of a place's, or of the whole chain's.

    A row is never changed; the last one that had begun holds. An empty policy of a place is the chain's again.
    """

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, null=True, blank=True, db_constraint=False)
    policy = models.CharField(max_length=12, blank=True)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=150)

    class Meta:
        verbose_name_plural = "return policies"


class Return(models.Model):
    """Goods brought back at a place, and what was paid back for them, tax included.

    `owed` is by how much the goods still kept cost more than was left to pay back: it goes off what comes back later.
    `reference` is what they were sold by, empty without a receipt. `receipt_id` is the receipt of the return, by which
    goods and money are booked.
    """

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    source_id = models.BigIntegerField()
    entry_id = models.BigIntegerField()
    reference = models.CharField(max_length=48, blank=True)
    receipt_id = models.BigIntegerField()
    number = models.CharField(max_length=32)
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField()
    tax_total = models.BigIntegerField()
    policy = models.CharField(max_length=12)
    owed = models.BigIntegerField(default=0)
    loyalty_number = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    override = models.CharField(max_length=200, blank=True)
    accepted_by = models.CharField(max_length=150)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "entry_id"], name="return_once")]
        indexes = [
            models.Index(fields=["place", "accepted_at"], name="return_accepted"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="return_reference"),
        ]


class ReturnLine(models.Model):
    """A line brought back: `original` is the line of what it was sold by, 0 without; `amount` with its tax."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    return_id = models.UUIDField()
    number = models.IntegerField()
    original = models.IntegerField(default=0)
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    quantity = models.BigIntegerField()
    amount = models.BigIntegerField()
    tax_amount = models.BigIntegerField()
    disposition = models.CharField(max_length=12)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "return_id", "number"], name="returnline_number")]


class ReturnTender(models.Model):
    """What was paid back in which way; `reference` is a payment's id or a card's code as it is shown."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    return_id = models.UUIDField()
    number = models.IntegerField()
    kind = models.CharField(max_length=32)
    amount = models.BigIntegerField()
    reference = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "return_id", "number"], name="returntender_number")]
