"""A chain in miniature for search: two stores, a dozen products, prices, stock, and receipts that say what sells."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from onebasket.base.relay import number_waiting
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.catalogue.actions import upsert_products, upsert_units
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem, UnitItem
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.pricing.actions import set_prices
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.search.actions import count_sales, rebuild_index
from onebasket.commerce.search.queries import find
from onebasket.commerce.search.rules.messages import SearchPage, SearchQuery
from tests.builders import deliver, item, receipt, sell

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
EAN = "4006381333931"
PRODUCTS: dict[str, tuple[str, str, str, str, int]] = {
    "milk1": ("Fluid milk, white, 1 gal", "Grocery", "Fluid milk products", "Own brand", 269),
    "milk2": ("Fluid milk, white, 1/2 gal", "Grocery", "Fluid milk products", "Own brand", 185),
    "milk3": ("Chocolate milk, 1 pt", "Grocery", "Fluid milk products", "Moo", 149),
    "candy": ("Milk chocolate candy bars, 6 ct", "Grocery", "Candy", "Sweet & Co", 99),
    "cola1": ("Cola 2 liter bottle", "Grocery", "Soft drinks", "Fizz", 159),
    "cola2": ("Soft drink cans, 12/12 oz", "Grocery", "Soft drinks", "Fizz", 469),
    "banana": ("Bananas", "Produce", "Tropical fruit", "", 120),
    "bread": ("Banana bread", "Pastry", "Bread", "Own brand", 399),
    "chips": ("Potato chips, 8 oz", "Grocery", "Bag snacks", "Crunch", 219),
    "coffee": ("Ground coffee, 13 oz", "Grocery", "Coffee", "Own brand", 799),
    "cake": ("Entrées à la carte, 1 ct", "Deli", "", "", 1250),
    "fuel": ("Gasoline", "Fuel", "Fuel", "", 300),
}
"""Name, department, category, brand and price in cents, by SKU; fuel keeps no stock."""


def open_store() -> int:
    """Make the chain with stock of everything but candy at p1, and of milk1 and candy at p2; return the source."""
    source = enrol_source("erp", actor="tests")
    upsert_units(source, [UnitItem("u1", "each", 0), UnitItem("u2", "kg", 3)])
    upsert_places(source, [PlaceItem(code, code, code.upper(), "USD", "America/New_York") for code in ("p1", "p2")])
    put_products(source, PRODUCTS)
    set_chain_prices(source, {sku: stated[-1] for sku, stated in PRODUCTS.items()})
    deliver(source, {sku: 10 for sku in PRODUCTS if sku not in {"candy", "fuel"}}, place="p1")
    deliver(source, {"milk1": 3, "candy": 4}, place="p2")
    return source


def put_products(source: int, products: Mapping[str, tuple[str, str, str, str, int]], stem: str = "") -> None:
    """Load products; the weighed ones are none."""
    upsert_products(
        source,
        [
            ProductItem(
                f"product-{stem}{sku}", sku, name, department=department, category=category, brand=brand,
                tracked=sku != "fuel", barcodes=(BarcodeItem(EAN),) if sku == "banana" else None,
            )
            for sku, (name, department, category, brand, _) in products.items()
        ],
    )  # fmt: skip


def set_chain_prices(source: int, prices: Mapping[str, int], *, place: str = "", since: datetime = LONG_AGO) -> None:
    """Set the chain's prices, or a place's."""
    set_prices(
        source,
        [
            PriceItem(f"price-{place}-{sku}-{amount}-{since:%s}", sku, "USD", amount, since, place=place)
            for sku, amount in prices.items()
        ],
    )


def sell_lines(source: int, lines: Mapping[str, int], *, place: str = "p1", when: datetime | None = None) -> None:
    """Book so many receipts of each product, one line each."""
    at = when or datetime.now(UTC) - timedelta(hours=1)
    receipts = [
        receipt(f"r-{place}-{sku}-{number}-{at:%s}", item(sku, 1, 100), place=place, when=at)
        for sku, count in lines.items()
        for number in range(count)
    ]
    sell(source, *receipts)


def build() -> int:
    """Number the news, count what sells and build the index; return how many products are in it."""
    number_all()
    count_sales()
    return rebuild_index()


def number_all() -> None:
    """Give every event its position."""
    while number_waiting():
        pass


def place_id(code: str) -> int:
    """Return a place's id."""
    return places_by_code([code])[code].id


def search(text: str = "", place: str = "", **more: Any) -> SearchPage:
    """Search as a page does."""
    return find(SearchQuery(text=text, place_id=place_id(place) if place else 0, **more))


def skus(page: SearchPage) -> list[str]:
    """Return the SKUs of the hits, in order."""
    return [hit.sku for hit in page.hits]


def found(text: str = "", place: str = "", **more: Any) -> list[str]:
    """Search and return the SKUs found, in order."""
    return skus(search(text, place, **more))


def values(facet: Sequence[Any]) -> dict[str, int]:
    """Return a facet's counts by value."""
    return {one.value: one.count for one in facet}
