"""What a batch of changes of baskets is decided against, loaded and locked in a fixed number of statements."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant, as_uuid
from onebasket.commerce.catalogue.queries import known_products
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.locking import lock_baskets
from onebasket.commerce.orders.rules.basket import Basket, KeptBack, Line, Part
from onebasket.commerce.orders.rules.basket_changes import Known
from onebasket.commerce.places.queries import places_by_code, places_by_id
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.stock.actions.basket_holds import held_parts
from onebasket.commerce.stock.queries import buffers_of
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.events import Names


class Read(NamedTuple):
    """Locked baskets by id, and their lines as rows: (basket id, product id, number, quantity, held)."""

    baskets: dict[UUID, Basket]
    lines: list[Row]


def lock_and_read(ids: Iterable[UUID]) -> Read:
    """Lock baskets and read their lines; what they hold is read under the shelves' lock."""
    rows = lock_baskets(ids)
    if not rows:
        return Read({}, [])
    places = places_by_id({row[2] for row in rows})
    baskets = {as_uuid(row[0]): _basket(row, places) for row in rows}
    # Apart from the lock: rows that are joined to it would be those of before a wait for it.
    sql = (
        "SELECT basket_id, product_id, number, quantity, held FROM orders_basketline "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('basket_id')}"
    )
    return Read(baskets, bulk.fetch(sql, [bulk.list_parameter(baskets)]))


def load_known(read: Read, *, codes: Collection[str] = (), skus: Collection[str] = ()) -> Known:
    """Load the places and products that requests name, and give the baskets their lines; what expired is not held."""
    by_sku, by_id = known_products(skus=skus, ids={row[1] for row in read.lines})
    for basket, product, number, quantity, held in read.lines:
        line = Line(by_id[product], number, quantity, held, (quantity, held))
        read.baskets[as_uuid(basket)].lines[product] = line
    return Known(places_by_code(codes) if codes else {}, by_sku)


def _basket(row: Row, places: Mapping[int, PlaceFacts]) -> Basket:
    (
        identity, source, place, channel, loyalty_number, state, version, slot, coupons, held_since, held_until,
        renewals, numbers, opened_at,
    ) = row  # fmt: skip
    opened = as_instant(opened_at)
    assert opened is not None  # noqa: S101 - the column is not null
    return Basket(
        id=as_uuid(identity),
        source_id=source,
        channel=channel,
        place=places[place],
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
    )


def _coupons(value: Any) -> Sequence[str]:  # noqa: ANN401 - as the driver gives it
    found: Sequence[str] = json.loads(value) if isinstance(value, str) else value
    return found


def settle_time(baskets: Iterable[Basket], now: datetime) -> None:
    """Forget what lines held where the time is over: their shelves have given it back, or will."""
    for basket in baskets:
        if basket.is_over(now):
            for line in basket.lines.values():
                line.held = 0


def load_parts(baskets: Mapping[UUID, Basket], *, now: datetime) -> None:
    """Read what baskets hold, their shelves being locked."""
    held = [identity for identity, basket in baskets.items() if basket.has_hold]
    for part in held_parts(held, now=now) if held else []:
        basket = baskets[part.hold_id]
        if line := basket.lines.get(part.product_id):
            own = Part(part.id, part.number, part.place_id, line.product, part.quantity, part.quantity)
            basket.parts[part.product_id] = own


def kept_back_at(keys: Iterable[ShelfKey]) -> KeptBack:
    """Read what is kept back of locked shelves."""
    shelves = list(keys)
    buffers = buffers_of({key.place_id for key in shelves}, product_ids={key.product_id for key in shelves})

    def kept_back(place: PlaceFacts, product: ProductFacts, channel: str) -> int:
        return buffers.kept_back(place_id=place.id, channel=channel, product_id=product.id, unit=product.unit)

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
