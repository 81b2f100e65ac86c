"""Opening stock and deliveries: derived, because the data has none.

Recipe: deliveries on Monday, Wednesday and Friday at 05:00 fill each shelf up to S = ceil(mean demand over the cover +
z * its standard deviation), raised so that the real sales until the next delivery leave the facing minimum. A few
popular products are left bare of the minimum: they sell out exactly, so that promises and tills meet at the last unit.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from onebasket.channels.demo.chain import MEDIAN_PACK_GRAMS, PER_KILOGRAM, Chain
from onebasket.channels.demo.journey import JourneyLine, read_lines
from onebasket.channels.demo.receipts import steps_sold
from onebasket.channels.demo.slices import ChainSlice, local_instant

DELIVERY_WEEKDAYS = frozenset({0, 2, 4})
DELIVERY_TIME = time(5)
COVER_DAYS = 3
SERVICE_FACTOR = 1.65
DAYS_OF_YEAR = 364
FACING = 6
FACING_GRAMS = 10_000
SCARCE = 8
_DAY = 86_400
_UTC_OFFSET = 5 * 3_600
_COLUMNS = ("store_id", "product_id", "quantity", "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
Shelf = tuple[int, int]


class OpeningShelf(msgspec.Struct, frozen=True, gc=False):
    """What stands on a shelf when the history begins, in steps of the product's unit."""

    place: str
    sku: str
    quantity: int


class ChainDelivery(msgspec.Struct, frozen=True):
    """A delivery to a store: pairs of SKU and quantity in steps of the product's unit."""

    key: str
    place: str
    at: datetime
    lines: tuple[tuple[str, int], ...]


class ChainStock(msgspec.Struct, frozen=True):
    """Derived stock of a slice; `scarce` are the SKUs left bare of the facing minimum."""

    begins_at: datetime
    opening: tuple[OpeningShelf, ...]
    deliveries: tuple[ChainDelivery, ...]
    scarce: tuple[str, ...]


def derive_stock(chain: Chain, part: ChainSlice) -> ChainStock:
    """Derive opening stock and deliveries for a slice; deterministic, no random numbers."""
    lines = read_lines((*_COLUMNS, "transaction_timestamp"))
    lines = lines.filter(pc.is_in(lines["store_id"], pa.array(sorted(chain.store_ids), pa.int64())))
    times = delivery_times(part)
    sold = _sold_between(lines, chain, [part.begins_at(), *times, part.ends_at()])
    scarce = _scarce(lines, chain, part)
    opening: list[OpeningShelf] = []
    due: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
    for shelf, level in _levels(lines, chain):
        store, product_id = shelf
        product = chain.products[product_id]
        real = sold.get(shelf, {})
        most = max(real.values(), default=0)
        if product_id in scarce:
            target = max(level, most)
        else:
            facing = FACING_GRAMS if product.weighed else FACING
            target = max(level, facing, facing + most if most else 0)
        opening.append(OpeningShelf(str(store), product.sku, target))
        for period, quantity in real.items():
            if quantity and period < len(times):
                due[period, store].append((product.sku, quantity))
    deliveries = [
        ChainDelivery(f"delivery-{store}-{times[period]:%Y-%m-%d}", str(store), times[period], tuple(sorted(entries)))
        for (period, store), entries in sorted(due.items())
    ]
    skus = tuple(chain.products[product_id].sku for product_id in scarce)
    return ChainStock(part.begins_at(), tuple(opening), tuple(deliveries), skus)


def delivery_times(part: ChainSlice) -> list[datetime]:
    """Return the instants of deliveries within a slice, in order."""
    first = part.day - timedelta(days=part.history_days)
    days = (first + timedelta(days=number) for number in range(part.history_days + 1))
    return [local_instant(day, DELIVERY_TIME) for day in days if day.weekday() in DELIVERY_WEEKDAYS]


def _within(lines: pa.Table, begins_at: datetime, ends_at: datetime) -> pa.Table:
    seconds = lines["transaction_timestamp"]
    later = pc.greater_equal(seconds, int(begins_at.timestamp()))
    return lines.filter(pc.and_(later, pc.less(seconds, int(ends_at.timestamp()))))


