"""Tables of placed baskets."""

from django.db import models
from django.db.models import Q

from onebasket.commerce.orders.rules.life import Status

STATUSES = [(status.value, status.value.replace("_", " ")) for status in Status]


class Order(models.Model):
    """A placed basket; `place` is the one whose day numbers it, `number` counts within place and business day.

    `total` is what is due now, tax included; `list_total`, `reduction_total` and `tax_total` are as placed.
    `asked` is what was asked of pricing, where promotions took something off (`pricing.rules.placed`).
    Lines and totals are those of the place's own goods; `part_count` partners serve parts beside them.
    Secrets that open its page or hand it over are kept as digests (SHA-256), made anew with each `secret_generation`.
    """

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    business_day = models.DateField()
    number = models.IntegerField()
    channel = models.CharField(max_length=16)
    source_id = models.BigIntegerField()
    entry_id = models.BigIntegerField()
    status = models.CharField(max_length=20, choices=STATUSES)
    loyalty_number = models.CharField(max_length=64, blank=True)
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField()
    line_count = models.IntegerField()
    placed_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    reason = models.JSONField()
    slot_id = models.BigIntegerField(null=True)
    list_total = models.BigIntegerField(default=0)
    reduction_total = models.BigIntegerField(default=0)
    tax_total = models.BigIntegerField(default=0)
    tax_included = models.BooleanField(default=True)
    secret_digest = models.CharField(max_length=64, blank=True)
    code_digest = models.CharField(max_length=64, blank=True)
    secret_generation = models.SmallIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)
    asked = models.TextField(blank=True, default="")
    part_count = models.SmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "business_day", "number"], name="order_number")]
        indexes = [
            models.Index(fields=["placed_at"], name="order_placed"),
            models.Index(
                fields=["place", "placed_at"],
                condition=Q(status__in=["awaiting_payment", "placed", "picking", "ready"]),
                name="order_open",
            ),
            models.Index(fields=["expires_at"], condition=Q(status="awaiting_payment"), name="order_expiry"),
            models.Index(fields=["secret_digest"], condition=~Q(secret_digest=""), name="order_secret"),
            models.Index(fields=["code_digest"], condition=~Q(code_digest=""), name="order_code"),
            models.Index(fields=["loyalty_number"], condition=~Q(loyalty_number=""), name="order_loyalty"),
        ]


class Fulfilment(models.Model):
    """The part of an order that one place serves for one owner."""

    id = models.UUIDField(primary_key=True)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_constraint=False)
    owner = models.CharField(max_length=64)
    status = models.CharField(max_length=20, choices=STATUSES)
    picked_at = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)


class OrderLine(models.Model):
    """A line: `ordered` as asked, `promised` as reserved, `picked` and `put_back` as done; steps of the unit.

    `list_amount` less `reduced_amount` is what the quantity promised came to, tax beside it (`tax_amount`) or inside;
    `amount` is what is due now with tax: after a short pick, its part in proportion.
    """

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    fulfilment_id = models.UUIDField()
    number = models.IntegerField()
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    owner = models.CharField(max_length=64)
    ordered = models.BigIntegerField()
    promised = models.BigIntegerField()
    picked = models.BigIntegerField(null=True, blank=True)
    put_back = models.BigIntegerField(default=0)
    unit_amount = models.BigIntegerField()
    per_quantity = models.BigIntegerField()
    list_amount = models.BigIntegerField(default=0)
    reduced_amount = models.BigIntegerField(default=0)
    tax_amount = models.BigIntegerField(default=0)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "order", "number"], name="orderline_number"),
            models.CheckConstraint(
                condition=Q(ordered__gt=0, promised__gte=0, put_back__gte=0), name="orderline_quantities"
            ),
        ]
        indexes = [models.Index(fields=["order"], name="orderline_order")]


class DayNumber(models.Model):
    """The last order number given out at a place on a business day."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False)
    business_day = models.DateField()
    last = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "business_day"], name="daynumber_key")]
