"""Tables of baskets on their way from one screen to another."""

from django.db import models


class BasketPass(models.Model):
    """What lets somebody take a basket along, once: of its secret the digest alone is kept.

    A new pass of a basket revokes the one before (`generation` counts them). It opens nothing from `expires_at` on.
    """

    basket = models.OneToOneField("orders.Basket", on_delete=models.CASCADE, primary_key=True)
    generation = models.IntegerField()
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
