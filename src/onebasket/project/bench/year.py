"""The real chain's year for the benchmarks: derived once, loaded through the actions, sales as JSON lines."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from onebasket.channels.demo.chain import Chain, derive_chain
from onebasket.channels.demo.journey import read_baskets
from onebasket.channels.demo.loading import load_chain
from onebasket.channels.demo.receipts import steps_sold, write_jsonlines, year_receipts
from onebasket.channels.demo.slices import ALL_STORES, ChainSlice
from onebasket.commerce.stock.actions import book_movements
from onebasket.commerce.stock.rules.messages import FactKind, FactLine, StockFact

BEFORE_THE_YEAR = datetime(2016, 12, 31, tzinfo=UTC)
_LINES_A_FACT = 1_000
Say = Callable[[str], None]


def write_year(path: Path) -> int:
    """Write the year's receipts as JSON lines; return how many."""
    return write_jsonlines(path, year_receipts(derive_chain(ChainSlice(stores=ALL_STORES))))


def load_year_chain(source_id: int, say: Say) -> None:
    """Load places, products and prices, and on each shelf the stock that the year takes from it."""
    chain = derive_chain(ChainSlice(stores=ALL_STORES))
    load_chain(chain, source_id=source_id, priced_from=BEFORE_THE_YEAR, progress=lambda *_: None)
    say("the chain is loaded")
    facts = _deliveries(chain)
    while batch := list(islice(facts, 4)):
        book_movements(source_id, batch)
    say("the shelves are stocked")


def _deliveries(chain: Chain) -> Iterator[StockFact]:
    needed: Counter[tuple[str, str]] = Counter()
    for basket in read_baskets():
        for line in basket.lines:
            product = chain.products.get(line.product_id)
            if product and product.tracked:
                needed[str(basket.store_id), product.sku] += steps_sold(line, product, chain)
    by_place: dict[str, list[FactLine]] = {}
    for (place, sku), quantity in sorted(needed.items()):
        if quantity > 0:
            by_place.setdefault(place, []).append(FactLine(sku, quantity))
    for place, lines in by_place.items():
        for start in range(0, len(lines), _LINES_A_FACT):
            part = tuple(lines[start : start + _LINES_A_FACT])
            yield StockFact(f"bench-{place}-{start}", place, FactKind.DELIVERY, BEFORE_THE_YEAR, part)
