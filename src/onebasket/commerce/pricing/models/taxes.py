"""Tables of taxes: rates, how they are reckoned, and which goods are of which class."""

from django.db import models
from django.db.models import F, Q

ROUNDINGS = [(1, "line"), (2, "receipt")]
SUBJECTS = [(1, "product"), (2, "category"), (3, "department")]


class Tax(models.Model):
    """A version of a tax on a class of goods: `rate` in parts per million, in [valid_from, valid_to).

    Without a place it holds for the whole chain; where a place has its own rates of a code for a class, these hold
    there instead. A row is never changed but for `superseded_at`, as in the price book.
    """

    code = models.CharField(max_length=64)
    tax_class = models.CharField(max_length=64)
    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, null=True, blank=True)
    rate = models.IntegerField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    version = models.IntegerField()
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "taxes"
        constraints = [
            models.UniqueConstraint(
                fields=["code", "tax_class", "place", "valid_from"],
                condition=Q(place__isnull=False, superseded_at__isnull=True),
                name="tax_place_from",
            ),
            models.UniqueConstraint(
                fields=["code", "tax_class", "valid_from"],
                condition=Q(place__isnull=True, superseded_at__isnull=True),
                name="tax_chain_from",
            ),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=1_000_000), name="tax_rate"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="tax_validity"
            ),
        ]


class TaxTerms(models.Model):
    """From when on how taxes are reckoned, at a place or in the whole chain: the latest that has begun holds.

    `included`: prices contain tax. `rounding`: on each line, or once on each rate of the receipt. `cash_step`: what a
    cash total is rounded to, in minor units, 1 for not at all.
    """

    place = models.ForeignKey("places.Place", on_delete=models.PROTECT, null=True, blank=True)
    included = models.BooleanField()
    rounding = models.SmallIntegerField(choices=ROUNDINGS)
    cash_step = models.IntegerField(default=1)
    valid_from = models.DateTimeField()
    version = models.IntegerField()
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "tax terms"
        constraints = [
            models.UniqueConstraint(
                fields=["place", "valid_from"],
                condition=Q(place__isnull=False, superseded_at__isnull=True),
                name="taxterms_place_from",
            ),
            models.UniqueConstraint(
                fields=["valid_from"],
                condition=Q(place__isnull=True, superseded_at__isnull=True),
                name="taxterms_chain_from",
            ),
            models.CheckConstraint(condition=Q(cash_step__gt=0), name="taxterms_cash_step"),
        ]


class TaxClass(models.Model):
    """Which class goods are of for tax: a product (by SKU), a category, a department; the closest statement holds."""

    subject = models.SmallIntegerField(choices=SUBJECTS)
    name = models.CharField(max_length=120)
    tax_class = models.CharField(max_length=64, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "tax classes"
        constraints = [models.UniqueConstraint(fields=["subject", "name"], name="taxclass_subject")]
