"""Small chains, receipts, facts, holds and orders for tests; a test states only what it is about."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db.models import Model, Q, QuerySet, Sum

from onebasket.base.committer import Client, Committer, HotAction
from onebasket.base.committer.beside import serve_beside
from onebasket.base.webhooks import Deliveries, Policy
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.catalogue.actions import upsert_products, upsert_units
from onebasket.commerce.catalogue.models import Product
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem, UnitItem
from onebasket.commerce.orders.actions import (
    OrderCall,
    StepCall,
    baskets,
    checkout,
    expiry,
    place_orders,
    placing,
    reopening,
    step_orders,
    stepping,
)
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import (
    LineRequest,
    OrderOutcome,
    OrderPlaced,
    OrderRequest,
    OrderStep,
    PickedLine,
    StepOutcome,
)
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.pricing.actions import set_prices
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.sales.actions import book_sales, booking, exceptions
from onebasket.commerce.sales.rules.outcomes import ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Kind, Line, Original, Receipt, Tender
from onebasket.commerce.stock.actions import book_movements, buffers, facts, hold_stock, holds
from onebasket.commerce.stock.actions.holds import HoldCall
from onebasket.commerce.stock.models import HoldLine, Movement, Reservation, Shelf
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.messages import (
    FactKind,
    FactLine,
    FactOutcome,
    HoldLineRequest,
    HoldOutcome,
    HoldRequest,
    State,
    StockFact,
)

MORNING = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
"""Nine o'clock in New York on Monday 2 March 2026."""
OPENING = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
"""When the opening stock of a chain was delivered."""
EAN = "4006381333931"
"""The barcode of milk."""
_CLOCKED: tuple[ModuleType, ...] = (
    booking,
    exceptions,
    facts,
    holds,
    buffers,
    placing,
    stepping,
    expiry,
    baskets,
    checkout,
    reopening,
)


def at(minutes: float, *, seconds: float = 0) -> datetime:
    """Return an instant so many minutes after the morning."""
    return MORNING + timedelta(minutes=minutes, seconds=seconds)


@dataclass(slots=True)
class Clock:
    """The database's clock as the actions read it, held still until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def hold_still(self, monkeypatch: pytest.MonkeyPatch) -> "Clock":
        """Put this clock in the place of the database's in every action of the hot path."""
        for module in _CLOCKED:
            if hasattr(module, "ask_now"):
                monkeypatch.setattr(module, "ask_now", lambda: self)
            else:
                monkeypatch.setattr(module, "database_now", self)
        return self


def make_chain(*places: str, stock: Mapping[str, int] | None = None) -> int:
    """Make places (one, p1, when none is named), units, products and prices; deliver `stock` to the first place.

    milk (each, 199, EAN), bread (each, 250), apples (kg in grams, 300 a kg), fuel (untracked, 400). Returns the source.
    """
    codes = places or ("p1",)
    source = enrol_source("erp", actor="tests")
    upsert_places(source, [PlaceItem(f"place-{code}", code, code, "USD", "America/New_York") for code in codes])
    upsert_units(source, [UnitItem("unit-each", "each", 0), UnitItem("unit-kg", "kg", 3)])
    products = [
        ProductItem("product-milk", "milk", "Milk", barcodes=(BarcodeItem(EAN),)),
        ProductItem("product-bread", "bread", "Bread"),
        ProductItem("product-apples", "apples", "Apples", "kg", weighed=True),
        ProductItem("product-fuel", "fuel", "Fuel", tracked=False),
    ]
    upsert_products(source, products)
    add_prices(source, {"milk": (199, 1), "bread": (250, 1), "apples": (300, 1000), "fuel": (400, 1)})
    if stock:
        deliver(source, stock, place=codes[0])
    return source


def add_prices(source: int, prices: Mapping[str, tuple[int, int]], place: str = "") -> None:
    """Set the chain's prices, or a place's: minor units per so many steps."""
    items = [
        PriceItem(f"price-{place}-{sku}", sku, "USD", amount, datetime(2026, 1, 1, tzinfo=UTC), per, place=place)
        for sku, (amount, per) in prices.items()
    ]
    set_prices(source, items)


