"""What is asked of search, and what it answers."""

from typing import Literal

import msgspec

Sort = Literal["relevance", "price", "price_desc", "popular"]
LONGEST_PAGE = 200
FARTHEST = 10_000
"""The last hit that can be paged to: nobody reads so far, and reaching it costs the same as finding all before it."""


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a shopper looks for. An empty text is everything, by what sells.

    `place_id` 0 is the whole chain. Prices are inclusive, in minor units of the place's currency (without a place, the
    chain's), per unit of the product: each, or kilogram. `available_only` counts at a place only.
    """

    text: str = ""
    department: str = ""
    category: str = ""
    brand: str = ""
    price_from: int | None = None
    price_to: int | None = None
    place_id: int = 0
    available_only: bool = False
    sort: Sort = "relevance"
    offset: int = 0
    limit: int = 24


class HitPrice(msgspec.Struct, frozen=True):
    """A shelf price: minor units of `currency` per `per_quantity` steps of the product's unit."""

    amount: int
    per_quantity: int
    currency: str


class Hit(msgspec.Struct, frozen=True):
    """A product found. `available` is what the place may still promise on the web now, in steps; None without a place.

    `exact` says that its SKU or barcode was asked for.
    """

    product_id: int
    sku: str
    name: str
    brand: str
    department: str
    category: str
    unit: str
    decimals: int
    weighed: bool
    price: HitPrice | None
    available: int | None
    exact: bool = False


class FacetValue(msgspec.Struct, frozen=True):
    """A value that the hits may be narrowed to, and how many hits there are with it."""

    value: str
    count: int
    chosen: bool = False


class PriceBand(msgspec.Struct, frozen=True):
    """Prices from `price_from` to `price_to`, both inclusive, in minor units; the last band has no end."""

    price_from: int
    price_to: int | None
    count: int


class Facets(msgspec.Struct, frozen=True):
    """How many hits there are by department, category, brand and price, and at the place.

    Each is counted under every narrowing but its own, so that another value can be chosen. `available` is None without
    a place; it may be some seconds old.
    """

    departments: tuple[FacetValue, ...] = ()
    categories: tuple[FacetValue, ...] = ()
    brands: tuple[FacetValue, ...] = ()
    prices: tuple[PriceBand, ...] = ()
    available: int | None = None


class SearchPage(msgspec.Struct, frozen=True):
    """A part of what was found, of `total`.

    `suggestion` is the text as it was read where a word had to be mended (did you mean), else empty. `relaxed` says
    that nothing has all that was asked for, and these have most of it.
    """

    hits: tuple[Hit, ...]
    facets: Facets
    total: int
    suggestion: str = ""
    relaxed: bool = False


class Suggestion(msgspec.Struct, frozen=True):
    """What somebody who types may mean: a kind of product or a category, and how many products there are of it."""

    text: str
    kind: Literal["product", "category"]
    count: int


class Suggested(msgspec.Struct, frozen=True):
    """What somebody who types may mean, likeliest first; `mended` is how the words were read, where one had to be."""

    items: tuple[Suggestion, ...] = ()
    mended: str = ""
