"""Offers as partners state them, the reading of their catalogues, and the revision under which they are remembered."""

from django.db import models
from django.db.models import Q


class Offer(models.Model):
    """A listing of a partner's, in its own words and currency. `reference` is the partner's own name for it.

    `stock` None where none is stated; `changed` grows with every change that a shopper could see: the index follows it.
    `seen_at` is when it was last listed, `stated_at` when price and stock were last stated. `gtin`: GTIN-14 or empty.
    """

    partner = models.ForeignKey("partners.Partner", on_delete=models.PROTECT, db_index=False, db_constraint=False)
    reference = models.CharField(max_length=64)
    title = models.CharField(max_length=300)
    price = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    list_price = models.BigIntegerField(null=True, blank=True)
    stock = models.IntegerField(null=True, blank=True)
    available = models.BooleanField(default=True)
    gone = models.BooleanField(default=False)
    seller = models.CharField(max_length=120, blank=True)
    brand = models.CharField(max_length=120, blank=True)
    gtin = models.CharField(max_length=14, blank=True)
    model = models.CharField(max_length=120, blank=True)
    category = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    url = models.CharField(max_length=1000, blank=True)
    shipping_amount = models.BigIntegerField(null=True, blank=True)
    days_from = models.SmallIntegerField(null=True, blank=True)
    days_to = models.SmallIntegerField(null=True, blank=True)
    fingerprint = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    stated_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "reference"], name="offer_reference"),
            models.CheckConstraint(condition=Q(price__gte=0), name="offer_price"),
        ]
        indexes = [
            models.Index(fields=["gtin"], condition=~Q(gtin=""), name="offer_gtin"),
            models.Index(fields=["changed"], name="offer_changed"),
        ]

    def __str__(self) -> str:
        """Name the offer as the partner does."""
        return self.title


class OfferRevision(models.Model):
    """The offers' state as one number, new with every change of them."""

    token = models.BigIntegerField()
    changed = models.BigIntegerField(default=0)


class OfferImport(models.Model):
    """One reading of a catalogue or file: how far it came, so that it can go on where it stopped, and what it found.

    `nameless`: of a file, how many odd entries did not say which offer they are.
    """

    class State(models.TextChoices):
        """Where the reading stands."""

        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    partner = models.ForeignKey("partners.Partner", on_delete=models.PROTECT, db_constraint=False)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, blank=True)
    whole = models.BooleanField(default=True)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    cursor = models.TextField(blank=True, default="")
    read = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    ended = models.BigIntegerField(default=0)
    odd = models.BigIntegerField(default=0)
    nameless = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