def deliver(source: int, stock: Mapping[str, int], *, place: str = "p1", key: str = "") -> None:
    """Book the opening stock of a place."""
    book(source, fact(key or f"opening-{place}", FactKind.DELIVERY, stock, place=place, when=OPENING))


def fact(  # noqa: PLR0913 - what a fact is
    key: str,
    kind: FactKind,
    lines: Mapping[str, int],
    *,
    place: str = "p1",
    when: datetime = MORNING,
    state: State = State.SELLABLE,
    to_state: State | None = None,
    to_place: str = "",
) -> StockFact:
    """State a fact about stock; lines as {sku: steps}."""
    stated = tuple(FactLine(sku, quantity, state, to_state) for sku, quantity in lines.items())
    return StockFact(key, place, kind, when, stated, to_place)


def book(source: int, *stated: StockFact) -> list[FactOutcome]:
    """Book facts in one batch."""
    return book_movements(source, stated)


def item(code: str, quantity: int, paid: int, **more: Any) -> Line:
    """Return a receipt's line whose list amount is what was paid, unless stated."""
    return Line(code, quantity, more.pop("list_amount", paid), paid, **more)


def receipt(
    key: str,
    *lines: Line,
    kind: Kind = Kind.SALE,
    when: datetime = MORNING,
    original: str = "",
    **more: Any,
) -> Receipt:
    """Return a receipt of place p1's till 1, numbered by its key, paid exactly in cash; `original` is a number."""
    due = sum(line.paid_amount for line in lines)
    tenders = (Tender("cash", due),) if due and not (kind is Kind.VOID and not original) else ()
    stated: dict[str, Any] = {
        "place": "p1",
        "till": "1",
        "number": key,
        "currency": "USD",
        "tenders": tenders,
        "original": Original("p1", "1", MORNING.date(), original) if original else None,
    }
    return Receipt(key=key, kind=kind, occurred_at=when, lines=lines, **stated | more)


def sell(source: int, *receipts: Receipt) -> list[ReceiptOutcome]:
    """Book receipts in one batch."""
    return book_sales(source, receipts)


def order(key: str, lines: Mapping[str, int], *places: str, **more: Any) -> OrderRequest:
    """Return a request for an order; lines as {sku: steps}, at p1 unless places are named."""
    wanted = tuple(LineRequest(sku, quantity) for sku, quantity in lines.items())
    return OrderRequest(key, places or ("p1",), wanted, **more)


def place(source: int, *requests: OrderRequest) -> list[OrderOutcome]:
    """Place orders in one batch."""
    return place_orders([OrderCall(source, request) for request in requests])


def placed(source: int, request: OrderRequest) -> OrderPlaced:
    """Place one order that must succeed."""
    (outcome,) = place(source, request)
    assert isinstance(outcome, OrderPlaced), outcome
    return outcome


def take_steps(source: int, *requests: OrderStep) -> list[StepOutcome]:
    """Take steps in one batch."""
    return step_orders([StepCall(source, request) for request in requests])


def step(source: int, key: str, of: OrderPlaced, kind: Step, picked: Mapping[int, int] | None = None) -> StepOutcome:
    """Take one step of an order; `picked` as {line: steps}."""
    lines = None if picked is None else tuple(PickedLine(line, quantity) for line, quantity in picked.items())
    (outcome,) = take_steps(source, OrderStep(key, of.id, kind, lines))
    return outcome


def basket(key: str, lines: Mapping[str, int], **more: Any) -> HoldRequest:
    """Return a request for a hold at p1 of {sku: steps}."""
    wanted = tuple(HoldLineRequest(sku, quantity) for sku, quantity in lines.items())
    return HoldRequest(key, more.pop("place", "p1"), wanted, **more)


def take_holds(source: int, *requests: HoldRequest) -> list[HoldOutcome]:
    """Take holds in one batch."""
    return hold_stock([HoldCall(source, request) for request in requests])


@contextmanager
def running(actions: Mapping[str, HotAction], **more: Any) -> Iterator[Client]:
    """Serve a committer in a thread, over a real socket; at its end the thread gives its connection back."""
    one = Committer(actions, **more)
    path, thread = serve_beside(one)
    try:
        yield Client(path, actions)
    finally:
        one.stop()
        thread.join(20)
        assert not thread.is_alive()


