"""Every kind of write from outside, as requests that may be sent any number of times in any order."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from onebasket.commerce.catalogue.actions import upsert_products, upsert_units
from onebasket.commerce.catalogue.rules import ProductItem, UnitItem
from onebasket.commerce.orders.actions import OrderCall, StepCall, place_orders, step_orders
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.pricing.actions import set_prices, set_promotions, set_taxes
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.pricing.rules.messages import PromotionItem, TaxItem
from onebasket.commerce.pricing.rules.promotions import Promotion
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.rules.receipt import Kind
from onebasket.commerce.stock.actions import book_movements, hold_stock, set_buffers
from onebasket.commerce.stock.actions.holds import HoldCall
from onebasket.commerce.stock.rules.buffers import BufferSetting
from onebasket.commerce.stock.rules.messages import FactKind
from tests.builders import at, basket, fact, item, order, receipt
from tests.offers import SINCE, promotion

Action = Callable[[Sequence[Any]], Sequence[Any]]
EACH = 6


class Write(NamedTuple):
    """A request by the action that takes it; `name` is the same wherever and whenever it is sent."""

    name: str
    action: Action
    request: Any


def every_write(source: int) -> Iterator[list[Write]]:
    """Yield the writes in phases, each of which needs the one before done."""
    yield _master_data(source)
    yield _stock_and_promises(source)
    yield _steps(source)


def _master_data(source: int) -> list[Write]:
    places, units = partial(upsert_places, source), partial(upsert_units, source)
    products, prices = partial(upsert_products, source), partial(set_prices, source)
    buffers, taxes = partial(set_buffers, source), partial(set_taxes, source)
    promotions = partial(set_promotions, source, actor="tests")
    writes: list[Write] = []
    for number in range(EACH):
        writes += [
            Write(
                f"place {number}", places, PlaceItem(f"t-place-{number}", f"t{number}", "T", "USD", "America/New_York")
            ),
            Write(f"unit {number}", units, UnitItem(f"t-unit-{number}", f"u{number}", 2)),
            Write(f"product {number}", products, ProductItem(f"t-product-{number}", f"s{number}", "S")),
            Write(
                f"price {number}",
                prices,
                PriceItem(f"t-price-{number}", "milk", "USD", 100 + number, datetime(2026, 1, 2 + number, tzinfo=UTC)),
            ),
            Write(f"promotion {number}", promotions, PromotionItem(f"t-deal-{number}", _deal(number), state="live")),
            Write(f"tax {number}", taxes, TaxItem(f"t-tax-{number}", f"tax{number}", 60_000, SINCE)),
            Write(f"buffer {number}", buffers, BufferSetting(f"t-buffer-{number}", "p1", 1, f"c{number}", sku="milk")),
        ]
    return writes


def _deal(number: int) -> Promotion:
    return promotion(f"deal{number}", "bread", amount=10 + number)


def _stock_and_promises(source: int) -> list[Write]:
    facts, sales = partial(book_movements, source), partial(book_sales, source)
    writes: list[Write] = []
    for number in range(EACH):
        lines = {"milk": 1, "bread": 2} if number % 2 else {"bread": 2, "milk": 1}
        writes += [
            Write(f"delivery {number}", facts, fact(f"t-d{number}", FactKind.DELIVERY, lines)),
            Write(
                f"count {number}", facts, fact(f"t-c{number}", FactKind.COUNT, {"apples": 70 + number}, when=at(number))
            ),
            Write(f"receipt {number}", sales, receipt(f"t-r{number}", item("bread", 1, 250), item("milk", 1, 199))),
            Write(f"void {number}", sales, receipt(f"t-v{number}", kind=Kind.VOID, original=f"t-r{number}")),
            Write(f"order {number}", place_orders, OrderCall(source, order(f"t-o{number}", lines))),
            Write(f"hold {number}", hold_stock, HoldCall(source, basket(f"t-h{number}", {"milk": 1}, seconds=3_600))),
        ]
    return writes


def _steps(source: int) -> list[Write]:
    known = Order.objects.filter(source_id=source).order_by("entry_id").values_list("pk", flat=True)
    return [
        Write(f"cancel {number}", step_orders, StepCall(source, OrderStep(f"t-s{number}", identity, Step.CANCEL)))
        for number, identity in enumerate(known)
    ]
