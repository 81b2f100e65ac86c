"""The demo's chain: places, units, products, shelf prices and loyalty numbers, derived from the data.

What the data does not say is made and labelled so: names are composed, in-store barcodes are made of product ids, and
goods of random weight get a price per kilogram of twice their median pack (the median pack is taken as 500 g).
"""

from collections.abc import Iterable
from functools import lru_cache
from statistics import median_low

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from onebasket.channels.demo.journey import read_lines, read_products
from onebasket.channels.demo.naming import LOOSE_PRODUCE_MAKER, OWN_BRAND, compose_name, readable, readable_department
from onebasket.channels.demo.slices import TIME_ZONE, ChainSlice
from onebasket.channels.demo.stores import StoreSpot, locate
from onebasket.kernel.barcodes import InStoreTemplate, compose, template_from
from onebasket.kernel.quantity import Unit

CURRENCY = "USD"
EACH = Unit("each", 0, "each")
KILOGRAM = Unit("kg", 3, "kilogram, in grams")
GALLON = Unit("gal", 3, "gallon, in thousandths")
MEDIAN_PACK_GRAMS = 500
PER_KILOGRAM = 1_000
PER_GALLON = 1_000
# A product is of random weight when over half its single-unit prices differ, seen on at least thirty lines.
WEIGHED_LINES = 30
WEIGHED_SHARE = 0.5
# A store's own shelf price counts from three lines on.
OWN_PRICE_LINES = 3
FUEL_TYPE = "GASOLINE-REG UNLEADED"
MONEY_DEPARTMENTS = frozenset({"CHARITABLE CONT", "CNTRL/STORE SUP", "COUPON", "PROD-WHS SALES"})
MONEY_CATEGORIES = frozenset({"COUPON/MISC ITEMS", "COUPONS/STORE & MFG", "FUEL"})
FIXED_CODE = template_from("04{item:10}{check}")
PRICE_CODE = template_from("02{item:5}{price:5}{check}")
EXAMPLE_CODE = template_from("952{item:9}{check}")
"""A GTIN-13 of prefix 952, which GS1 keeps for demonstrations and examples."""
GENERAL_MERCHANDISE = frozenset(
    {"Drug and general merchandise", "Electrical and plumbing", "Garden center", "General merchandise"}
)
"""Departments whose goods partners sell too."""
_COLUMNS = ("store_id", "household_id", "product_id", "quantity", "sales_value", "retail_disc", "coupon_match_disc")


class ChainPlace(msgspec.Struct, frozen=True):
    """A store of the chain; where it lies and when it is open is made up (`stores`)."""

    store_id: int
    spot: StoreSpot
    code: str
    name: str
    currency: str = CURRENCY
    time_zone: str = TIME_ZONE


class ChainProduct(msgspec.Struct, frozen=True):
    """A product; `codes` are scannable, `item` is its number in price-embedded codes where it is weighed (else 0)."""

    product_id: int
    sku: str
    name: str
    unit: Unit
    department: str
    category: str
    brand: str
    tracked: bool
    weighed: bool
    codes: tuple[str, ...]
    item: int = 0


class ChainPrice(msgspec.Struct, frozen=True, gc=False):
    """A shelf price: cents per `per_quantity` steps of the product's unit; an empty place is the whole chain."""

    sku: str
    place: str
    amount: int
    per_quantity: int = 1


class Chain(msgspec.Struct, frozen=True):
    """The derived chain; `products` holds every product of the data by its id, `assortment` those of the slice."""

    places: tuple[ChainPlace, ...]
    store_ids: frozenset[int]
    units: tuple[Unit, ...]
    products: dict[int, ChainProduct]
    assortment: tuple[ChainProduct, ...]
    prices: tuple[ChainPrice, ...]
    per_kilogram: dict[int, int]
    loyalty_numbers: tuple[str, ...]
    templates: tuple[InStoreTemplate, ...] = (PRICE_CODE,)


@lru_cache(maxsize=100_000)
def fixed_code(product_id: int) -> str:
    """Return a product's in-store barcode: 04, ten digits of its id, check digit (GTIN-13 of UPC number system 4)."""
    return compose(FIXED_CODE, product_id)


def derive_chain(part: ChainSlice) -> Chain:
    """Derive the chain for a slice from the whole year; a few seconds, nothing is written."""
    lines = read_lines(_COLUMNS)
    listed = pc.add(pc.add(lines["sales_value"], lines["retail_disc"]), lines["coupon_match_disc"])
    lines = lines.append_column("listed", listed)
    ranked = _busiest(lines)
    store_ids = ranked[: part.stores] if part.stores else ranked
    spots = locate(ranked)
    here = lines.filter(pc.is_in(lines["store_id"], pa.array(sorted(store_ids), pa.int64())))
    raw = read_products()
    per_kilogram = _weighed(lines, _goods(raw))
    items = {product_id: number for number, product_id in enumerate(sorted(per_kilogram), start=1)}
    products = {product.product_id: product for product in (_product(row, items) for row in raw)}
    sold = set(pc.unique(here["product_id"]).to_pylist()) if part.stores else products.keys()
    households = sorted(pc.unique(here["household_id"]).to_pylist())
    return Chain(
        places=tuple(ChainPlace(store, spots[store], str(store), f"Store {store}") for store in sorted(store_ids)),
        store_ids=frozenset(store_ids),
        units=(EACH, KILOGRAM, GALLON),
        products=products,
        assortment=tuple(product for key, product in products.items() if key in sold),
        prices=tuple(_prices(lines, here, products, per_kilogram)),
        per_kilogram=per_kilogram,
        loyalty_numbers=tuple(map(str, households)),
    )


