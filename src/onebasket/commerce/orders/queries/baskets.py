"""Baskets as shop fronts read them: how one stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant
from onebasket.commerce.catalogue.queries import ask_products
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.rules.baskets import BasketLineState, BasketStands
from onebasket.commerce.orders.rules.offering import BasketOffer
from onebasket.commerce.places.queries import PLACE_COLUMNS, facts
from onebasket.commerce.places.rules import PlaceFacts

_HEAD = (
    "SELECT b.version, b.state, b.channel, b.held_since, b.held_until, b.slot_id, b.coupons, "  # noqa: S608 - constants
    f"b.loyalty_number, b.offers, {PLACE_COLUMNS} FROM orders_basket b JOIN places_place p ON p.id = b.place_id "
    "WHERE b.id = %s AND b.source_id = %s"
)
_LINES = "SELECT product_id, quantity, held FROM orders_basketline WHERE basket_id = %s ORDER BY number"
_decode = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_offers = msgspec.json.Decoder(tuple[BasketOffer, ...]).decode


class BasketFacts(NamedTuple):
    """A basket as it stands, its place, and the products of its lines by SKU."""

    stands: BasketStands
    place: PlaceFacts
    products: Mapping[str, ProductFacts]


def read_basket(
    source_id: int, identity: UUID, *, now: datetime, places: frozenset[str] | None = None
) -> BasketStands | None:
    """Return how a source's basket stands at an instant; None where there is none that it may see.

    What has expired is not held any more; the next change holds it anew.
    """
    with bulk.together():
        found = ask_basket(source_id, identity)(now)
    return found.stands if found and (places is None or found.place.code in places) else None


def ask_basket(source_id: int, identity: UUID) -> "AskedBasket":
    """Ask for a source's basket, its lines and its place, in three statements."""
    key = bulk.uuid_parameter(identity)
    return AskedBasket(identity, bulk.ask(_HEAD, [key, source_id]), bulk.ask(_LINES, [key]))


class AskedBasket:
    """A basket that was asked for."""

    def __init__(self, identity: UUID, head: bulk.Asked, lines: bulk.Asked) -> None:
        self._identity, self._head, self._lines = identity, head, lines
        self._products = ask_products()

    def __call__(self, now: datetime) -> BasketFacts | None:
        """Return how it stands at an instant; None where the source has none of this id."""
        heads, lines = self._head.rows(), self._lines.rows()
        if not heads:
            return None
        _, products = self._products((), {row[0] for row in lines})
        return _facts(self._identity, heads[0], [(products[product], *rest) for product, *rest in lines], now)


def _facts(identity: UUID, head: Row, lines: list[Row], now: datetime) -> BasketFacts:
    version, state, channel, since, until, slot, coupons, loyalty_number, offers, *place = head
    found, held_until = facts(tuple(place)), as_instant(until)
    over = held_until is not None and held_until <= now
    stands = BasketStands(
        id=identity,
        version=version,
        state=state,
        place=found.code,
        channel=channel,
        currency=found.currency,
        lines=tuple(BasketLineState(product.sku, quantity, 0 if over else held) for product, quantity, held in lines),
        held_since=as_instant(since),
        held_until=held_until,
        slot=slot,
        coupons=_decode(coupons) if isinstance(coupons, str) else tuple(coupons),
        loyalty_number=loyalty_number,
        offers=_decode_offers(offers) if isinstance(offers, str) else msgspec.convert(offers, tuple[BasketOffer, ...]),
    )
    return BasketFacts(stands, found, {product.sku: product for product, *_ in lines})