def deliver_due(policy: Policy) -> int:
    """Send what is due, a few of each webhook, to the end; return how many were sent, well or not."""
    deliveries = Deliveries(policy)
    try:
        return deliveries.begin()
    finally:
        deliveries.end()


def shelf(sku: str, *, place_code: str = "p1", state: End = End.SELLABLE) -> tuple[int, int, int]:
    """Return a shelf's on hand, reserved and held; zeros where there is none."""
    rows = Shelf.objects.filter(place__code=place_code, product__sku=sku, state=state)
    return rows.values_list("on_hand", "reserved", "held").first() or (0, 0, 0)


def on_hand(sku: str, *, state: End = End.SELLABLE, place_code: str = "p1") -> int:
    """Return a shelf's on hand."""
    return shelf(sku, place_code=place_code, state=state)[0]


def moved(sku: str, *, place_code: str = "p1") -> list[tuple[int, int, int, int]]:
    """Return a product's movements as (kind, origin, target, quantity), as booked."""
    rows = Movement.objects.filter(place__code=place_code, product__sku=sku).order_by("id")
    return list(rows.values_list("kind", "origin", "target", "quantity"))


def as_of(sku: str, when: datetime, *, state: End = End.SELLABLE) -> int:
    """Return what the ledger says was on hand at place p1 at an instant, by the time at which things occurred."""
    rows = Movement.objects.filter(place__code="p1", product__sku=sku, occurred_at__lte=when)
    total = Sum("quantity", default=0)
    came, went = (rows.filter(**{end: state}).aggregate(total=total)["total"] for end in ("target", "origin"))
    return int(came - went)


def faults_in_stock() -> list[str]:
    """Return every way in which shelves, movements and promises disagree: none, ever."""
    faults: list[str] = []
    names = dict(Product.objects.values_list("id", "sku"))
    codes = dict(Place.objects.values_list("id", "code"))
    moves = _net_movements()
    for one in Shelf.objects.all():
        where = f"{codes[one.place_id]}/{names[one.product_id]}/{one.state}"
        net = moves.pop((one.place_id, one.product_id, one.state), 0)
        if one.on_hand != net:
            faults.append(f"{where}: on hand {one.on_hand}, movements {net}")
        if one.state != End.SELLABLE:
            continue
        on = Q(place=one.place_id, product=one.product_id)
        open_ = _sum(Reservation.objects.filter(on, state=Reservation.State.OPEN))
        held = _sum(HoldLine.objects.filter(on, state=HoldLine.State.ACTIVE))
        if (one.reserved, one.held) != (open_, held):
            faults.append(f"{where}: reserved {one.reserved}, held {one.held}; open {open_}, active {held}")
        if (one.breach_id is not None) != (0 < one.reserved > one.on_hand):
            faults.append(f"{where}: breach {one.breach_id}, on hand {one.on_hand}, reserved {one.reserved}")
        if (one.discrepancy_id is not None) != (one.on_hand < 0):
            faults.append(f"{where}: discrepancy {one.discrepancy_id}, on hand {one.on_hand}")
    return faults + [f"{key}: moved {net} without a shelf" for key, net in moves.items() if net]


def _net_movements() -> dict[tuple[int, int, int], int]:
    net: dict[tuple[int, int, int], int] = {}
    for end, sign in (("target", 1), ("origin", -1)):
        rows = Movement.objects.filter(**{f"{end}__lte": End.IN_TRANSIT})
        grouped = rows.values_list("place_id", "product_id", end).annotate(total=Sum("quantity") * sign)
        for place_id, product_id, state, total in grouped:
            net[place_id, product_id, state] = net.get((place_id, product_id, state), 0) + total
    return net


def _sum(rows: QuerySet[Any]) -> int:
    return int(rows.aggregate(total=Sum("quantity", default=0))["total"])


def counts_of(*models: type[Model]) -> list[int]:
    """Return how many rows each table has, to show that nothing was added."""
    return [model._default_manager.count() for model in models]


def versions() -> Sequence[tuple[int, int]]:
    """Return each shelf's id and version, to show that nothing was written."""
    return list(Shelf.objects.order_by("id").values_list("id", "version"))
