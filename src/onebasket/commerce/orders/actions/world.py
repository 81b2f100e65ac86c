"""What a batch of order requests is decided against, loaded in a fixed number of statements.

All of it is read before any shelf lock, but for what is kept back: that is read under it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.catalogue.queries import products_by_id, products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.rules.messages import LineRequest, OrderRequest
from onebasket.commerce.places.queries import places_by_code, places_by_id
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.queries import PriceBook, price_book
from onebasket.commerce.stock.queries import available_at, buffers_of
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.events import Names
from onebasket.commerce.stock.rules.promises import Buffers, HeldLine

MOST_PLACES_LOCKED = 3


class World(NamedTuple):
    """Places and products by code, prices by (place id, product id), and what is kept back as far as it was read."""

    places: Mapping[str, PlaceFacts]
    products: Mapping[str, ProductFacts]
    prices: PriceBook
    buffers: Buffers = Buffers({}, {})

    def with_buffers(self) -> "World":
        """Return the same with what is kept back now."""
        places = [place.id for place in self.places.values()]
        products = [product.id for product in self.products.values()]
        return self._replace(buffers=buffers_of(places, product_ids=products))

    def names(self, held: Sequence[HeldLine] = ()) -> Names:
        """Return how events name places and products, those of held lines included: an order may leave some out."""
        places = {place.id: place.code for place in self.places.values()}
        skus = {product.id: product.sku for product in self.products.values()}
        if others := {line.product_id for line in held} - skus.keys():
            skus |= {identity: product.sku for identity, product in products_by_id(others).items()}
        if elsewhere := {line.place_id for line in held} - places.keys():
            places |= {identity: place.code for identity, place in places_by_id(elsewhere).items()}
        return Names(places, skus)

    def buffer(self, place: PlaceFacts, product: ProductFacts, channel: str) -> int:
        """Return what the place keeps back of the product from the channel."""
        return self.buffers.kept_back(place_id=place.id, channel=channel, product_id=product.id, unit=product.unit)


class Shortlist(NamedTuple):
    """The places that one request may be served from, in its order; `cut` when more than these looked possible.

    `whole`: at least one of them looked as if it served the request whole.
    """

    places: tuple[PlaceFacts, ...]
    cut: bool
    whole: bool = True


def load_world(requests: Sequence[OrderRequest], *, now: datetime) -> World:
    """Load every place, product and price that the requests name."""
    places = places_by_code({code for request in requests for code in request.places})
    products = products_by_sku({line.sku for request in requests for line in request.lines})
    product_ids = [product.id for product in products.values()]
    currencies = {place.id: place.currency for place in places.values()}
    prices = price_book(currencies, product_ids, at=now, loyalty=True)
    return World(places, products, prices)


def shortlist(requests: Mapping[int, OrderRequest], world: World, *, now: datetime) -> dict[int, Shortlist]:
    """Choose, from an unlocked read, at most three places for each request that look as if they serve it whole.

    Where none does, the first places asked stand, so that the refusal (or the part served) is decided under their lock.
    """
    several = {
        index: _priced(
            [world.places[code] for code in dict.fromkeys(request.places) if _serves(world, code)], request, world
        )
        for index, request in requests.items()
    }
    keys = {
        ShelfKey(place.id, End.SELLABLE, world.products[line.sku].id)
        for index, places in several.items()
        if len(places) > MOST_PLACES_LOCKED
        for place in places
        for line in requests[index].lines
    }
    if not keys:
        return {index: Shortlist(tuple(places), cut=False) for index, places in several.items()}
    free, world = available_at(keys, now=now), world.with_buffers()
    return {index: _shorten(requests[index], places, world, free) for index, places in several.items()}


def _serves(world: World, code: str) -> bool:
    return code in world.places and world.places[code].active


def _priced(places: list[PlaceFacts], request: OrderRequest, world: World) -> list[PlaceFacts]:
    """Return the places that have a price for every line; all of them where none has, so that the refusal says so."""
    if len(places) <= MOST_PLACES_LOCKED:
        return places
    products = [world.products[line.sku].id for line in request.lines]
    return [place for place in places if all((place.id, product) in world.prices for product in products)] or places


def _shorten(
    request: OrderRequest, places: Sequence[PlaceFacts], world: World, free: Mapping[ShelfKey, int]
) -> Shortlist:
    if len(places) <= MOST_PLACES_LOCKED:
        return Shortlist(tuple(places), cut=False)

    def spare(place: PlaceFacts, line: LineRequest) -> int:
        product = world.products[line.sku]
        kept = world.buffer(place, product, request.channel)
        return free.get(ShelfKey(place.id, End.SELLABLE, product.id), 0) - kept

    def covered(place: PlaceFacts) -> int:
        return sum(spare(place, line) >= line.quantity for line in request.lines)

    whole = [place for place in places if covered(place) == len(request.lines)]
    found = whole
    if request.partial:
        chosen = {place.id for place in whole}
        found = whole + [p for p in places if p.id not in chosen and any(spare(p, line) > 0 for line in request.lines)]
    if found:
        picked = {place.id for place in found[:MOST_PLACES_LOCKED]}
        short = tuple(place for place in places if place.id in picked)
        return Shortlist(short, cut=len(found) > MOST_PLACES_LOCKED, whole=bool(whole))
    closest = sorted(range(len(places)), key=lambda index: (-covered(places[index]), index))[:MOST_PLACES_LOCKED]
    return Shortlist(tuple(places[index] for index in sorted(closest)), cut=False)
