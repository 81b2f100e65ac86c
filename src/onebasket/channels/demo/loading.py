"""Load a derived chain into the hub through the same actions that an integration calls."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import TypeVar

import msgspec

from onebasket.base.relay import number_waiting
from onebasket.channels.demo import taxes
from onebasket.channels.demo.chain import Chain, ChainPlace, ChainProduct
from onebasket.channels.demo.clock import DemoDay
from onebasket.channels.demo.deliveries import Timed, batches, delivery_facts, opening_facts
from onebasket.channels.demo.journey import read_baskets
from onebasket.channels.demo.stock import ChainStock
from onebasket.channels.demo.stores import COUNTRY, LABEL, REGION, opening_hours, slot_windows
from onebasket.commerce.books.actions import set_earning_rule
from onebasket.commerce.books.queries.points import earning_rules
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.commerce.catalogue.actions import upsert_products, upsert_units
from onebasket.commerce.catalogue.actions.templates import add_barcode_template
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem, UnitItem
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.pricing.actions import set_prices, set_tax_classes, set_tax_terms, set_taxes
from onebasket.commerce.pricing.actions.tills import book_receipts
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.pricing.rules.messages import TaxItem, TaxTermsItem
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked
from onebasket.commerce.search.actions import count_sales, rebuild_index
from onebasket.commerce.slots.actions import set_slot_plans
from onebasket.commerce.slots.rules.messages import SlotPlanItem
from onebasket.commerce.stock.actions import book_movements
from onebasket.commerce.stock.rules.messages import FactBooked

BATCH = 2_000
ACTOR = "demo"
PRICE_CODE_PATTERN = "02{item:5}{price:5}{check}"
FACTS_A_BATCH = 4
RECEIPTS_A_BATCH = 500
EARN_NOTHING = ("Fuel", "Cigarettes", "Cigars", "Tobacco other", "Coupon/misc items")
"""Departments and categories that earn no points; the last has the data's gasoline."""

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]
"""Told what is being loaded, how much of it is done, and how much there is."""


class DemoLoadError(Exception):
    """An item of the derived chain was not taken: a fault of the derivation."""


def load_chain(chain: Chain, *, source_id: int, priced_from: datetime, progress: Progress) -> None:
    """Load units, places with their slot plans, products with their codes, prices and loyalty numbers.

    Loading again changes nothing.
    """
    add_barcode_template(PRICE_CODE_PATTERN, actor=ACTOR)
    units = [UnitItem(f"unit-{unit.code}", unit.code, unit.decimals, unit.name) for unit in chain.units]
    places = [_place(place) for place in chain.places]
    plans = [SlotPlanItem(f"plan-{one.code}", one.code, slot_windows(one.store_id)) for one in chain.places]
    currency, stocked = chain.places[0].currency, {product.sku for product in chain.assortment}
    prices = [
        PriceItem(
            f"price-{price.sku}-{price.place}", price.sku, currency, price.amount, priced_from,
            per_quantity=price.per_quantity, place=price.place,
        )
        for price in chain.prices
        if price.sku in stocked
    ]  # fmt: skip
    products = [_product(product) for product in chain.assortment]
    customers = [CustomerItem(f"customer-{number}", number) for number in chain.loyalty_numbers]
    load_items("units", units, lambda batch: upsert_units(source_id, batch), progress)
    load_items("places", places, lambda batch: upsert_places(source_id, batch), progress)
    load_items("slot plans", plans, lambda batch: set_slot_plans(source_id, batch), progress)
    load_items("products", products, lambda batch: upsert_products(source_id, batch), progress)
    load_items("prices", prices, lambda batch: set_prices(source_id, batch), progress)
    load_items("customers", customers, lambda batch: upsert_customers(source_id, batch), progress)


def load_earning(chain: Chain, *, since: datetime) -> None:
    """Let members earn a point for each dollar, of which a hundred pay one; loading again changes nothing."""
    if not earning_rules():
        rule = EarningRule(chain.places[0].currency, since.date(), 1, 100, EARN_NOTHING, 100, 100)
        set_earning_rule(rule, actor=ACTOR)


