"""What may still be promised, everywhere, for one product."""

from typing import Annotated

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.base.clock import database_now
from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.catalogue import find_by_barcode
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import Channel, PlaceCode, Sku
from onebasket.channels.api.problems import refuse, unknown
from onebasket.channels.api.tokens import narrow_to
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.stock.queries import available_everywhere


class AvailabilityQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which product, by SKU or barcode; on which channel; at one place or at every place."""

    sku: Sku | None = None
    barcode: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    channel: Channel = "web"
    place: PlaceCode | None = None


class PlaceAvailability(msgspec.Struct, frozen=True):
    """A place's sellable shelf; `available` is what may still be promised. Steps of the product's unit."""

    place: str
    on_hand: int
    reserved: int
    held: int
    buffer: int
    available: int


class ProductAvailability(msgspec.Struct, frozen=True):
    """A product's availability at every active place that has a shelf for it, by place code."""

    sku: str
    name: str
    unit: str
    decimals: int
    channel: str
    places: tuple[PlaceAvailability, ...]


@endpoint(
    "GET",
    "/stock/availability",
    Contract(scope="stock:read", query=AvailabilityQuery, answers={200: ProductAvailability}, errors=(404,)),
)
def get_availability(call: Call) -> HttpResponse:
    """Get what is available of a product, place by place.

    Name the product by `sku` or by `barcode`, as scanned. Available is on hand less reserved, held and the channel's
    buffer; it may be negative after a till sale.
    """
    query = call.query
    narrow_to(call.caller, query.place)
    product = _find(query)
    wanted = call.caller.places if query.place is None else {query.place}
    rows = available_everywhere(product.id, channel=query.channel, now=database_now())
    places = tuple(
        PlaceAvailability(row.place, row.on_hand, row.reserved, int(row.held), row.buffer, int(row.available))
        for row in rows
        if wanted is None or row.place in wanted
    )
    return reply(
        ProductAvailability(product.sku, product.name, product.unit, product.decimals, query.channel, places)
    )  # fmt: skip


def _find(query: AvailabilityQuery) -> ProductFacts:
    if (query.sku is None) == (query.barcode is None):
        raise refuse(422, "one_of", "Name the product by sku or by barcode: one of the two.")
    if query.sku is not None:
        found = products_by_sku([query.sku]).get(query.sku)
    else:
        found = next(iter(find_by_barcode(query.barcode or "")), None)
    if found is None:
        raise unknown("product")
    return found
