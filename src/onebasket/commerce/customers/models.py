"""The table of who buys."""

from django.db import models


class Customer(models.Model):
    """A customer, known so far by a loyalty number only."""

    loyalty_number = models.CharField(max_length=64, unique=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        """Name the customer by the card."""
        return self.loyalty_number
