"""Tables of receipts as facts."""

from django.db import models
from django.db.models import Q

KINDS = [(1, "sale"), (2, "return"), (3, "void"), (4, "no-sale")]
FUNDERS = [(1, "retailer"), (2, "manufacturer"), (3, "partner")]


class Receipt(models.Model):
    """A till's record of a sale, return or void, as stated: amounts and quantities carry the till's own signs.

    `effect` says what it counts for: +1 it sells, -1 it takes back, 0 neither. `paid_total` is what the lines come to,
    tax that is not included apart. A clock that is not credible is flagged: `occurred_at` is then the time of booking,
    and `stated_at` what the till said. `moved_lines` and `moved_steps` are how many movements it made at its booking,
    and their steps to the customer less those back: a witness for the audit (null before that was kept).
    """

    place = models.ForeignKey("places.Place", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    source_id = models.BigIntegerField()
    entry_id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=KINDS)
    effect = models.SmallIntegerField()
    till = models.CharField(max_length=64)
    operator = models.CharField(max_length=64, blank=True)
    business_day = models.DateField()
    number = models.CharField(max_length=64)
    original_place = models.CharField(max_length=64, blank=True)
    original_till = models.CharField(max_length=64, blank=True)
    original_day = models.DateField(null=True, blank=True)
    original_number = models.CharField(max_length=64, blank=True)
    awaits_original = models.BooleanField(default=False)
    voided = models.BooleanField(default=False)
    loyalty_number = models.CharField(max_length=64, blank=True)
    currency = models.CharField(max_length=3)
    paid_total = models.BigIntegerField()
    discount_total = models.BigIntegerField()
    tax_total = models.BigIntegerField()
    tax_included = models.BooleanField(default=True)
    tendered = models.BigIntegerField()
    change = models.BigIntegerField(default=0)
    rounding = models.BigIntegerField(default=0)
    line_count = models.IntegerField()
    occurred_at = models.DateTimeField()
    booked_at = models.DateTimeField()
    clock_suspect = models.BooleanField(default=False)
    stated_at = models.CharField(max_length=40, blank=True)
    moved_lines = models.IntegerField(null=True)
    moved_steps = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "entry_id"], name="receipt_once")]
        indexes = [
            models.Index(fields=["place", "business_day", "till", "number"], name="receipt_number"),
            models.Index(fields=["booked_at"], name="receipt_booked"),
            models.Index(
                fields=["loyalty_number", "occurred_at"], condition=~Q(loyalty_number=""), name="receipt_loyalty"
            ),
            models.Index(
                fields=["original_place", "original_day", "original_till", "original_number"],
                condition=Q(awaits_original=True),
                name="receipt_awaits_original",
            ),
            models.Index(
                fields=["original_place", "original_day", "original_till", "original_number"],
                condition=Q(kind=3),
                name="receipt_void_of",
            ),
        ]


class ReceiptPart(models.Model):
    """What every row below a receipt has: its place and its receipt."""

    place = models.ForeignKey("places.Place", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    receipt = models.ForeignKey(Receipt, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)

    class Meta:
        abstract = True


class ReceiptLine(ReceiptPart):
    """One line; `product` is null while nobody knows what the code means. Quantity in steps of `unit_code`."""

    number = models.IntegerField()
    code = models.CharField(max_length=48)
    product = models.ForeignKey(
        "catalogue.Product", on_delete=models.DO_NOTHING, null=True, db_index=False, db_constraint=False
    )
    quantity = models.BigIntegerField()
    unit_code = models.CharField(max_length=16)
    list_amount = models.BigIntegerField()
    discount_amount = models.BigIntegerField()
    paid_amount = models.BigIntegerField()
    disposition = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "receipt", "number"], name="receiptline_number")]


class ReceiptDiscount(ReceiptPart):
    """A reduction of a line, with its kind and who funds it."""

    line = models.IntegerField()
    kind = models.CharField(max_length=32)
    funder = models.SmallIntegerField(choices=FUNDERS)
    amount = models.BigIntegerField()
    reference = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["place", "receipt"], name="receiptdiscount_receipt")]


class ReceiptTax(ReceiptPart):
    """Tax on a line: rate in parts per million, base and amount in minor units."""

    line = models.IntegerField()
    code = models.CharField(max_length=64, blank=True)
    rate = models.IntegerField()
    base = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["place", "receipt"], name="receipttax_receipt")]


class ReceiptTender(ReceiptPart):
    """A means of payment and its amount."""

    number = models.IntegerField()
    kind = models.CharField(max_length=32)
    amount = models.BigIntegerField()
    reference = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["place", "receipt"], name="receipttender_receipt")]


class LineException(ReceiptPart):
    """A line that was booked in money but moved no stock, until somebody says what it was."""

    class Reason(models.TextChoices):
        """Why the line moved nothing."""

        UNKNOWN_PRODUCT = "unknown_product"
        UNIT_MISMATCH = "unit_mismatch"

    class State(models.TextChoices):
        """Where the exception stands."""

        OPEN = "open"
        MENDED = "mended"
        DISMISSED = "dismissed"

    line = models.IntegerField()
    reason = models.CharField(max_length=24, choices=Reason)
    code = models.CharField(max_length=48)
    quantity = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    product = models.ForeignKey(
        "catalogue.Product", on_delete=models.DO_NOTHING, null=True, blank=True, db_index=False, db_constraint=False
    )
    opened_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "receipt", "line"], name="lineexception_once")]
        indexes = [models.Index(fields=["state", "opened_at"], name="lineexception_state")]


class JournalCursor(models.Model):
    """How far receipts have been journalised: one row.

    Events up to `position` have been read. Receipts that were there before, or whose events are gone, are swept by id:
    up to `swept` of those up to `sweep_to`.
    """

    position = models.BigIntegerField(default=0)
    swept = models.BigIntegerField(default=0)
    sweep_to = models.BigIntegerField(default=0)
