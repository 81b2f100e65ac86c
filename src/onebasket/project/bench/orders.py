"""`bench orders` and `bench hot`: orders over HTTP, and all buyers after one product that runs out midway."""

import random
import time
from functools import partial

from onebasket.base import bulk
from onebasket.commerce.orders.actions import OrderCall, place_orders
from onebasket.commerce.orders.rules.messages import LineRequest, OrderRequest
from onebasket.project.bench.chain import Bench
from onebasket.project.bench.driver import Load
from onebasket.project.bench.limits import measure_limit
from onebasket.project.bench.report import Figure, share
from onebasket.project.bench.serving import Hub, drive

LIMIT_BATCHES = 60
HOT_TOTAL = 20_000


def bench_orders(bench: Bench, hub: Hub, *, seconds: float) -> tuple[Figure, float, int]:
    """Measure five-line orders over HTTP; return the figure, orders a second, and the batch size reached."""
    batches, requests = hub.batches()
    cpu, begins = hub.cpu_seconds(), time.perf_counter()
    outcome = drive(Load(hub.port, bench.token, bench.skus, bench.places, seconds=seconds))
    elapsed = time.perf_counter() - begins
    now_batches, now_requests = hub.batches()
    size = max(1, round((now_requests - requests) / max(1.0, now_batches - batches)))
    figure = Figure(
        "orders",
        "five-line orders over HTTP, 64 connections",
        outcome.per_second,
        "orders/s",
        details={
            "p50 ms": outcome.p50,
            "p99 ms": outcome.p99,
            "longest ms": outcome.longest,
            "statuses": outcome.statuses,
            "batch size reached": size,
            "driver CPU (cores)": outcome.driver_cpu,
            "hub CPU (cores)": (hub.cpu_seconds() - cpu) / elapsed,
            "hub memory MB": hub.memory_mb(),
        },
    )
    return figure, outcome.per_second, size


def orders_limit(bench: Bench, *, size: int) -> float:
    """Return how many five-line orders a second the bare writer writes at this batch size."""
    chance = random.Random(7)  # noqa: S311 - a repeatable load, no secret
    stem = f"limit-{time.time_ns()}"

    def request(number: int) -> OrderCall:
        lines = tuple(LineRequest(sku, 1) for sku in chance.sample(bench.skus, 5))
        return OrderCall(bench.source_id, OrderRequest(f"{stem}-{number}", (chance.choice(bench.places),), lines))

    runs = [partial(place_orders, [request(batch * size + n) for n in range(size)]) for batch in range(LIMIT_BATCHES)]
    return LIMIT_BATCHES * size / measure_limit(runs)


def bench_hot(bench: Bench, hub: Hub, *, stock: int, orders_per_second: float) -> Figure:
    """All buyers want one product at one place; it runs out midway."""
    load = Load(
        hub.port, bench.token, ("scarce",), bench.places[:1], lines=1, seconds=600, warm_up=0, total=HOT_TOTAL, seed=2
    )
    outcome = drive(load)
    sql = (
        "SELECT COALESCE(SUM(promised), 0) FROM orders_orderline l JOIN catalogue_product p ON p.id = l.product_id "
        "WHERE p.sku = 'scarce'"
    )
    sold = int(bulk.fetch(sql)[0][0])
    return Figure(
        "hot",
        f"{HOT_TOTAL} buyers of one product, stock {stock}",
        outcome.per_second,
        "requests/s",
        limit=orders_per_second,
        limit_is="bench orders",
        ratio=share(outcome.per_second, orders_per_second),
        details={
            "sold": sold,
            "sold exactly the stock": sold == stock,
            "statuses": outcome.statuses,
            "p50, p99 ms by status": outcome.by_status,
            "p99 ms": outcome.p99,
        },
    )
