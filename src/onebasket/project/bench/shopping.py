"""`bench shopping`: guests from an empty basket to a placed order, over the storefront API."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from onebasket.project.bench.chain import Bench
from onebasket.project.bench.report import Figure, share
from onebasket.project.bench.serving import Hub
from onebasket.project.bench.shoppers import Shopped, Shopping

PRODUCTS = 300


def bench_shopping(bench: Bench, hub: Hub, *, seconds: float, orders_per_second: float | None = None) -> Figure:
    """Measure full shopper flows; the limit is what bare orders of the same size reach in the same run."""
    wanted = Shopping(hub.port, bench.token, bench.skus[:PRODUCTS], bench.places, slots=bench.slots, seconds=seconds)
    cpu, begins = hub.cpu_seconds(), time.perf_counter()
    shopped = shop(wanted)
    elapsed = time.perf_counter() - begins
    return Figure(
        "shopping",
        f"guests from an empty basket to a placed order, 5 of {PRODUCTS} products, {wanted.shoppers} at once",
        shopped.per_second,
        "orders/s",
        limit=orders_per_second,
        limit_is="bench orders: one request for an order" if orders_per_second else "",
        ratio=share(shopped.per_second, orders_per_second) if orders_per_second else None,
        details={
            "flow p50 ms": shopped.p50,
            "flow p99 ms": shopped.p99,
            "longest ms": shopped.longest,
            "requests an order": shopped.requests_per_order,
            "requests/s": shopped.requests_per_second,
            "p50, p99 ms by request": shopped.by_request,
            "how flows ended": shopped.ends,
            "driver CPU (cores)": shopped.driver_cpu,
            "hub CPU (cores)": (hub.cpu_seconds() - cpu) / elapsed,
        },
    )


def shop(wanted: Shopping) -> Shopped:
    """Run the driver as a program of its own, to its end."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "shopping.json"), Path(folder, "shopped.json")
        given.write_bytes(msgspec.json.encode(wanted))
        command = [sys.executable, "-m", "onebasket.project.bench.shoppers", str(given), str(answer)]
        subprocess.run(command, check=True)  # noqa: S603 - our own program
        return msgspec.json.decode(answer.read_bytes(), type=Shopped)
