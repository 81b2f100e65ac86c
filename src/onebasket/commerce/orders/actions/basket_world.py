"""What a batch of changes of baskets is decided against, loaded and locked in a fixed number of statements."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant, as_uuid
from onebasket.commerce.catalogue.queries import ask_products
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.locking import ask_baskets
from onebasket.commerce.orders.rules.basket import Basket, KeptBack, Line, Part
from onebasket.commerce.orders.rules.basket_changes import Known, Shelves
from onebasket.commerce.orders.rules.offering import BasketOffer
from onebasket.commerce.places.queries import ask_places, facts
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.slots.rules.book import SlotBook
from onebasket.commerce.stock.actions import ask_book
from onebasket.commerce.stock.actions.basket_holds import ask_held_parts
from onebasket.commerce.stock.queries import ask_buffers
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.events import Names

_LINES = "SELECT basket_id, product_id, number, quantity, held FROM orders_basketline WHERE {}"


class Read(NamedTuple):
    """Locked baskets by id with their lines, and the places and products that were named beside theirs."""

    baskets: dict[UUID, Basket]
    known: Known


def ask_world(
    ids: Collection[UUID], *, codes: Collection[str] = (), skus: Collection[str] = ()
) -> Callable[[datetime], Read]:
    """Lock baskets, and read their lines and what else requests name; what they hold is read under the shelves' lock.

    What has expired by the time that the answer is called with is not held: its shelves have given it back, or will.
    """
    locked = ask_baskets(ids) if ids else None
    # Apart from the lock: rows that are joined to it would be those of before a wait for it.
    lines = bulk.ask(_LINES.format(bulk.in_list("basket_id")), [bulk.list_parameter(ids)]) if ids else None
    places, products = ask_places(codes), ask_products()

    def read(now: datetime) -> Read:
        baskets = {basket.id: basket for basket in map(_basket, locked.rows())} if locked else {}
        rows = lines.rows() if lines else []
        by_sku, by_id = products(skus, {row[1] for row in rows})
        for basket, product, number, quantity, held in rows:
            line = Line(by_id[product], number, quantity, held, (quantity, held))
            baskets[as_uuid(basket)].lines[product] = line
        _settle_time(baskets.values(), now)
        return Read(baskets, Known(places(), by_sku))

    return read


def _basket(row: Row) -> Basket:
    (
        identity, source, channel, loyalty_number, state, version, slot, coupons, held_since, held_until,
        renewals, numbers, opened_at, offers, *place,
    ) = row  # fmt: skip
    opened = as_instant(opened_at)
    assert opened is not None  # noqa: S101 - the column is not null
    return Basket(
        id=as_uuid(identity),
        source_id=source,
        channel=channel,
        place=facts(tuple(place)),
        loyalty_number=loyalty_number,
        opened_at=opened,
        state=state,
        version=version,
        kept_version=version,
        slot_id=slot,
        coupons=tuple(_coupons(coupons)),
        held_since=as_instant(held_since),
        held_until=as_instant(held_until),
        renewals=renewals,
        numbers=numbers,
        has_hold=numbers > 0,
        kept_until=as_instant(held_until),
        offers=read_offers(offers),
    )


def _coupons(value: Any) -> Sequence[str]:  # noqa: ANN401 - as the driver gives it
    found: Sequence[str] = json.loads(value) if isinstance(value, str) else value
    return found


def read_offers(kept: Any) -> dict[int, BasketOffer]:  # noqa: ANN401 - as the driver gives it
    """Return a basket's offers by id, out of their column."""
    if kept in (None, "[]", []):
        return {}
    rows = json.loads(kept) if isinstance(kept, str) else kept
    return {one.offer: one for one in msgspec.convert(rows, list[BasketOffer])}


def _settle_time(baskets: Iterable[Basket], now: datetime) -> None:
    for basket in baskets:
        if basket.is_over(now):
            for line in basket.lines.values():
                line.held = 0


def lock_shelves_of(
    keys: Collection[ShelfKey], baskets: Mapping[UUID, Basket], slots: bulk.Later[SlotBook], *, now: datetime
) -> Shelves:
    """Lock shelves, after the slots that were asked for, and read what is kept back of them and what baskets hold."""
    book = ask_book(keys, now=now)
    parts = ask_held_parts([one for one, basket in baskets.items() if basket.has_hold], now=now)
    kept_back = kept_back_at(keys)
    opened = Shelves(book(), kept_back, slots(), now)
    for part in parts():
        basket = baskets[part.hold_id]
        if line := basket.lines.get(part.product_id):
            own = Part(part.id, part.number, part.place_id, line.product, part.quantity, part.quantity)
            basket.parts[part.product_id] = own
    return opened


def kept_back_at(keys: Collection[ShelfKey]) -> KeptBack:
    """Ask what is kept back of locked shelves; it is waited for when the first of it is wanted."""
    asked = ask_buffers({key.place_id for key in keys}, product_ids={key.product_id for key in keys})

    def kept_back(place: PlaceFacts, product: ProductFacts, channel: str) -> int:
        return asked().kept_back(place_id=place.id, channel=channel, product_id=product.id, unit=product.unit)

    return kept_back


def names_of(known: Known, baskets: Iterable[Basket]) -> Names:
    """Return how events name the places and products of these baskets and of what was asked of them."""
    places = {place.id: place.code for place in known.places.values()}
    skus = {product.id: product.sku for product in known.products.values()}
    for basket in baskets:
        places |= {place.id: place.code for place in (basket.place, *basket.left)}
        for line in [*basket.lines.values(), *basket.dropped]:
            skus[line.product.id] = line.product.sku
        for part in [*basket.parts.values(), *basket.freed]:
            skus[part.product.id] = part.product.sku
    return Names(places, skus)
