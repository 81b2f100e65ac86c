"""Tables of what an order came to and for whom: reductions, taxes, and how to reach the shopper."""

from django.db import models

from onebasket.commerce.orders.models.orders import Order


class OrderPart(models.Model):
    """What rows below an order have: its place, itself, and the line they belong to."""

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    line = models.IntegerField()

    class Meta:
        abstract = True


class OrderReduction(OrderPart):
    """What took a line down as placed: which rule, of which kind, who pays for it, by how much."""

    kind = models.CharField(max_length=16)
    reference = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    funder = models.CharField(max_length=16)
    amount = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["place", "order"], name="orderreduction_order")]


class OrderTax(OrderPart):
    """Tax on a line as placed: `rate` parts per million of `base` is `amount`."""

    code = models.CharField(max_length=64)
    rate = models.IntegerField()
    base = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["place", "order"], name="ordertax_order")]


class OrderContact(models.Model):
    """How to reach whoever placed an order: personal data, and the only such data that an order has."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, primary_key=True, db_constraint=False)
    name = models.CharField(max_length=120)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=16, blank=True)

    class Meta:
        indexes = [models.Index(fields=["email"], name="ordercontact_email")]
