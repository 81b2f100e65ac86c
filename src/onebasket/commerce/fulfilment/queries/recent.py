"""What a product cost at the least of late: what is paid back for it without a receipt."""

from datetime import datetime, timedelta

from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.queries import price_history

RECENT = timedelta(days=30)


def lowest_recent(product_id: int, place: PlaceFacts, *, now: datetime) -> tuple[int, int] | None:
    """Return the lowest price that held at a place within the last days, card prices too: an amount per so many steps.

    Prices of the chain count as those of the place do. None where it had no price.
    """
    since = now - RECENT
    found = [
        (version.amount, version.per_quantity)
        for version in price_history(product_id)
        if version.currency == place.currency
        and version.place_id in {None, place.id}
        and version.superseded_at is None
        and version.valid_from <= now
        and (version.valid_to is None or version.valid_to > since)
    ]
    return min(found, key=lambda price: price[0] / price[1]) if found else None
