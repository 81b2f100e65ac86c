"""Which news concern the index, and of which products."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from onebasket.commerce.stock.rules.events import ShelfNews, StockChanged

PRODUCTS = ("product.changed", "product.retired")
PRICES = ("price.changed", "price.ended")
STOCK = ("stock.changed",)
TYPES = (*PRODUCTS, *PRICES, *STOCK)


class _OfProduct(msgspec.Struct, frozen=True):
    """What all news of a product and its prices say."""

    sku: str


_stock = msgspec.json.Decoder(StockChanged)
_named = msgspec.json.Decoder(_OfProduct)


class News(NamedTuple):
    """An event that concerns the index, as it was told."""

    type: str
    data: str


class Touched(NamedTuple):
    """SKUs of which something changed, and by place code which SKUs are on the shelf now (False: no more)."""

    skus: set[str]
    shelves: dict[str, dict[str, bool]]


def touched_by(news: Iterable[News]) -> Touched:
    """Return what events, in their order, say has changed; of a shelf the last counts."""
    found = Touched(set(), {})
    for item in news:
        if item.type in STOCK:
            told = _stock.decode(item.data)
            found.shelves.setdefault(told.place, {}).update((shelf.sku, _is_there(shelf)) for shelf in told.shelves)
        else:
            found.skus.add(_named.decode(item.data).sku)
    return found


def _is_there(shelf: ShelfNews) -> bool:
    return shelf.on_hand - shelf.reserved - shelf.held > 0
