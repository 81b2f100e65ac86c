"""Partners' parts of orders: what is asked of a partner for one order of ours, every call for it, what it answered."""

from django.db import models
from django.db.models import F, Q

from onebasket.commerce.partners.models.partners import MERCHANTS
from onebasket.commerce.partners.rules.parts import Status

STATUSES = [(status.value, status.value) for status in Status]


class PartnerPart(models.Model):
    """What one partner serves of an order. Its payments bear its id as their order: each part is paid by itself.

    `ours` names it at the partner for ever. `total` is due from the shopper, tax and shipping included, in `currency`;
    `cost` is what the partner is owed as asked, in `cost_currency`. `rate` is commission in parts per million at most.
    `next_at` is when a worker looks at it; while the partner is asked it lies ahead. `due_since` is when it was paid
    for, or when a person last had it placed again: from then on it is counted how long, and how often, it is tried.
    `return_days` and `counter_returns` are the agreement's when it was sold: restated, that changes nothing of it.
    """

    id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField()
    number = models.SmallIntegerField()
    partner = models.ForeignKey("partners.Partner", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    agreement_id = models.BigIntegerField()
    return_days = models.IntegerField(default=30)
    counter_returns = models.BooleanField(default=True)
    merchant = models.CharField(max_length=12, choices=MERCHANTS)
    ours = models.CharField(max_length=40, unique=True)
    channel = models.CharField(max_length=16)
    associate = models.CharField(max_length=150, blank=True)
    status = models.CharField(max_length=12, choices=STATUSES)
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField()
    shipping_amount = models.BigIntegerField(default=0)
    tax_amount = models.BigIntegerField(default=0)
    cost = models.BigIntegerField()
    cost_currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=300, blank=True)
    tries = models.SmallIntegerField(default=0)
    failures = models.SmallIntegerField(default=0)
    version = models.IntegerField(default=1)
    next_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    due_since = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    placed_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_id", "number"], name="partnerpart_number"),
            models.CheckConstraint(condition=Q(total__gte=0, cost__gte=0), name="partnerpart_amounts"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="partnerpart_next"),
            models.Index(fields=["opened_at"], name="partnerpart_opened"),
        ]


class PartnerPartLine(models.Model):
    """A line: `quantity` as bought, `accepted` as the partner took it in (None before), `returned` as brought back.

    `unit_amount` is what the shopper pays for one and `shipping_amount` for sending the line, tax in them or beside
    (`tax_included`); `amount` is due for the line now, with both. `unit_cost` and `shipping_cost` are what the partner
    asked for when it was bought, in its own currency, stated at `stated_at`.
    """

    part = models.ForeignKey(PartnerPart, on_delete=models.PROTECT, db_index=False, related_name="lines")
    number = models.SmallIntegerField()
    offer_id = models.BigIntegerField()
    reference = models.CharField(max_length=64)
    title = models.CharField(max_length=300)
    category = models.CharField(max_length=200, blank=True)
    quantity = models.IntegerField()
    accepted = models.IntegerField(null=True, blank=True)
    returned = models.IntegerField(default=0)
    unit_amount = models.BigIntegerField()
    shipping_amount = models.BigIntegerField(default=0)
    amount = models.BigIntegerField()
    tax_code = models.CharField(max_length=64, blank=True)
    tax_rate = models.IntegerField(default=0)
    tax_amount = models.BigIntegerField(default=0)
    tax_included = models.BooleanField(default=True)
    unit_cost = models.BigIntegerField()
    shipping_cost = models.BigIntegerField(default=0)
    commission_rate = models.IntegerField(default=0)
    exchange_billionths = models.BigIntegerField()
    stated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "number"], name="partnerpartline_number"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, returned__gte=0, returned__lte=F("quantity"), unit_amount__gte=0)
                & (Q(accepted__isnull=True) | Q(accepted__gte=0, accepted__lte=F("quantity"))),
                name="partnerpartline_quantities",
            ),
        ]


class PartnerAddress(models.Model):
    """Where a part is shipped to: personal data, erased with the shopper's other data."""

    order_id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=120)
    street = models.CharField(max_length=200)
    city = models.CharField(max_length=120)
    postcode = models.CharField(max_length=16)
    region = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=40, blank=True)
    email = models.CharField(max_length=254, blank=True)

    class Meta:
        verbose_name_plural = "partner addresses"


class PartnerAttempt(models.Model):
    """A call for a part, written down before it is made: `operation` place, find or read; no address stands in it."""

    part = models.ForeignKey(PartnerPart, on_delete=models.PROTECT, related_name="attempts")
    operation = models.CharField(max_length=8)
    request = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=16, blank=True)
    detail = models.CharField(max_length=500, blank=True)


class TheirOrder(models.Model):
    """An order of the partner's that serves a part of ours, as the partner states it; `status` is its own word.

    It has stood so `since`, by our clock. `lines` are [reference, quantity, unit amount]; `tracking` has carrier,
    number and url of each parcel; `stated_at` is when the partner says that it last changed.
    """

    part = models.ForeignKey(PartnerPart, on_delete=models.PROTECT, related_name="theirs")
    partner_id = models.BigIntegerField()
    reference = models.CharField(max_length=64)
    status = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    lines = models.JSONField(default=list)
    tracking = models.JSONField(default=list)
    stated_at = models.DateTimeField(null=True, blank=True)
    since = models.DateTimeField()
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner_id", "reference"], name="theirorder_reference")]


class PartnerReturn(models.Model):
    """A line of a part that came back over a counter, under a return's number: what is paid back, and who owes it.

    `owner` bears it in the end: `claim` is what the partner owes us for it in `claim_currency`, `commission` what of
    our commission goes with it. The goods are kept for the partner, and are on no shelf of ours.
    """

    id = models.UUIDField(primary_key=True)
    part = models.ForeignKey(PartnerPart, on_delete=models.PROTECT, related_name="returns")
    number = models.CharField(max_length=24)
    source_id = models.BigIntegerField()
    key = models.CharField(max_length=120)
    place_id = models.BigIntegerField()
    associate = models.CharField(max_length=150, blank=True)
    line = models.SmallIntegerField()
    quantity = models.IntegerField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    owner = models.CharField(max_length=12)
    claim = models.BigIntegerField(default=0)
    claim_currency = models.CharField(max_length=3, blank=True)
    commission = models.BigIntegerField(default=0)
    disposition = models.CharField(max_length=12)
    why = models.CharField(max_length=200, blank=True)
    reason = models.JSONField(default=dict)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_id", "key", "line"], name="partnerreturn_key"),
            models.CheckConstraint(condition=Q(quantity__gt=0, amount__gte=0), name="partnerreturn_amounts"),
        ]
