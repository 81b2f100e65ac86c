"""What is on offer at a store now: the products of live promotions that it has, looked up once in a while."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from onebasket.channels.shop.pricetags import CHANNEL
from onebasket.channels.shop.stores import Store
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.pricing.queries.offers import live_promotions
from onebasket.commerce.pricing.rules.promotions import BasketOff, Promotion
from onebasket.commerce.stock.queries import available_among

REST_SECONDS = 60.0
"""For so long a process takes the products as it last looked them up; their prices and stock are those of now."""
MOST_OFFERED = 600
MOST_STORES = 64


@dataclass
class _Kept:
    by_store: dict[int, tuple[float, tuple[int, ...]]] = field(default_factory=dict)


_kept = _Kept()


def offered_here(store: Store, *, now: datetime) -> tuple[int, ...]:
    """Return the ids of the products on offer that a store has, the promotion that ends first before the others."""
    until, ids = _kept.by_store.get(store.place.id, (0.0, ()))
    if time.monotonic() >= until:
        ids = _look(store, now)
        if len(_kept.by_store) >= MOST_STORES:
            _kept.by_store.clear()
        _kept.by_store[store.place.id] = (time.monotonic() + REST_SECONDS, ids)
    return ids


def forget_offers() -> None:
    """Look the offers up anew the next time."""
    _kept.by_store.clear()


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
