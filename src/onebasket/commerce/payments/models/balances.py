"""Gift cards and store credit: accounts, and every change of their balances."""

from django.db import models
from django.db.models import Q

from onebasket.commerce.payments.rules.balances import EntryKind

KINDS = [("gift_card", "gift card"), ("store_credit", "store credit")]
ENTRY_KINDS = [(kind.value, kind.value.replace("_", " ")) for kind in EntryKind]


class BalanceAccount(models.Model):
    """A gift card or store credit; its code is kept as a digest alone. `hint` are the code's last characters.

    The code is made of `seed` and the installation's secret key, so that a sender whose answer was lost gets the same
    again. `loyalty_number` is whose store credit it is.
    """

    kind = models.CharField(max_length=12, choices=KINDS)
    code_digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=4)
    seed = models.UUIDField()
    currency = models.CharField(max_length=3)
    balance = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)
    active = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    loyalty_number = models.CharField(max_length=64, blank=True)
    place_code = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(balance__gte=0), name="balance_not_negative")]
        indexes = [
            models.Index(fields=["loyalty_number"], condition=~Q(loyalty_number=""), name="balance_of_customer"),
            models.Index(
                fields=["expires_at"], condition=Q(expires_at__isnull=False, balance__gt=0), name="balance_expiry"
            ),
            models.Index(fields=["issued_at"], name="balance_issued"),
        ]

    def __str__(self) -> str:
        """Name the account by what people may see of its code."""
        return f"…{self.hint}"


class BalanceEntry(models.Model):
    """A change of a balance, append-only: `amount` is signed, `balance` is what it left."""

    account = models.ForeignKey(BalanceAccount, on_delete=models.PROTECT, db_constraint=False)
    kind = models.CharField(max_length=12, choices=ENTRY_KINDS)
    amount = models.BigIntegerField()
    balance = models.BigIntegerField()
    order_id = models.UUIDField(null=True, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    booked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "balance entries"
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="balanceentry_amount"),
            models.CheckConstraint(condition=Q(balance__gte=0), name="balanceentry_balance"),
        ]
