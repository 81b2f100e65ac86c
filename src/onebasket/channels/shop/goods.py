"""Products as cards show them: picture, name, price, and where they are; many at once, in few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.urls import reverse
from django.utils.text import slugify

from onebasket.channels.shop import formats
from onebasket.channels.shop.drawing.choosing import Picture, picture_for
from onebasket.channels.shop.sizes import Named, take_apart
from onebasket.channels.shop.steps import Step, step_of
from onebasket.channels.shop.stores import Store, Stores
from onebasket.commerce.catalogue.queries.browsing import ShownProduct
from onebasket.commerce.pricing.queries import price_book
from onebasket.commerce.pricing.rules.book import PriceFacts
from onebasket.commerce.stock.queries import available_among, buffers_of

CHANNEL = "web"
NO_PLACE = 0
"""Has no price of its own: the chain's holds."""

FEW = 5
"""From so many pieces down a shopper is told how many are left."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What a product costs at the store: `amount` in minor units for `per`, and what a unit of its content costs."""

    amount: int
    currency: str
    text: str
    per: str
    unit_text: str


class Has(NamedTuple):
    """A store that has a product: how much of it, in steps, and how far it is."""

    store: Store
    metres: int | None
    free: int


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a product is: `here` steps at the chosen store (None: none is chosen), and which others have it."""

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
    price: Priced | None
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


def slug_of(name: str) -> str:
    """Return the readable part of a product's address."""
    return slugify(name) or "product"


def address_of(sku: str, name: str) -> str:
    """Return the address of a product's page."""
    return reverse("shop:product", args=[slug_of(name), sku])


def goods_for(
    products: Sequence[ShownProduct], stores: Stores, wanted: Mapping[str, int], *, now: datetime
) -> list[Good]:
    """Return the cards of products, in their order; `wanted` is the basket by SKU. Three statements."""
    if not products:
        return []
    prices = _prices(products, stores, now)
    free = _free(products, stores, now)
    return [
        Good(
            product=product,
            named=(named := take_apart(product.name)),
            picture=picture_for(product.sku, product.name, product.category, product.department),
            address=address_of(product.sku, product.name),
            price=priced(prices.get(product.id), product, named),
            where=whereabouts(free.get(product.id, {}), stores),
            wanted=wanted.get(product.sku, 0),
        )
        for product in products
    ]


def priced(facts: PriceFacts | None, product: ShownProduct, named: Named) -> Priced | None:
    """Return how a price is shown; None where there is none, and the product cannot be bought."""
    if facts is None:
        return None
    told = named.holds and product.unit == "each" and facts.per_quantity == 1
    return Priced(
        facts.amount,
        facts.currency,
        formats.money(facts.amount, facts.currency),
        formats.price_per(facts.per_quantity, product.unit, product.decimals),
        formats.unit_price(facts.amount, facts.currency, named.holds, named.per) if told else "",
    )


def whereabouts(free: Mapping[int, int], stores: Stores) -> Whereabouts:
    """Return where a product is, by what is free at each place id; other stores the nearest first."""
    others = tuple(Has(store, metres, free[store.place.id]) for store, metres in stores.by_distance(free))
    return Whereabouts(free.get(stores.chosen.place.id, 0) if stores.chosen else None, others)


def _prices(products: Sequence[ShownProduct], stores: Stores, now: datetime) -> dict[int, PriceFacts]:
    """Return what products cost at the chosen store; where none is chosen, what the chain asks."""
    at = stores.chosen or next(iter(stores.open.values()), None)
    if at is None:
        return {}
    place_id = at.place.id if stores.chosen else NO_PLACE
    book = price_book({place_id: at.place.currency}, [product.id for product in products], at=now)
    found = ((product.id, book.find((place_id, product.id))) for product in products)
    return {product_id: facts for product_id, facts in found if facts is not None}


def _free(products: Sequence[ShownProduct], stores: Stores, now: datetime) -> dict[int, dict[int, int]]:
    """Return by product id what each open store has left for the web, where that is anything; two statements."""
    units = {product.id: product.unit for product in products}
    free = available_among(stores.open, units, now=now)
    buffers = buffers_of(stores.open, product_ids=units)
    found: dict[int, dict[int, int]] = {}
    for (place, product), left in free.items():
        kept = buffers.kept_back(place_id=place, channel=CHANNEL, product_id=product, unit=units[product])
        if left > kept:
            found.setdefault(product, {})[place] = left - kept
    return found
