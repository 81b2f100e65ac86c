"""The demo's offers: card prices, what is featured, campaigns and coupons, as the data has them.

Real: which households a campaign is for and when, which products a coupon is for, what members paid where, and what was
on display or in the mailer in which week. Derived, because the data does not state it: a card price is what members
paid most often where the card took something off; a featured price is what they paid most often in that week; a
coupon's worth is what it took off most often where a redemption can be tied to a line, else one dollar.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onebasket.channels.demo.chain import OWN_PRICE_LINES, Chain, ChainPrice, modes
from onebasket.channels.demo.journey import data_file, read_lines
from onebasket.channels.demo.slices import FIRST_DAY, TIME_ZONE, ChainSlice
from onebasket.kernel.clock import zone

UNTIED_WORTH = 100
FEATURED_WEEKS = 2
DIGITAL_CAMPAIGN = "Type A"
"""Coupons of these campaigns were chosen for each household: in the demo they are put on the card."""
_BATCH = 262_144
_COLUMNS = (
    "store_id", "household_id", "product_id", "quantity", "sales_value", "retail_disc", "coupon_disc",
    "coupon_match_disc", "week", "transaction_timestamp",
)  # fmt: skip
Key = tuple[int, int]
"""A coupon: number of its campaign, number on its paper."""


class Featured(msgspec.Struct, frozen=True):
    """Goods of a category on display or in the mailer of a week, at a price with the card below the usual one."""

    begins: date
    category: str
    amount: int
    skus: tuple[str, ...]


class DemoCampaign(msgspec.Struct, frozen=True):
    """A campaign of the data; `ends` is its last day."""

    number: int
    kind: str
    begins: date
    ends: date
    households: tuple[str, ...]


class DemoCoupon(msgspec.Struct, frozen=True):
    """A coupon of a campaign: cents off one unit of its products; `tied` where the worth was seen on a receipt."""

    number: int
    campaign: int
    worth: int
    tied: bool
    category: str
    skus: tuple[str, ...]

    @property
    def barcode(self) -> str:
        """Return the number with its check digit, as UPC-A prints it (inferred: the data states eleven digits)."""
        digits = f"{self.number:011d}"
        total = 3 * sum(map(int, digits[::2])) + sum(map(int, digits[1::2]))
        return f"{digits}{-total % 10}"


class Offers(msgspec.Struct, frozen=True):
    """Everything that takes prices down in the demo; `pairs` counts coupons' products: stated, once each, stocked."""

    card_prices: tuple[ChainPrice, ...]
    featured: tuple[Featured, ...]
    campaigns: tuple[DemoCampaign, ...]
    coupons: tuple[DemoCoupon, ...]
    pairs: tuple[int, int, int]


def derive_offers(chain: Chain, part: ChainSlice) -> Offers:
    """Derive the offers for a slice; a second or two, nothing is written."""
    lines = read_lines(_COLUMNS)
    paid = pc.add(lines["sales_value"], lines["coupon_match_disc"])
    with_card = lines.append_column("listed", paid).filter(pc.greater(lines["retail_disc"], 0))
    stocked = {product.product_id for product in chain.assortment}
    shelf = {price.sku: price.amount for price in chain.prices if not price.place}
    usual = {
        product: amount
        for _, product, amount, count in modes(with_card, ["product_id"])
        if count >= OWN_PRICE_LINES and _is_lower(chain, stocked, shelf, product, amount)
    }
    coupons, pairs = _coupons(chain, stocked, lines)
    return Offers(
        card_prices=tuple(ChainPrice(str(product), "", amount) for product, amount in sorted(usual.items())),
        featured=tuple(_featured(chain, part, with_card, shelf, usual)),
        campaigns=tuple(_campaigns()),
        coupons=tuple(coupons),
        pairs=pairs,
    )


def _is_lower(chain: Chain, stocked: set[int], shelf: Mapping[str, int], product: int, amount: int) -> bool:
    """Whether a price with the card, of goods of fixed weight that are stocked, is below the shelf's."""
    if product not in stocked or chain.products[product].weighed:
        return False
    return amount < shelf.get(chain.products[product].sku, 0)


def _featured(
    chain: Chain, part: ChainSlice, with_card: pa.Table, shelf: Mapping[str, int], usual: Mapping[int, int]
) -> Iterable[Featured]:
    """Yield what is featured in the slice's week and the next, by category and price."""
    first = week_of(part.day)
    stocked = {product.product_id for product in chain.assortment}
    for week, products in sorted(_advertised(range(first, first + FEATURED_WEEKS), chain.store_ids).items()):
        of_week = with_card.filter(pc.equal(with_card["week"], week))
        groups: dict[tuple[str, int], list[str]] = defaultdict(list)
        for _, product, amount, _ in modes(of_week, ["product_id"]):
            if product in products and _is_lower(chain, stocked, shelf, product, amount):
                known = chain.products[product]
                if amount < usual.get(product, shelf[known.sku]):
                    groups[known.category, amount].append(known.sku)
        for (category, amount), skus in sorted(groups.items()):
            yield Featured(week_begins(week), category, amount, tuple(sorted(skus)))


