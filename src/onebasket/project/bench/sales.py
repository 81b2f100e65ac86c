"""`bench sales`, `bench stock` and `bench audit`: the year's receipts in process, and reads of what they leave."""

import resource
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from queue import Queue

import msgspec

from onebasket.base.bulk import fetch
from onebasket.base.clock import database_now
from onebasket.base.committer import perform
from onebasket.base.tuning import LOADING, tune_process, tune_writer
from onebasket.channels.files.jsonlines import read_jsonlines
from onebasket.channels.files.messages import Parsed
from onebasket.commerce.books.actions import set_earning_rule
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.actions.journalising import Journalising
from onebasket.commerce.sales.rules.receipt import Receipt
from onebasket.commerce.stock.actions import book_movements
from onebasket.commerce.stock.queries import available_everywhere
from onebasket.commerce.stock.rules.messages import FactKind, FactLine, StockFact
from onebasket.project.auditing import audit, differences
from onebasket.project.bench.driver import percentile
from onebasket.project.bench.limits import measure_limit
from onebasket.project.bench.report import Figure, share

BATCH = 1_000
LIMIT_RECEIPTS = 15_000
READ_AHEAD = 2
BANANAS = "1082185"
STOCKED = 50
BEFORE_THE_YEAR = date(2016, 1, 1)
LOOKS = 500
AUDIT_SECONDS = 15


def receipts_of(path: Path) -> Iterator[Receipt]:
    """Stream the receipts of a JSON-lines file."""
    with path.open("rb", buffering=1 << 20) as file:
        yield from (message.receipt for message in read_jsonlines(file) if isinstance(message, Parsed))


def sold_again(receipt: Receipt, *, stem: str) -> Receipt:
    """Return the receipt under another key."""
    return msgspec.structs.replace(receipt, key=f"{stem}-{receipt.key}")


def batches_of(path: Path, *, most: int) -> Iterator[list[Receipt]]:
    """Stream the first receipts of a file, at most so many, in batches that a thread reads a little ahead."""
    ahead: Queue[list[Receipt] | None] = Queue(READ_AHEAD)

    def read() -> None:
        receipts = islice(receipts_of(path), most)
        while batch := list(islice(receipts, BATCH)):
            ahead.put(batch)
        ahead.put(None)

    threading.Thread(target=read, name="reader", daemon=True).start()
    while (batch := ahead.get()) is not None:
        yield batch


def lines_in(batch: Sequence[Receipt]) -> int:
    """Return how many lines the receipts have."""
    return sum(len(receipt.lines) for receipt in batch)


class YearRun:
    """The year's receipts booked in process: lines, seconds, and how it went along the way."""

    def __init__(self) -> None:
        self.lines = 0
        self.receipts = 0
        self.seconds = 0.0
        self.times: list[float] = []
        self.growth: list[tuple[int, float]] = []

    def book(self, source_id: int, batches: Iterator[list[Receipt]]) -> None:
        """Book batch after batch; notes the rate each time that the lines have grown by half a power of ten."""
        tune_process()
        tune_writer(LOADING)
        mark, since_lines, begins = 10_000, 0, time.perf_counter()
        since = begins
        for batch in batches:
            started = time.perf_counter()
            perform(partial(book_sales, source_id), batch)
            now = time.perf_counter()
            self.times.append((now - started) * 1000)
            self.lines += lines_in(batch)
            self.receipts += len(batch)
            if self.lines >= mark:
                self.growth.append((self.lines, (self.lines - since_lines) / (now - since)))
                mark, since, since_lines = int(self.lines * 10**0.5), now, self.lines
        self.seconds += time.perf_counter() - begins


def bench_sales(source_id: int, path: Path, *, at_most: int | None = None) -> tuple[Figure, YearRun]:
    """Book the year from JSON lines; the bare writer's limit is taken on its last receipts, sold once more after it."""
    total = sum(1 for _ in path.open("rb")) if at_most is None else at_most
    run = YearRun()
    run.book(source_id, batches_of(path, most=total))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    last = [sold_again(r, stem="limit") for r in islice(receipts_of(path), max(0, total - LIMIT_RECEIPTS), total)]
    kept = [last[start : start + BATCH] for start in range(0, len(last), BATCH)]
    seconds = measure_limit([partial(book_sales, source_id, batch) for batch in kept], tuning=LOADING)
    limit = lines_in(last) / seconds
    rate = run.lines / run.seconds
    ordered = sorted(run.times)
    figure = Figure(
        "sales",
        f"{run.lines:,} receipt lines in process from JSON lines, {BATCH} receipts a batch",
        rate,
        "lines/s",
        limit=limit,
        limit_is="bare writer",
        ratio=share(rate, limit),
        details={
            "receipts": run.receipts,
            "batch p50 ms": percentile(ordered, 50),
            "batch p99 ms": percentile(ordered, 99),
            "lines/s as the ledger grew": {lines: round(each) for lines, each in run.growth},
            "most memory of the loading process, MB": memory,
        },
    )
    return figure, run


def bench_journal() -> Figure:
    """Journalise what is loaded, points with it; leaves nothing for a hub to do."""
    set_earning_rule(EarningRule("USD", BEFORE_THE_YEAR, 1, 100, ("FUEL",)), actor="bench")
    tune_writer()
    job, times, receipts = Journalising(), [], 0
    begins = time.perf_counter()
    while (started := time.perf_counter()) and (done := job.batch()):
        times.append((time.perf_counter() - started) * 1000)
        receipts += done
    seconds = time.perf_counter() - begins
    times.sort()
    ((postings,),) = fetch("SELECT COUNT(*) FROM books_posting")
    return Figure(
        "journal",
        "the receipts of sales in the double-entry journal, with points, in process",
        receipts / seconds,
        "receipts/s",
        details={"postings": postings, "turn p50 ms": percentile(times, 50), "turn p99 ms": percentile(times, 99)},
    )


def bench_stock(source_id: int) -> Figure:
    """Availability of one product at every place, with a shelf at each."""
    product = products_by_sku([BANANAS])[BANANAS]
    _stock_everywhere(source_id)
    times: list[float] = []
    places = 0
    now = database_now()
    for _ in range(LOOKS):
        begins = time.perf_counter()
        places = len(available_everywhere(product.id, channel="web", now=now))
        times.append((time.perf_counter() - begins) * 1000)
    times.sort()
    return Figure(
        "stock",
        f"availability of bananas at {places} places, year loaded, in process",
        percentile(times, 99),
        "ms p99",
        details={"p50 ms": percentile(times, 50), "looks": LOOKS},
    )


def _stock_everywhere(source_id: int) -> None:
    """Deliver the product to every place of the chain, also where the year sold none."""
    arrived = database_now()
    facts = (
        StockFact(
            f"bench-everywhere-{place.code}", place.code, FactKind.DELIVERY, arrived, (FactLine(BANANAS, STOCKED),)
        )
        for place in all_places()
    )
    while batch := list(islice(facts, 100)):
        book_movements(source_id, batch)


def bench_audit() -> Figure:
    """The whole audit over what is loaded."""
    begins = time.perf_counter()
    findings = audit()
    seconds = time.perf_counter() - begins
    return Figure(
        "audit",
        "every check over the year",
        seconds,
        "s",
        details={"checks": len(findings), "differences": differences(findings)},
    )