def load_taxes(chain: Chain, *, source_id: int, since: datetime, progress: Progress) -> None:
    """Load the rate, what it is on, and that prices are without it; loading again changes nothing."""
    rate = TaxItem("tax-sales", taxes.CODE, taxes.RATE, since, tax_class=taxes.TAXED)
    terms = TaxTermsItem("tax-terms", since, included=False)
    goods = taxes.taxed_goods(chain)
    load_items("what is taxed", goods, lambda batch: set_tax_classes(source_id, batch), progress)
    load_items("terms of taxes", [terms], lambda batch: set_tax_terms(source_id, batch), progress)
    load_items("taxes", [rate], lambda batch: set_taxes(source_id, batch), progress)


def load_stock(
    stock: ChainStock, *, source_id: int, timed: Timed, suffix: str, until: datetime, progress: Progress
) -> None:
    """Book the derived opening stock and the deliveries before `until` (of the data's time); labelled derived.

    `timed` says when an instant of the data was; `suffix` sets the keys of one installation's facts apart.
    """
    facts = list(opening_facts(stock, timed=timed, suffix=suffix))
    for delivery in stock.deliveries:
        if delivery.at < until:
            facts += delivery_facts(delivery, at=timed(delivery.at), suffix=suffix)
    done, shelves = 0, sum(len(fact.lines) for fact in facts)
    for batch in batches(facts, FACTS_A_BATCH):
        if unbooked := [outcome for outcome in book_movements(source_id, batch) if not isinstance(outcome, FactBooked)]:
            raise DemoLoadError(f"stock was not taken: {unbooked[0]}")
        done += sum(len(fact.lines) for fact in batch)
        progress("opening stock and deliveries", done, shelves)


def load_history(chain: Chain, day: DemoDay, *, source_id: int, progress: Progress) -> None:
    """Book the receipts before the demo begins, in their order."""
    begins_at = day.part.begins_at()
    before = takewhile(lambda basket: basket.at < day.opens_at, read_baskets(chain.store_ids))
    receipts = [
        msgspec.structs.replace(taxes.taxed_receipt(basket, chain), occurred_at=day.past(basket.at))
        for basket in before
        if basket.at >= begins_at
    ]
    done = 0
    for batch in batches(receipts, RECEIPTS_A_BATCH):
        if unbooked := [
            outcome for outcome in book_receipts(source_id, batch) if not isinstance(outcome, ReceiptBooked)
        ]:
            raise DemoLoadError(f"history was not taken: {unbooked[0]}")
        done += len(batch)
        progress("receipts of the days before", done, len(receipts))


def _place(place: ChainPlace) -> PlaceItem:
    return PlaceItem(
        f"store-{place.code}", place.code, place.name, place.currency, place.time_zone,
        street=LABEL, city=place.spot.city, postcode=place.spot.postcode, region=REGION, country=COUNTRY,
        latitude=place.spot.latitude, longitude=place.spot.longitude,
        opening_hours=opening_hours(place.store_id),
    )  # fmt: skip


def build_search() -> None:
    """Count what sold in the days before and build the search index, so that the first search finds everything.

    News get their positions first: what the index holds is noted by position, and would be taken in once more.
    """
    while number_waiting():
        pass
    count_sales()
    rebuild_index()


def _product(product: ChainProduct) -> ProductItem:
    codes = [BarcodeItem(code) for code in product.codes]
    if product.item:
        codes.append(BarcodeItem(f"02{product.item:05d}", "instore"))
    return ProductItem(
        f"product-{product.sku}", product.sku, product.name, product.unit.code,
        department=product.department, category=product.category, brand=product.brand,
        tracked=product.tracked, weighed=product.weighed, barcodes=tuple(codes),
    )  # fmt: skip


def load_items(
    what: str, items: Sequence[Item], take: Callable[[Sequence[Item]], Sequence[object]], progress: Progress
) -> None:
    """Have items taken in, in batches; a refused one is a fault of the derivation."""
    done = 0
    for batch in batches(items, BATCH):
        for item, outcome in zip(batch, take(batch), strict=True):
            if getattr(outcome, "outcome", "") in {"invalid", "conflict"}:
                raise DemoLoadError(f"{what}: {item} was not taken: {outcome}")
        done += len(batch)
        progress(what, done, len(items))