def _busiest(lines: pa.Table) -> list[int]:
    """Return the stores, those with most lines first."""
    counted = lines.group_by("store_id").aggregate([("quantity", "count")])
    ordered = counted.sort_by([("quantity_count", "descending"), ("store_id", "ascending")])
    return list(ordered["store_id"].to_pylist())


def _is_money(row: dict[str, object]) -> bool:
    """Whether a product of the data is fuel, a coupon, a gift card or the like: money, not goods on a shelf."""
    kind = str(row["product_type"] or "")
    return (
        row["department"] in MONEY_DEPARTMENTS
        or row["product_category"] in MONEY_CATEGORIES
        or "GIFT CARD" in kind
        or kind == FUEL_TYPE
        or (row["department"] == "MISCELLANEOUS" and not kind)
    )


def _goods(raw: list[dict[str, object]]) -> pa.Array:
    return pa.array([row["product_id"] for row in raw if not _is_money(row)], pa.int64())


def _weighed(lines: pa.Table, goods: pa.Array) -> dict[int, int]:
    """Return the products of random weight with their derived price in cents per kilogram."""
    single = lines.filter(pc.equal(lines["quantity"], 1)).select(["product_id", "listed"])
    single = single.filter(pc.is_in(single["product_id"], goods))
    counted = single.group_by("product_id").aggregate([("listed", "count"), ("listed", "count_distinct")])
    often = counted.filter(pc.greater_equal(counted["listed_count"], WEIGHED_LINES))
    share = pc.divide(pc.cast(often["listed_count_distinct"], pa.float64()), often["listed_count"])
    weighed = often.filter(pc.greater(share, WEIGHED_SHARE))["product_id"]
    packs = single.filter(pc.is_in(single["product_id"], weighed.combine_chunks()))
    grouped = packs.group_by("product_id").aggregate([("listed", "list")])
    factor = PER_KILOGRAM // MEDIAN_PACK_GRAMS
    pairs = zip(grouped["product_id"].to_pylist(), grouped["listed_list"].to_pylist(), strict=True)
    return {product_id: factor * max(median_low(amounts), 1) for product_id, amounts in pairs}


def _product(row: dict[str, object], items: dict[int, int]) -> ChainProduct:
    product_id = int(str(row["product_id"]))
    kind, category = str(row["product_type"] or ""), str(row["product_category"] or "")
    # Loose produce states the size of its case, which no shopper buys.
    size = "" if row["manufacturer_id"] == LOOSE_PRODUCE_MAKER else str(row["package_size"] or "")
    item = items.get(product_id, 0)
    fuel = kind == FUEL_TYPE
    department = readable_department(str(row["department"]))
    return ChainProduct(
        product_id=product_id,
        sku=str(product_id),
        name=compose_name(kind, category, "" if item else size),
        unit=KILOGRAM if item else GALLON if fuel else EACH,
        department=department,
        category=readable(category),
        brand=OWN_BRAND if row["brand"] == "Private" else f"Brand {row['manufacturer_id']}",
        tracked=not _is_money(row),
        weighed=bool(item),
        codes=(compose(PRICE_CODE, item),) if item else _codes(product_id, department),
        item=item,
    )


def _codes(product_id: int, department: str) -> tuple[str, ...]:
    """Return the in-store barcode, and for general merchandise one that partners may know too (an example's)."""
    own = fixed_code(product_id)
    return (own, compose(EXAMPLE_CODE, product_id)) if department in GENERAL_MERCHANDISE else (own,)


def _prices(
    lines: pa.Table, here: pa.Table, products: dict[int, ChainProduct], per_kilogram: dict[int, int]
) -> Iterable[ChainPrice]:
    """Yield the chain's shelf prices of the year, and a store's own where it differs."""
    common: dict[int, int] = {}
    for _, product_id, amount, _ in modes(lines, ["product_id"]):
        product = products.get(product_id)
        if product and not product.weighed:
            common[product_id] = amount
            yield ChainPrice(product.sku, "", amount, PER_GALLON if product.unit is GALLON else 1)
    for product_id, amount in sorted(per_kilogram.items()):
        yield ChainPrice(products[product_id].sku, "", amount, PER_KILOGRAM)
    for store, product_id, amount, count in modes(here, ["store_id", "product_id"]):
        known = common.get(product_id)
        product = products.get(product_id)
        if product and product.unit is EACH and known is not None and known != amount and count >= OWN_PRICE_LINES:
            yield ChainPrice(product.sku, str(store), amount)


def modes(lines: pa.Table, by: list[str]) -> Iterable[tuple[int, int, int, int]]:
    """Yield (store or 0, product, most frequent price per unit in cents, its lines); of equal ones the higher.

    `lines` have in `listed` what is divided by their quantity.
    """
    paid = lines.filter(pc.and_(pc.greater(lines["quantity"], 0), pc.greater(lines["listed"], 0)))
    exact = pc.divide(pc.cast(paid["listed"], pa.float64()), paid["quantity"])
    fuel = pc.less(exact, 1.0)
    each = pc.if_else(fuel, pc.multiply(exact, float(PER_GALLON)), exact)
    price = pc.cast(pc.round(each, round_mode="half_up"), pa.int64())
    counted = paid.append_column("price", price).group_by([*by, "price"]).aggregate([("quantity", "count")])
    order = [(name, "ascending") for name in by] + [("quantity_count", "descending"), ("price", "descending")]
    columns = counted.sort_by(order).to_pydict()
    stores = columns.get("store_id") or [0] * counted.num_rows
    last = (-1, -1)
    for row in zip(stores, columns["product_id"], columns["price"], columns["quantity_count"], strict=True):
        if row[:2] != last:
            last = row[:2]
            yield row
