"""Which offers are the same thing, and the same thing as a product of our own: those of one GTIN, and none else.

A GTIN names one trade item wherever it is sold (GS1 General Specifications, section 2.1). What has none is alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec


class Why(StrEnum):
    """Why offers are told together, or with a product of our own."""

    SAME_GTIN = "same_gtin"
    ALONE = "alone"


class Listed(NamedTuple):
    """An offer to be grouped. `is_there`: it can be had now.

    `amount` (None: it has no price) and `shipping` (None: not stated) are in one currency for all.
    """

    id: int
    gtin: str
    amount: int | None
    shipping: int | None
    is_there: bool


class SameThing(msgspec.Struct, frozen=True):
    """Offers of the same thing by id, the one to be told first at the front, and our own product that it is.

    `why` says by what they were brought together, which `gtin` is.
    """

    offers: tuple[int, ...]
    gtin: str = ""
    product_id: int | None = None
    why: Why = Why.ALONE


def group_offers(offers: Sequence[Listed], products: Mapping[str, int]) -> list[SameThing]:
    """Return the things that are offered, in the order in which the first offer of each stands; none stands twice.

    `products` are our own by GTIN-14. Within a thing what can be had comes first, then what costs least with the
    shipping that is stated, then what states it, then the older offer.
    """
    things: dict[str | int, list[Listed]] = {}
    for offer in offers:
        things.setdefault(offer.gtin or offer.id, []).append(offer)
    return [_thing(each, products) for each in things.values()]


def cheapest_first(offers: Iterable[Listed]) -> list[Listed]:
    """Return offers of one thing in the order in which they are told."""
    return sorted(offers, key=_order)


def _thing(offers: Sequence[Listed], products: Mapping[str, int]) -> SameThing:
    gtin = offers[0].gtin
    ids = tuple(dict.fromkeys(offer.id for offer in cheapest_first(offers)))
    product_id = products.get(gtin) if gtin else None
    together = product_id is not None or len(ids) > 1
    return SameThing(ids, gtin, product_id, Why.SAME_GTIN if together else Why.ALONE)


def _order(offer: Listed) -> tuple[bool, bool, int, bool, int]:
    whole = (offer.amount or 0) + (offer.shipping or 0)
    return not offer.is_there, offer.amount is None, whole, offer.shipping is None, offer.id
