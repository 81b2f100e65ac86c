"""Tables of who buys: cards and people, what they agreed to, and what was merged and erased."""

from django.db import models
from django.db.models import Q


class Customer(models.Model):
    """A card and the person behind it.

    Doubles are merged by pointing: `merged_into` is the row that stands for the person, and every number goes on. What
    people are found by is kept beside what they told, in the form in which it is compared.
    """

    loyalty_number = models.CharField(max_length=64, unique=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    user = models.OneToOneField("access.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120, default="", blank=True)
    email = models.CharField(max_length=254, default="", blank=True)
    phone = models.CharField(max_length=32, default="", blank=True)
    language = models.CharField(max_length=16, default="", blank=True)
    staff = models.BooleanField(default=False)
    email_key = models.CharField(max_length=254, default="", blank=True)
    phone_key = models.CharField(max_length=32, default="", blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["email_key"], condition=~Q(email_key=""), name="customer_email"),
            models.Index(fields=["phone_key"], condition=~Q(phone_key=""), name="customer_phone"),
        ]

    def __str__(self) -> str:
        """Name the customer by the card."""
        return self.loyalty_number


class CustomerAddress(models.Model):
    """A postal address; `home_key` is name and postcode in the form in which they are compared."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    label = models.CharField(max_length=60, default="", blank=True)
    name = models.CharField(max_length=120, default="", blank=True)
    line1 = models.CharField(max_length=120)
    line2 = models.CharField(max_length=120, default="", blank=True)
    postcode = models.CharField(max_length=16, default="", blank=True)
    city = models.CharField(max_length=60, default="", blank=True)
    region = models.CharField(max_length=60, default="", blank=True)
    country = models.CharField(max_length=2, default="", blank=True)
    phone = models.CharField(max_length=32, default="", blank=True)
    home_key = models.CharField(max_length=140, default="", blank=True)

    class Meta:
        verbose_name_plural = "customer addresses"
        indexes = [models.Index(fields=["home_key"], condition=~Q(home_key=""), name="address_home")]


class CustomerConsent(models.Model):
    """What a customer agreed to or withdrew: append-only, so that each can be shown later."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    purpose = models.CharField(max_length=32)
    given = models.BooleanField()
    at = models.DateTimeField()
    text_version = models.CharField(max_length=32)
    stated_by = models.CharField(max_length=64)
    booked_at = models.DateTimeField()


class CustomerSegment(models.Model):
    """What a customer belongs to, such as `campaign:13`; half-open."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    name = models.CharField(max_length=64)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="segment_once")]


class CustomerMerge(models.Model):
    """A merge: `other` points to `keep` since. `filled` fields were empty, `moved` rows pointed to `other` before."""

    keep = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=200, default="", blank=True)
    filled = models.JSONField(default=list)
    moved = models.JSONField(default=list)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=150, default="", blank=True)


class CardCode(models.Model):
    """A code that proves a card, hashed at rest: for a while, for one use and a few tries.

    A card has at most one that was printed and one that was `sent`, so nobody ends a printed one by asking for mail.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    sent = models.BooleanField()
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "sent"], name="cardcode_once")]


class ErasedNumber(models.Model):
    """A number of somebody who was erased, as a keyed digest: it is given to nobody again, and late facts lose it."""

    digest = models.CharField(max_length=64, unique=True)
    erased_at = models.DateTimeField()
