"""What partners offer by words that are being typed."""

from datetime import datetime
from typing import Final

from onebasket.commerce.partners.queries.offers import PricedOffer
from onebasket.commerce.search.queries.finding_offers import find_offers
from onebasket.commerce.search.rules.offer_messages import Narrowing

FEWEST_LETTERS: Final = 3
"""Offers are suggested from so many letters on: fewer begin a word of nearly every offer."""


def suggest_offers(text: str, *, currency: str, limit: int, now: datetime | None = None) -> tuple[PricedOffer, ...]:
    """Return what partners offer by all of the words as they are typed, best first; prices are in `currency`.

    What is also a product of the chain is left to that. Nothing comes of fewer than three letters.

    Raises:
        IndexMissingError: there is no index yet.
    """
    if len(text.strip()) < FEWEST_LETTERS or limit < 1:
        return ()
    found = find_offers(text, currency=currency, narrowing=Narrowing(limit=2 * limit), now=now)
    if found.relaxed or found.suggestion:
        return ()
    return tuple(group.first for group in found.groups if group.product_id is None)[:limit]
