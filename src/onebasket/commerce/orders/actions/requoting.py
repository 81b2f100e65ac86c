"""Ask partners anew for what a basket has of them and is too old to be paid: before the checkout, never within it.

Made by the thread of a page or of a request, outside any transaction, and within seconds. What came of it stands in the
offers; the checkout compares them with what was agreed to, and says openly what is not so any more.
"""

from datetime import datetime

from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.partners.actions.refreshing import refresh_offers
from onebasket.commerce.partners.queries.offers import priced_offers

SECONDS = 2.0
"""Nobody waits longer than that for all partners together; who has not answered by then is silent."""


def requote(basket: BasketStands, *, now: datetime) -> frozenset[int]:
    """Ask for those of a basket's offers that are stale; return the ids that were asked for."""
    if not basket.offers:
        return frozenset()
    priced = priced_offers([one.offer for one in basket.offers], currency=basket.currency, now=now)
    stale = frozenset(offer for offer, one in priced.items() if one.is_shown and not one.is_fresh)
    if stale:
        refresh_offers(stale, seconds=SECONDS)
    return stale
