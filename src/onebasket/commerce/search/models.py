"""Tables of search: what sells where, and which database and counts an index must fit."""

from django.db import models


class SoldLines(models.Model):
    """On how many receipt lines of its last weeks a product stands at a place; a product that did not sell has no row.

    Made anew from receipts by `actions.popularity`; nothing is lost with it.
    """

    place = models.ForeignKey("places.Place", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    product = models.ForeignKey("catalogue.Product", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False)
    lines = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "sold lines"
        constraints = [
            models.UniqueConstraint(fields=["place", "product"], name="soldlines_key"),
            models.CheckConstraint(condition=models.Q(lines__gt=0), name="soldlines_lines"),
        ]
        indexes = [models.Index(fields=["product", "place"], name="soldlines_product")]


class SearchState(models.Model):
    """The one row that an index must fit: `token` is this database's own, `counted` is new with every new count.

    Whoever counts sales has `claimed_until` for it; who is killed meanwhile lets it pass.

    A database that was deleted and made again, or another one under the same address, has another token: what was
    indexed of the first is not shown for it.
    """

    token = models.BigIntegerField()
    counted = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
