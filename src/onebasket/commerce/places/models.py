"""The table of places."""

from django.db import models


class Place(models.Model):
    """Where stock is or an order is served: a store, a warehouse, a partner."""

    class Kind(models.TextChoices):
        """What sort of place it is."""

        STORE = "store"
        WAREHOUSE = "warehouse"
        PARTNER = "partner"

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.STORE)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=64)
    day_start_minutes = models.IntegerField(default=0)
    owner = models.CharField(max_length=64, default="chain")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(day_start_minutes__gte=0, day_start_minutes__lt=1440), name="place_day_start"
            ),
        ]

    def __str__(self) -> str:
        """Name the place as people know it."""
        return self.name
