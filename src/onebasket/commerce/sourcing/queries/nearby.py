"""What the places near a place have: five statements, however many products and places."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.places.queries import NearbyPlace, addresses_of, nearest
from onebasket.commerce.places.rules import PlaceFacts, Spot
from onebasket.commerce.sourcing.rules import (
    Lacking,
    Nearby,
    NearbyCandidate,
    Need,
    Whereabouts,
    nearest_with_all,
    places_with_all,
    tell_whereabouts,
)
from onebasket.commerce.stock.queries import available_among, buffers_of

LOOKED_AT = 30
"""How many of the nearest stores are looked at."""


class Wanted(NamedTuple):
    """So many steps of a product."""

    product: ProductFacts
    quantity: int


class PlaceWithAll(msgspec.Struct, frozen=True):
    """A nearby place that has everything, where it is, and why it is named."""

    place: NearbyPlace
    reason: str


class NearbyStock(msgspec.Struct, frozen=True):
    """A nearby place that has some of a product, and how many steps of it may still be promised there."""

    place: NearbyPlace
    available: int


class NearbyFindings(msgspec.Struct, frozen=True):
    """The nearest places that have everything; where none has, the one that came closest, as `nearest` says."""

    found: tuple[PlaceWithAll, ...]
    nearest: Nearby | Lacking
    looked_at: int


def nearby_with_all(
    place: PlaceFacts, wanted: Sequence[Wanted], *, channel: str, now: datetime, limit: int = 3
) -> NearbyFindings:
    """Return the nearest other stores that have all of it now, at most `limit`, out of the 30 nearest.

    Nothing is promised by it: taking decides under the lock. Products that keep no stock are everywhere.
    """
    around = _around(place)
    lines = [one for one in wanted if one.product.tracked]
    needs = [Need(number, one.product.sku, one.quantity) for number, one in enumerate(wanted, 1) if one.product.tracked]
    products = [one.product for one in lines]
    free = _free([near.place for near in around], products, channel=channel, now=now)
    candidates = [_candidate(near, products, free) for near in around]
    by_code = {near.place.code: near for near in around}
    whole = places_with_all(needs, candidates)[: max(0, limit)]
    found = tuple(PlaceWithAll(by_code[one.place], one.reason) for one in whole)
    return NearbyFindings(found, nearest_with_all(needs, candidates), len(around))


def whereabouts(
    place: PlaceFacts, wanted: Sequence[Wanted], *, channel: str, now: datetime, most: int = 3
) -> dict[int, Whereabouts]:
    """Return, by product id, whether so much of each is here, nearby (and at which places), or at none looked at.

    Each product is asked for by itself; a page of products takes the same five statements as one.
    """
    around = _around(place)
    products = [one.product for one in wanted if one.product.tracked]
    free = _free([place, *(near.place for near in around)], products, channel=channel, now=now)
    return {
        product.id: tell_whereabouts(
            Need(1, product.sku, quantity),
            free.get((place.id, product.id), 0),
            [_candidate(near, [product], free) for near in around] if product.tracked else (),
            tracked=product.tracked,
            most=most,
        )
        for product, quantity in wanted
    }


def stock_near(
    place: PlaceFacts, product: ProductFacts, *, channel: str, now: datetime, most: int = 3
) -> list[NearbyStock]:
    """Return the nearest other stores that have any of a product now, nearest first; five statements.

    Nothing is promised by it. A product that keeps no stock is nowhere in particular.
    """
    around = _around(place) if product.tracked else []
    free = _free([near.place for near in around], [product], channel=channel, now=now) if around else {}
    found = [NearbyStock(near, left) for near in around if (left := free.get((near.place.id, product.id), 0)) > 0]
    return sorted(found, key=lambda one: (one.place.distance_metres or 0, one.place.place.code))[: max(0, most)]


def _around(place: PlaceFacts) -> list[NearbyPlace]:
    """Return the nearest other stores; none where nobody knows where the place is."""
    address = addresses_of([place.id]).get(place.id)
    if address is None or address.latitude is None or address.longitude is None:
        return []
    found = nearest(Spot(address.latitude, address.longitude), limit=LOOKED_AT + 1)
    return [near for near in found if near.place.id != place.id and near.place.currency == place.currency][:LOOKED_AT]


def _free(
    places: Sequence[PlaceFacts], products: Sequence[ProductFacts], *, channel: str, now: datetime
) -> Mapping[tuple[int, int], int]:
    ids, product_ids = [place.id for place in places], [product.id for product in products]
    units = {product.id: product.unit for product in products}
    buffers = buffers_of(ids, product_ids=product_ids)
    free = available_among(ids, product_ids, now=now)
    return {
        (place, product): left
        - buffers.kept_back(place_id=place, channel=channel, product_id=product, unit=units[product])
        for (place, product), left in free.items()
    }


def _candidate(
    near: NearbyPlace, products: Sequence[ProductFacts], free: Mapping[tuple[int, int], int]
) -> NearbyCandidate:
    available = tuple(free.get((near.place.id, product.id), 0) for product in products)
    return NearbyCandidate(near.place.code, near.distance_metres or 0, available)
