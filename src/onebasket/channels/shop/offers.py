"""What is on offer at a store now, and what sells best there: looked up once in a while, for all who look."""

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.pricing.queries.offers import live_promotions
from onebasket.commerce.pricing.rules.promotions import BasketOff, Promotion
from onebasket.commerce.search.queries import find
from onebasket.commerce.search.rules.messages import SearchQuery
from onebasket.commerce.stock.queries import available_among
from onebasket.front.pricetags import CHANNEL
from onebasket.front.stores import Store

REST_SECONDS = 60.0
"""For so long a process takes the products as it last looked them up; their prices and stock are those of now."""
MOST_OFFERED = 600
MOST_POPULAR = 12
MOST_KEPT = 2_000


@dataclass
class _Kept:
    """Product ids by what they were looked up for, each with the moment until which they rest."""

    found: dict[Hashable, tuple[float, tuple[int, ...]]] = field(default_factory=dict)

    def read(self, key: Hashable, look: Callable[[], tuple[int, ...]]) -> tuple[int, ...]:
        until, ids = self.found.get(key, (0.0, ()))
        if time.monotonic() >= until:
            ids = look()
            if len(self.found) >= MOST_KEPT:
                self.found.clear()
            self.found[key] = (time.monotonic() + REST_SECONDS, ids)
        return ids


_kept = _Kept()


def offered_here(store: Store, *, now: datetime) -> tuple[int, ...]:
    """Return the ids of the products on offer that a store has, the promotion that ends first before the others."""
    return _kept.read(("offers", store.code), lambda: _look(store, now))


def popular_here(store: Store, department: str, *, now: datetime) -> tuple[int, ...]:
    """Return the ids of what sells best of what a store has, in a department or (empty) in all.

    Raises:
        IndexMissingError: there is no index of search yet.
    """
    query = SearchQuery(
        department=department, place_id=store.place.id, available_only=True, sort="popular", limit=MOST_POPULAR
    )
    return _kept.read(
        ("popular", store.code, department), lambda: tuple(hit.product_id for hit in find(query, now=now).hits)
    )


def forget_offers() -> None:
    """Look everything up anew the next time."""
    _kept.found.clear()


def _look(store: Store, now: datetime) -> tuple[int, ...]:
    promotions = [one for one in live_promotions(at=now) if _is_told(one, store, now)]
    promotions.sort(key=lambda one: (one.valid_to is None, one.valid_to or now, one.code))
    skus = list(dict.fromkeys(_skus(promotions)))
    products = products_by_sku(skus)
    ids = [products[sku].id for sku in skus if sku in products and products[sku].active]
    free = available_among([store.place.id], ids, now=now)
    return tuple(identity for identity in ids if free.get((store.place.id, identity), 0) > 0)[:MOST_OFFERED]


def _is_told(promotion: Promotion, store: Store, now: datetime) -> bool:
    """Whether a promotion is one for everybody, or every member, who shops here now."""
    return (
        promotion.coupon is None
        and promotion.valid_from <= now
        and promotion.audience.who != "staff"
        and not promotion.audience.segments
        and (not promotion.places or store.code in promotion.places)
        and (not promotion.channels or CHANNEL in promotion.channels)
        and not isinstance(promotion.saving, BasketOff)
    )


def _skus(promotions: Iterable[Promotion]) -> Iterable[str]:
    for promotion in promotions:
        yield from sorted(promotion.goods.skus - promotion.goods.without_skus)
