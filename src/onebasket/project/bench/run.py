"""Run benchmarks on a fresh database of their own, which the environment names; write the figures as JSON."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import django

django.setup()

import msgspec  # noqa: E402
from django.core.management import call_command  # noqa: E402

from onebasket.base.bulk import is_postgresql  # noqa: E402
from onebasket.commerce.access.rules import SCOPES  # noqa: E402
from onebasket.commerce.sales.rules.receipt import Receipt  # noqa: E402
from onebasket.project.bench.chain import Bench, make_chain  # noqa: E402
from onebasket.project.bench.driver import Load, percentile  # noqa: E402
from onebasket.project.bench.orders import HOT_TOTAL, bench_hot, bench_orders, orders_limit  # noqa: E402
from onebasket.project.bench.report import Figure, machine, share  # noqa: E402
from onebasket.project.bench.sales import (  # noqa: E402
    BATCH,
    BESIDE_A_HUB,
    YearRun,
    batches_of,
    bench_audit,
    bench_sales,
    bench_stock,
)
from onebasket.project.bench.serving import driving, hub  # noqa: E402
from onebasket.project.bench.year import load_year_chain, write_year  # noqa: E402


class Wanted(msgspec.Struct, frozen=True):
    """What to measure: names of benchmarks, for how long, and how many receipts of the year (0: all)."""

    names: tuple[str, ...]
    folder: str
    seconds: float = 20.0
    receipts: int = 0


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
    if {"sales", "stock", "audit"} & set(wanted.names):
        if not year.exists():
            write_year(year)
        load_year_chain(bench.source_id, say)
        figure, _ = bench_sales(bench.source_id, year, at_most=wanted.receipts or None)
        figures.append(figure)
        say(f"sales: {figure.value:,.0f} lines/s")
        figures += [bench_stock(bench.source_id), bench_audit()]
    if "orders" in wanted.names or "hot" in wanted.names:
        figures += _orders(bench, wanted)
    if "mixed" in wanted.names:
        figures.append(_mixed(bench, wanted, year))
    return Measured(machine(), figures)


def _orders(bench: Bench, wanted: Wanted) -> list[Figure]:
    with hub() as served:
        orders, rate, size = bench_orders(bench, served, seconds=wanted.seconds)
        say(f"orders: {rate:,.0f}/s in batches of {size}")
        hot = bench_hot(bench, served, stock=HOT_TOTAL // 2, orders_per_second=rate)
        memory = Figure("memory", "a serving process after all of the above", served.memory_mb(), "MB")
    limit = orders_limit(bench, size=size)
    orders = msgspec.structs.replace(
        orders, limit=limit, limit_is=f"bare writer, batches of {size}", ratio=share(rate, limit)
    )
    return [orders, hot, memory]


def _mixed(bench: Bench, wanted: Wanted, year: Path) -> Figure:
    """Sales booked in one process while orders come in over HTTP to another."""
    if not year.exists():
        write_year(year)
        load_year_chain(bench.source_id, say)
    run = YearRun()
    load = Load(0, bench.token, bench.skus, bench.places, seconds=wanted.seconds, seed=3)
    with hub() as served, driving(msgspec.structs.replace(load, port=served.port)) as under_way:
        run.book(bench.source_id, _again(year, until=under_way.ended), beside_a_hub=True)
        outcome = under_way.outcome()
    return Figure(
        "mixed",
        "sales booked in one process beside orders over HTTP to another",
        run.lines / run.seconds,
        "lines/s",
        details={
            "orders/s": outcome.per_second,
            "orders p50 ms": outcome.p50,
            "orders p99 ms": outcome.p99,
            "orders statuses": outcome.statuses,
            "sales batch p99 ms": percentile(sorted(run.times), 99),
            "receipts a batch": BESIDE_A_HUB if not is_postgresql() else BATCH,
        },
    )


def _again(year: Path, *, until: Callable[[], bool]) -> Iterator[list[Receipt]]:
    """Yield the year's receipts under other keys until the orders have ended."""
    for batch in batches_of(year, size=BATCH if is_postgresql() else BESIDE_A_HUB):
        if until():
            return
        yield [msgspec.structs.replace(receipt, key=f"again-{receipt.key}") for receipt in batch]


def main() -> None:
    """Read what is wanted from one file and write the figures to another."""
    wanted = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Wanted)
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(measure(wanted)))


if __name__ == "__main__":
    main()
