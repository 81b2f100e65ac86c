"""Run benchmarks on a fresh database of their own, which the environment names; write the figures as JSON."""

import sys
import time
from importlib.util import find_spec
from itertools import islice, pairwise
from pathlib import Path

import django

django.setup()

import msgspec  # noqa: E402
from django.core.management import call_command  # noqa: E402

from onebasket.channels.demo.journey import PACKAGE  # noqa: E402
from onebasket.channels.demo.receipts import write_jsonlines  # noqa: E402
from onebasket.commerce.access.rules import SCOPES  # noqa: E402
from onebasket.project.bench.chain import Bench, make_chain  # noqa: E402
from onebasket.project.bench.commission import bench_commission  # noqa: E402
from onebasket.project.bench.driver import Load, percentile  # noqa: E402
from onebasket.project.bench.go import bench_go  # noqa: E402
from onebasket.project.bench.offer_search import bench_offer_search  # noqa: E402
from onebasket.project.bench.offers import bench_offers  # noqa: E402
from onebasket.project.bench.orders import HOT_TOTAL, bench_hot, bench_orders, orders_limit  # noqa: E402
from onebasket.project.bench.pages import bench_pages  # noqa: E402
from onebasket.project.bench.pricing import bench_pricing  # noqa: E402
from onebasket.project.bench.report import Figure, machine, share  # noqa: E402
from onebasket.project.bench.repricing_figures import bench_reprice  # noqa: E402
from onebasket.project.bench.sales import bench_audit, bench_journal, bench_sales, bench_stock, receipts_of, sold_again  # noqa: E402
from onebasket.project.bench.search import bench_search, load_last_receipts  # noqa: E402
from onebasket.project.bench.serving import driving, hub  # noqa: E402
from onebasket.project.bench.shopping import bench_shopping  # noqa: E402
from onebasket.project.bench.year import prepare  # noqa: E402
from onebasket.project.loading.receipts import ReceiptFiles, Tally  # noqa: E402

BUSIEST = "367"
"""The store of the data with most receipts."""
AGAIN = 60_000
"""More receipts than are loaded beside orders in the time that these come in."""


class Wanted(msgspec.Struct, frozen=True):
    """What to measure: names of benchmarks, for how long, how many receipts of the year (0: all), how many offers."""

    names: tuple[str, ...]
    folder: str
    seconds: float = 20.0
    receipts: int = 0
    offers: int = 1_000_000


class Measured(msgspec.Struct, frozen=True):
    """The figures, and what they were taken on."""

    machine: dict[str, str]
    figures: list[Figure]