def _advertised(weeks: range, stores: frozenset[int]) -> dict[int, set[int]]:
    """Return the products on display or in the mailer of these stores by week; the file is sorted by week."""
    columns = ["product_id", "store_id", "display_location", "mailer_location", "week"]
    file = pq.ParquetFile(data_file("promotions"), read_dictionary=columns[2:4])
    places, wanted = pa.array(sorted(stores), pa.int64()), pa.array(list(weeks), pa.int64())
    found: dict[int, set[int]] = {week: set() for week in weeks}
    for batch in file.iter_batches(_BATCH, columns=columns):
        if batch["week"][-1].as_py() < weeks[0]:
            continue
        if batch["week"][0].as_py() > weeks[-1]:
            break
        here = pc.and_(pc.is_in(batch["week"], wanted), pc.is_in(batch["store_id"], places))
        seen = pc.or_(*(pc.not_equal(pc.cast(batch[name], pa.string()), "0") for name in columns[2:4]))
        kept = batch.filter(pc.and_(here, seen))
        for week, product in zip(kept["week"].to_pylist(), kept["product_id"].to_pylist(), strict=True):
            found[week].add(product)
    return found


def week_of(day: date) -> int:
    """Return the data's number of a day's week: the first is 1 January 2017 alone, the others begin on Mondays."""
    return ((day - FIRST_DAY).days + 6) // 7 + 1


def week_begins(week: int) -> date:
    """Return the first day of a week of the data."""
    return FIRST_DAY + timedelta(days=max(0, 7 * (week - 2) + 1))


def _campaigns() -> Iterable[DemoCampaign]:
    households: dict[int, list[str]] = defaultdict(list)
    for row in pq.read_table(data_file("campaigns")).to_pylist():
        households[row["campaign_id"]].append(str(row["household_id"]))
    for row in pq.read_table(data_file("campaign_descriptions")).to_pylist():
        number = row["campaign_id"]
        begins, ends = row["start_date"].date(), row["end_date"].date()
        yield DemoCampaign(number, row["campaign_type"], begins, ends, tuple(sorted(households[number])))


def _coupons(chain: Chain, stocked: set[int], lines: pa.Table) -> tuple[list[DemoCoupon], tuple[int, int, int]]:
    """Return the coupons with a product that is stocked, and how many coupon-product rows there are of each sort."""
    table = pq.read_table(data_file("coupons"))
    products: dict[Key, set[int]] = defaultdict(set)
    columns = (table[name].to_pylist() for name in ("campaign_id", "coupon_upc", "product_id"))
    for campaign, number, product in zip(*columns, strict=True):
        products[campaign, number].add(product)
    worth = _worth(products, lines)
    coupons = []
    for (campaign, number), named in sorted(products.items()):
        goods = sorted(named & stocked)
        if goods:
            categories = Counter(chain.products[product].category for product in goods)
            category = min(categories, key=lambda name: (-categories[name], name))
            skus = tuple(chain.products[product].sku for product in goods)
            seen = worth.get((campaign, number))
            coupons.append(
                DemoCoupon(number, campaign, seen or UNTIED_WORTH, seen is not None, category, skus)
            )  # fmt: skip
    counted = table.num_rows, sum(map(len, products.values())), sum(len(coupon.skus) for coupon in coupons)
    return coupons, counted


def _worth(products: Mapping[Key, set[int]], lines: pa.Table) -> dict[Key, int]:
    """Return what each coupon took off most often, where a redemption ties to a line: household, product and day."""
    taken = lines.filter(pc.greater(lines["coupon_disc"], 0))
    columns = ("household_id", "transaction_timestamp", "product_id", "coupon_disc")
    bought: dict[tuple[int, date], list[tuple[int, int]]] = defaultdict(list)
    for household, second, product, amount in zip(*(taken[name].to_pylist() for name in columns), strict=True):
        bought[household, _local_day(second)].append((product, amount))
    seen: dict[Key, Counter[int]] = defaultdict(Counter)
    for row in pq.read_table(data_file("coupon_redemptions")).to_pylist():
        key = (row["campaign_id"], row["coupon_upc"])
        for product, amount in bought.get((row["household_id"], row["redemption_date"].date()), ()):
            if product in products.get(key, ()):
                seen[key][amount] += 1
    return {key: min(counts, key=lambda amount: (-counts[amount], amount)) for key, counts in seen.items()}


def _local_day(second: Any) -> date:  # noqa: ANN401 - a number out of a table
    return datetime.fromtimestamp(second, UTC).astimezone(zone(TIME_ZONE)).date()
