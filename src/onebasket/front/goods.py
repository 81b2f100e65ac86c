"""Products as cards show them: picture, name, price, and where they are; many at once, in few statements."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.catalogue.queries.browsing import ShownProduct
from onebasket.commerce.stock.queries import available_among, buffers_of
from onebasket.front import formats
from onebasket.front.drawing.choosing import Picture, picture_for
from onebasket.front.pricetags import PriceTag, price_tags
from onebasket.front.sizes import Named, take_apart
from onebasket.front.steps import Step, step_of
from onebasket.front.stores import Store, Stores

FEW = 5
"""From so many pieces down a shopper is told how many are left."""


class Has(NamedTuple):
    """A store that has a product: how much of it, in steps, and how far it is."""

    store: Store
    metres: int | None
    free: int


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a product is: `here` steps at the chosen store (None: none is chosen); else which others have it."""

    here: int | None
    elsewhere: tuple[Has, ...]

    @property
    def state(self) -> str:
        """Return here, elsewhere or nowhere."""
        if self.here:
            return "here"
        return "elsewhere" if self.elsewhere else "nowhere"


@dataclass(frozen=True, slots=True)
class Good:
    """A product on a card."""

    product: ShownProduct
    named: Named
    picture: Picture
    address: str
    price: PriceTag | None
    where: Whereabouts
    wanted: int = 0
    """How much of it the shopper's basket wants, in steps."""

    @property
    def step(self) -> Step:
        """Return by how much it is taken."""
        return step_of(self.product)

    @property
    def fewer(self) -> int:
        """Return how much is wanted with one step less."""
        return max(0, self.wanted - self.step.more)

    @property
    def more(self) -> int:
        """Return how much is wanted with one step more: the first time as much as one begins with."""
        return self.wanted + self.step.more if self.wanted else self.step.first

    @property
    def few(self) -> str:
        """Return how much is left here where that is little, else nothing."""
        here, product = self.where.here or 0, self.product
        if not 0 < here <= FEW * 10**product.decimals:
            return ""
        return formats.quantity(here, product.unit, product.decimals)


def goods_for(
    products: Sequence[ShownProduct],
    stores: Stores,
    wanted: Mapping[str, int],
    *,
    address: Callable[[str, str], str],
    card: str,
    now: datetime,
) -> list[Good]:
    """Return the cards of products, in their order; `wanted` is the basket by SKU, `card` the loyalty card shown.

    `address` gives the page of a SKU and its name, in the channel that shows the cards.
    """
    if not products:
        return []
    named = {product.id: take_apart(product.name) for product in products}
    tags = price_tags([(product, named[product.id]) for product in products], stores, card=card, now=now)
    free = _free(products, stores, now)
    return [
        Good(
            product=product,
            named=named[product.id],
            picture=picture_for(product.sku, product.name, product.category, product.department),
            address=address(product.sku, product.name),
            price=tags.get(product.id),
            where=whereabouts(free.get(product.id, {}), stores),
            wanted=wanted.get(product.sku, 0),
        )
        for product in products
    ]


def whereabouts(free: Mapping[int, int], stores: Stores) -> Whereabouts:
    """Return where a product is, by what is free at each place id; other stores the nearest first."""
    others = tuple(Has(store, metres, free[store.place.id]) for store, metres in stores.by_distance(free))
    return Whereabouts(free.get(stores.chosen.place.id, 0) if stores.chosen else None, others)


def _free(products: Sequence[ShownProduct], stores: Stores, now: datetime) -> dict[int, dict[int, int]]:
    """Return by product id what is left for the channel at the chosen store, and of what it has not at every other.

    Two statements, four where the chosen store lacks something.
    """
    units = {product.id: product.unit for product in products}
    if stores.chosen is None:
        return _left(stores.open, units, stores.channel, now)
    here = _left([stores.chosen.place.id], units, stores.channel, now)
    lacking = {identity: unit for identity, unit in units.items() if identity not in here}
    return here | (_left(stores.open, lacking, stores.channel, now) if lacking else {})


def _left(place_ids: Iterable[int], units: Mapping[int, str], channel: str, now: datetime) -> dict[int, dict[int, int]]:
    """Return what places have left of products (their units by id), where that is anything; two statements."""
    places = list(place_ids)
    free = available_among(places, units, now=now)
    buffers = buffers_of(places, product_ids=units)
    found: dict[int, dict[int, int]] = {}
    for (place, product), left in free.items():
        kept = buffers.kept_back(place_id=place, channel=channel, product_id=product, unit=units[product])
        if left > kept:
            found.setdefault(product, {})[place] = left - kept
    return found
