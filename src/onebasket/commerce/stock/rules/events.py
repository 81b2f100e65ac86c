"""The stock's events: the data of each type."""

from collections.abc import Mapping

import msgspec


class Names(msgspec.Struct, frozen=True):
    """How events name places and products: codes and SKUs by id."""

    places: Mapping[int, str]
    skus: Mapping[int, str]


class ShelfNews(msgspec.Struct, frozen=True, gc=False):
    """A sellable shelf's figures after the change, in steps of the product's unit; buffers are not taken off."""

    sku: str
    on_hand: int
    reserved: int
    held: int


class StockChanged(msgspec.Struct, frozen=True):
    """Shelves of one place that one batch has changed (at most 500 an event)."""

    place: str
    shelves: list[ShelfNews]


class PromiseAtRisk(msgspec.Struct, frozen=True, gc=False):
    """An order line that the goods on hand do not cover, by `short` steps."""

    order: str
    line: int
    short: int


class BreachNews(msgspec.Struct, frozen=True):
    """On hand fell below reserved (opened), the gap changed, or it is closed (shortfall 0)."""

    place: str
    sku: str
    shortfall: int
    at_risk: list[PromiseAtRisk]


class DiscrepancyNews(msgspec.Struct, frozen=True):
    """On hand fell below zero on a shelf state (opened), or is sane again (closed)."""

    place: str
    sku: str
    state: str
    on_hand: int


class HoldNews(msgspec.Struct, frozen=True):
    """A basket's promise was taken, given back, or has expired."""

    hold: str
    place: str
    expires_at: str
    lines: list[tuple[str, int]]


class BufferNews(msgspec.Struct, frozen=True):
    """A place keeps so much back from a channel ('' is every channel): of a product, or of each product in a unit."""

    place: str
    channel: str
    sku: str
    unit: str
    quantity: int


EVENTS: dict[str, type[msgspec.Struct]] = {
    "stock.changed": StockChanged,
    "breach.opened": BreachNews,
    "breach.changed": BreachNews,
    "breach.closed": BreachNews,
    "discrepancy.opened": DiscrepancyNews,
    "discrepancy.closed": DiscrepancyNews,
    "hold.placed": HoldNews,
    "hold.released": HoldNews,
    "hold.expired": HoldNews,
    "buffer.set": BufferNews,
}
