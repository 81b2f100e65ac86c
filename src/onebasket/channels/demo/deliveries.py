"""Derived deliveries and opening stock as the messages that a supplier or a count would send."""

from collections.abc import Callable, Container, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

import msgspec

from onebasket.channels.demo.stock import ChainDelivery, ChainStock
from onebasket.commerce.stock.rules.messages import FactKind, FactLine, StockFact

LABEL = "derived"
SHELVES_A_FACT = 500
WEB_GRAMS = 1_000
Item = TypeVar("Item")
Timed = Callable[[datetime], datetime]
"""Says at which real time an instant of the data lies."""


def delivery_facts(delivery: ChainDelivery, *, at: datetime, suffix: str) -> list[StockFact]:
    """Return a delivery as facts that occurred `at`, of at most 500 lines each; `suffix` sets their keys apart."""
    return [
        StockFact(
            f"{delivery.key}-{number}-{suffix}", delivery.place, FactKind.DELIVERY, at,
            tuple(FactLine(sku, quantity) for sku, quantity in lines), reference=LABEL,
        )
        for number, lines in enumerate(batches(delivery.lines, SHELVES_A_FACT))
    ]  # fmt: skip


def with_web_share(delivery: ChainDelivery, wanted: Container[str], *, weighed: Container[str]) -> ChainDelivery:
    """Return the delivery with a piece (or a kilogram) more of what web shoppers want: tills are not all that sells."""
    lines = (
        (sku, quantity + (0 if sku not in wanted else WEB_GRAMS if sku in weighed else 1))
        for sku, quantity in delivery.lines
    )
    return msgspec.structs.replace(delivery, lines=tuple(lines))


def opening_facts(stock: ChainStock, *, timed: Timed, suffix: str) -> Iterator[StockFact]:
    """Yield the opening stock as counts, a second before the history begins."""
    by_place: dict[str, list[FactLine]] = {}
    for shelf in stock.opening:
        by_place.setdefault(shelf.place, []).append(FactLine(shelf.sku, shelf.quantity))
    at = timed(stock.begins_at - timedelta(seconds=1))
    for place, lines in by_place.items():
        for number, part in enumerate(batches(lines, SHELVES_A_FACT)):
            key = f"opening-{place}-{number}-{suffix}"
            yield StockFact(key, place, FactKind.COUNT, at, tuple(part), reference=LABEL)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield neighbouring items in lists of at most `size`."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
