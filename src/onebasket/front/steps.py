"""By how much a shopper takes a product."""

from typing import NamedTuple

from onebasket.commerce.catalogue.queries.browsing import ShownProduct

KILO_DECIMALS = 3
FIRST_GRAMS, MORE_GRAMS = 500, 250
"""With how much of a weighed product a line begins, and by how much it changes."""


class Step(NamedTuple):
    """How much is taken the first time, and by how much that changes; in steps of the unit."""

    first: int
    more: int


def step_of(product: ShownProduct) -> Step:
    """Return by how much a product is taken."""
    if product.unit == "kg" and product.decimals == KILO_DECIMALS:
        return Step(FIRST_GRAMS, MORE_GRAMS)
    whole = 10**product.decimals
    return Step(whole, whole)
