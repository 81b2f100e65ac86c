"""Tables of the journal: entries, their postings, the points of customers, and how points are earned."""

from django.db import models
from django.db.models import Q

from onebasket.commerce.books.rules.accounts import CHART, HELD, LONGEST_NUMBER, LONGEST_PART
from onebasket.commerce.books.rules.entries import LONGEST_FACT, LONGEST_KIND

ACCOUNTS = [(facts.number, facts.name) for facts in CHART]


class Entry(models.Model):
    """What one fact did to the books; never changed. What was wrong is reversed by a later version and stated anew."""

    place = models.ForeignKey("places.Place", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    fact = models.CharField(max_length=LONGEST_FACT)
    kind = models.CharField(max_length=LONGEST_KIND)
    version = models.IntegerField(default=1)
    reverses = models.BigIntegerField(null=True, blank=True)
    business_day = models.DateField()
    occurred_at = models.DateTimeField()
    booked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["place", "fact", "kind", "version"], name="entry_once"),
        ]
        indexes = [
            models.Index(fields=["place", "business_day"], name="entry_day"),
            models.Index(fields=["fact"], name="entry_fact"),
        ]


class Posting(models.Model):
    """An amount on a part of an account, positive on the debit side, in a currency's minor unit or in points."""

    place = models.ForeignKey("places.Place", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    entry = models.ForeignKey(Entry, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    line = models.IntegerField()
    business_day = models.DateField()
    account = models.SmallIntegerField(choices=ACCOUNTS)
    part = models.CharField(max_length=LONGEST_PART, blank=True)
    unit = models.CharField(max_length=6)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "entry", "line"], name="posting_line"),
            models.CheckConstraint(condition=~Q(amount=0), name="posting_amount"),
        ]
        indexes = [
            # Holds all that a trial balance adds up, so that it reads this index alone.
            models.Index(fields=["place", "business_day", "account", "unit", "amount"], name="posting_day"),
            models.Index(fields=["account", "id"], name="posting_account"),
            models.Index(
                fields=["part", "id"], condition=Q(account__in=sorted(int(held) for held in HELD)), name="posting_part"
            ),
        ]


class PointsAccount(models.Model):
    """A customer's points, by loyalty number: what the postings come to, kept to be locked and read at once.

    `available` may fall below zero where points are taken back that were spent meanwhile; spending never leads there.
    """

    loyalty_number = models.CharField(max_length=LONGEST_NUMBER, unique=True)
    available = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)


class EarningRule(models.Model):
    """How points are earned in a currency from a business day on, until the next rule's day; never changed."""

    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    points = models.IntegerField()
    per_amount = models.BigIntegerField()
    excluded = models.JSONField(default=list, blank=True)
    worth_points = models.IntegerField(default=0)
    worth_amount = models.BigIntegerField(default=0)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["currency", "valid_from"], name="earningrule_day"),
            models.CheckConstraint(condition=Q(points__gte=0, per_amount__gt=0), name="earningrule_rate"),
            models.CheckConstraint(condition=Q(worth_points__gte=0, worth_amount__gte=0), name="earningrule_worth"),
        ]
