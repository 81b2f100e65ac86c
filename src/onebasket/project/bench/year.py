"""`python -m onebasket.project.bench.year FILE SOURCE`: the real chain's year for the benchmarks, derived once.

It loads places, products, prices and stock through the actions, and writes the sales as JSON lines. A program of its
own, so that what the derivation keeps in memory is not counted to those who load.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402 - after Django is set up

from onebasket.base.bulk import is_postgresql  # noqa: E402
from onebasket.base.tuning import LOADING, tune_process, tune_writer  # noqa: E402
from onebasket.channels.demo.chain import Chain, derive_chain  # noqa: E402
from onebasket.channels.demo.journey import read_baskets  # noqa: E402
from onebasket.channels.demo.loading import load_chain  # noqa: E402
from onebasket.channels.demo.receipts import steps_sold, write_jsonlines, year_receipts  # noqa: E402
from onebasket.channels.demo.slices import ALL_STORES, ChainSlice  # noqa: E402
from onebasket.commerce.stock.actions import book_movements  # noqa: E402
from onebasket.commerce.stock.rules.messages import FactKind, FactLine, StockFact  # noqa: E402

BEFORE_THE_YEAR = datetime(2016, 12, 31, tzinfo=UTC)
_TIMES_SOLD = 2
"""Each shelf gets what the year takes from it, and that again for what is sold again under other keys."""
_LINES_A_FACT = 1_000


def prepare(year: Path, *, source_id: int) -> None:
    """Load the chain and write the year's receipts to the file, in a process of its own."""
    command = [sys.executable, "-m", "onebasket.project.bench.year", str(year), str(source_id)]
    subprocess.run(command, check=True)  # noqa: S603 - our own program


def main(year: Path, *, source_id: int) -> None:
    """Load places, products, prices and stock, and write the year's receipts as JSON lines."""
    tune_process()
    tune_writer(LOADING)
    chain = derive_chain(ChainSlice(stores=ALL_STORES))
    load_chain(chain, source_id=source_id, priced_from=BEFORE_THE_YEAR, progress=lambda *_: None)
    facts = _deliveries(chain)
    while batch := list(islice(facts, 4)):
        book_movements(source_id, batch)
    write_jsonlines(year, year_receipts(chain))
    _come_to_rest()


def _come_to_rest() -> None:
    """Leave the database as it is some time after a load: what it would do in the background is done."""
    statements = ("VACUUM (ANALYZE)", "CHECKPOINT") if is_postgresql() else ("PRAGMA wal_checkpoint(TRUNCATE)",)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _deliveries(chain: Chain) -> Iterator[StockFact]:
    needed: Counter[tuple[str, str]] = Counter()
    for basket in read_baskets():
        for line in basket.lines:
            product = chain.products.get(line.product_id)
            if product and product.tracked:
                needed[str(basket.store_id), product.sku] += _TIMES_SOLD * steps_sold(line, product, chain)
    by_place: dict[str, list[FactLine]] = {}
    for (place, sku), quantity in sorted(needed.items()):
        if quantity > 0:
            by_place.setdefault(place, []).append(FactLine(sku, quantity))
    for place, lines in by_place.items():
        for start in range(0, len(lines), _LINES_A_FACT):
            part = tuple(lines[start : start + _LINES_A_FACT])
            yield StockFact(f"bench-{place}-{start}", place, FactKind.DELIVERY, BEFORE_THE_YEAR, part)


if __name__ == "__main__":
    main(Path(sys.argv[1]), source_id=int(sys.argv[2]))