def say(text: str) -> None:
    """Tell how far it is; the figures go elsewhere."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def measure(wanted: Wanted) -> Measured:
    """Measure what is wanted, the year first, so that orders are taken on a full ledger."""
    call_command("migrate", verbosity=0)
    bench = make_chain(scopes=frozenset(SCOPES), scarce=HOT_TOTAL // 2)
    figures: list[Figure] = []
    year = Path(wanted.folder, "year.jsonl")
    goods = {"offers"} if find_spec(PACKAGE) and find_spec("pyarrow") else set()
    if ({"sales", "stock", "audit", "mixed", "pages", "search"} | goods) & set(wanted.names):
        prepare(year, source_id=bench.source_id)
        say("the chain is loaded")
    if {"sales", "stock", "audit"} & set(wanted.names):
        figure, _ = bench_sales(bench.source_id, year, at_most=wanted.receipts or None)
        figures.append(figure)
        say(f"sales: {figure.value:,.0f} lines/s")
        figures += [bench_journal(), bench_stock(bench.source_id), bench_audit()]
    if "search" in wanted.names:
        if not {"sales", "stock", "audit"} & set(wanted.names):
            load_last_receipts(bench.source_id, year)
        figures += bench_search(bench.source_id, say)
    if {"orders", "hot", "shopping"} & set(wanted.names):
        figures += _orders(bench, wanted)
    figures += _others(bench, wanted, year)
    return Measured(machine(), figures)


def _others(bench: Bench, wanted: Wanted, year: Path) -> list[Figure]:
    """Measure what needs no more than the chain, and what it left."""
    figures: list[Figure] = []
    if "pages" in wanted.names:
        with hub() as served:
            figures.append(bench_pages(served, store=BUSIEST))
        say(f"pages: p95 {figures[-1].value:,.0f} ms")
    if "mixed" in wanted.names:
        figures.append(_mixed(bench, wanted, year))
    if "pricing" in wanted.names:
        figures += bench_pricing(real=find_spec(PACKAGE) is not None)
    if "reprice" in wanted.names:
        figures += bench_reprice(at_most=wanted.receipts or None)
    if "offers" in wanted.names:
        figures += bench_offers(bench.source_id, Path(wanted.folder), say, count=wanted.offers)
        figures += bench_offer_search(bench.source_id, say, count=wanted.offers)
    figures += _partners(bench, wanted)
    return figures


def _partners(bench: Bench, wanted: Wanted) -> list[Figure]:
    figures: list[Figure] = []
    if "go" in wanted.names:
        figures.append(bench_go(bench.source_id, wanted.folder, seconds=wanted.seconds))
        say(f"go: {figures[-1].value:,.0f}/s")
    if "commission" in wanted.names:
        figures += bench_commission(bench.source_id, wanted.folder, say)
    return figures


def _orders(bench: Bench, wanted: Wanted) -> list[Figure]:
    with hub() as served:
        orders, rate, size = bench_orders(bench, served, seconds=wanted.seconds)
        say(f"orders: {rate:,.0f}/s in batches of {size}")
        shopping = bench_shopping(bench, served, seconds=wanted.seconds, orders_per_second=rate)
        say(f"shopping: {shopping.value:,.0f} orders/s")
        hot = bench_hot(bench, served, stock=HOT_TOTAL // 2, orders_per_second=rate)
        memory = Figure("memory", "a serving process after all of the above", served.memory_mb(), "MB")
    limit = orders_limit(bench, size=size)
    orders = msgspec.structs.replace(
        orders, limit=limit, limit_is=f"bare writer, batches of {size}", ratio=share(rate, limit)
    )
    return [orders, shopping, hot, memory]


def _mixed(bench: Bench, wanted: Wanted, year: Path) -> Figure:
    """Load a file of receipts as `onebasket load sales` does, while orders come in over HTTP to a hub."""
    again = Path(wanted.folder, "again.jsonl")
    write_jsonlines(again, (sold_again(receipt, stem="again") for receipt in islice(receipts_of(year), AGAIN)))
    load = Load(0, bench.token, bench.skus, bench.places, seconds=wanted.seconds, seed=3)
    tally, ends = Tally(), [time.perf_counter()]
    with hub() as served, driving(msgspec.structs.replace(load, port=served.port)) as under_way:
        ends[0] = time.perf_counter()
        ReceiptFiles(bench.source_id).load(
            again, tally, told=lambda _: ends.append(time.perf_counter()), stopped=under_way.ended
        )
        outcome = under_way.outcome()
    times = sorted((end - begin) * 1000 for begin, end in pairwise(ends))
    return Figure(
        "mixed",
        "receipts loaded from a file beside orders over HTTP",
        tally.lines / (ends[-1] - ends[0]),
        "lines/s",
        details={
            "orders/s": outcome.per_second,
            "orders p50 ms": outcome.p50,
            "orders p99 ms": outcome.p99,
            "orders statuses": outcome.statuses,
            "receipts a batch": tally.booked / len(times),
            "batch p50 ms": percentile(times, 50),
            "batch p99 ms": percentile(times, 99),
        },
    )


def main() -> None:
    """Read what is wanted from one file and write the figures to another."""
    wanted = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Wanted)
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(measure(wanted)))


if __name__ == "__main__":
    main()
