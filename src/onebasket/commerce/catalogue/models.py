"""Tables of what can be sold."""

from django.db import models


class Unit(models.Model):
    """A unit of measure as data: each (0 decimals), kg in grams (3), gal in thousandths (3)."""

    code = models.CharField(max_length=16, unique=True)
    decimals = models.SmallIntegerField()
    name = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(decimals__gte=0, decimals__lte=6), name="unit_decimals"),
        ]

    def __str__(self) -> str:
        """Name the unit by its code."""
        return self.code


class Product(models.Model):
    """What is sold, identified by SKU."""

    sku = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, db_index=False)
    department = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=120, blank=True)
    brand = models.CharField(max_length=80, blank=True)
    tracked = models.BooleanField(default=True)
    weighed = models.BooleanField(default=False)
    minimum_age = models.SmallIntegerField(null=True, blank=True)
    deposit_sku = models.CharField(max_length=64, blank=True)
    tender_restriction = models.CharField(max_length=32, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["department", "name"], name="product_department")]

    def __str__(self) -> str:
        """Name the product as people know it."""
        return self.name


class Barcode(models.Model):
    """A code by which a product is found: `kind` gtin (GTIN-14 text), plu, or instore (the item part)."""

    kind = models.CharField(max_length=8)
    code = models.CharField(max_length=48)
    product = models.ForeignKey(Product, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "kind"], name="barcode_code_kind")]


class Revision(models.Model):
    """The catalogue's state as one number, new with every change of it: processes remember products under it."""

    token = models.BigIntegerField()


class BarcodeTemplate(models.Model):
    """A pattern of the chain's own codes with a price or weight inside, as `kernel.barcodes.template_from` reads it."""

    pattern = models.CharField(max_length=64, unique=True)