def _sold_between(lines: pa.Table, chain: Chain, bounds: list[datetime]) -> dict[Shelf, dict[int, int]]:
    """Return the steps really sold of each tracked shelf between neighbouring bounds, by the period's number."""
    sold: dict[Shelf, dict[int, int]] = defaultdict(dict)
    for period, (begins_at, ends_at) in enumerate(pairwise(bounds)):
        inside = _within(lines, begins_at, ends_at)
        columns = (inside[name].to_pylist() for name in _COLUMNS)
        for store, *fields in zip(*columns, strict=True):
            line = JourneyLine(*fields)
            product = chain.products.get(line.product_id)
            if product and product.tracked:
                shelf = sold[store, line.product_id]
                shelf[period] = shelf.get(period, 0) + steps_sold(line, product, chain)
    return sold


def _scarce(lines: pa.Table, chain: Chain, part: ChainSlice) -> tuple[int, ...]:
    """Choose the products sold on most lines of the day, one of each category, weighed goods apart."""
    day = _within(lines, local_instant(part.day, time()), part.ends_at())
    counted = day.group_by("product_id").aggregate([("quantity", "count")])
    ordered = counted.sort_by([("quantity_count", "descending"), ("product_id", "ascending")])
    chosen: dict[str, int] = {}
    for product_id in ordered["product_id"].to_pylist():
        product = chain.products.get(product_id)
        if product and product.tracked and not product.weighed and len(chosen) < SCARCE:
            chosen.setdefault(product.category, product_id)
    return tuple(chosen.values())


def _levels(lines: pa.Table, chain: Chain) -> Iterator[tuple[Shelf, int]]:
    """Yield each shelf that sold in the year with its order-up-to level from mean and deviation of daily demand."""
    tracked = [product.product_id for product in chain.assortment if product.tracked]
    kept = lines.filter(pc.is_in(lines["product_id"], pa.array(tracked, pa.int64())))
    day = pc.cast(pc.divide(pc.subtract(kept["transaction_timestamp"], _UTC_OFFSET), _DAY), pa.int64())
    demand = pa.table(
        {"store": kept["store_id"], "product": kept["product_id"], "day": day, "steps": _steps(kept, chain)}
    )
    daily = demand.group_by(["store", "product", "day"]).aggregate([("steps", "sum")])
    amount = pc.cast(daily["steps_sum"], pa.float64())
    daily = daily.append_column("square", pc.multiply(amount, amount))
    totals = daily.group_by(["store", "product"]).aggregate([("steps_sum", "sum"), ("square", "sum")])
    columns = totals.sort_by([("store", "ascending"), ("product", "ascending")]).to_pydict()
    rows = zip(columns["store"], columns["product"], columns["steps_sum_sum"], columns["square_sum"], strict=True)
    for store, product_id, total, squares in rows:
        mean = total / DAYS_OF_YEAR
        deviation = math.sqrt(max(squares / DAYS_OF_YEAR - mean * mean, 0.0))
        yield (store, product_id), math.ceil(mean * COVER_DAYS + SERVICE_FACTOR * deviation * math.sqrt(COVER_DAYS))


def _steps(lines: pa.Table, chain: Chain) -> pa.ChunkedArray:
    """Return each line's quantity in steps, as `steps_sold` does, for all lines at once."""
    weighed = sorted(chain.per_kilogram)
    prices = pa.array([float(chain.per_kilogram[product_id]) for product_id in weighed])
    price = pc.take(prices, pc.index_in(lines["product_id"], pa.array(weighed, pa.int64())))
    listed = pc.add(pc.add(lines["sales_value"], lines["retail_disc"]), lines["coupon_match_disc"])
    exact = pc.divide(pc.multiply(pc.cast(listed, pa.float64()), float(PER_KILOGRAM)), price)
    grams = pc.cast(pc.round(exact, round_mode="half_up"), pa.int64())
    free = pc.or_(pc.equal(listed, 0), pc.equal(lines["quantity"], 0))
    packs = pc.if_else(pc.is_valid(price), pc.multiply(lines["quantity"], MEDIAN_PACK_GRAMS), lines["quantity"])
    return pc.if_else(free, packs, pc.coalesce(grams, lines["quantity"]))
