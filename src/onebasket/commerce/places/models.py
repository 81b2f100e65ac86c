"""The table of places."""

from django.db import models


class Place(models.Model):
    """Where stock is or an order is served: a store, a warehouse, a partner. Coordinates are millionths of a degree.

    `opening_hours` is a list of {weekday, opens, closes}, by the place's own clock.
    """

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
    street = models.CharField(max_length=200, blank=True, default="")
    city = models.CharField(max_length=120, blank=True, default="")
    postcode = models.CharField(max_length=16, blank=True, default="")
    region = models.CharField(max_length=120, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    latitude = models.IntegerField(null=True, blank=True)
    longitude = models.IntegerField(null=True, blank=True)
    opening_hours = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(day_start_minutes__gte=0, day_start_minutes__lt=1440), name="place_day_start"
            ),
            models.CheckConstraint(
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(
                    # Said in so many words: an unknown comparison would let half a coordinate pass.
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__gte=-90_000_000,
                    latitude__lte=90_000_000,
                    longitude__gte=-180_000_000,
                    longitude__lte=180_000_000,
                ),
                name="place_coordinates",
            ),
        ]

    def __str__(self) -> str:
        """Name the place as people know it."""
        return self.name
