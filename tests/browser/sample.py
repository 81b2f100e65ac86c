"""Figures that no chain ever had: they fill the pulse's pages for screenshots."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from onebasket.channels.pulse import sources
from onebasket.channels.pulse.figures import (
    Amount,
    Attention,
    ChannelMinute,
    FeedRow,
    MinuteSeries,
    Money,
    Part,
    PlaceRow,
    ProductRow,
    Promised,
    PulseFigures,
    Rows,
    ShelfRow,
    SoldToday,
    Viewer,
)
from onebasket.channels.pulse.rows import (
    DeliveryRow,
    DiscountView,
    ExceptionRow,
    MovementRow,
    OddsRow,
    OrderLineView,
    OrderRow,
    OrderView,
    PromiseRow,
    QuarantineRow,
    ReceiptLineView,
    ReceiptRow,
    ReceiptView,
    ShelfView,
    TaxView,
    TenderView,
)

ZONE = "America/New_York"
DAY = date(2026, 11, 21)
AN_ID = UUID("0199f2a0-1111-7000-8000-0000004b7c21")
NAMES = ("Store 330", "Store 367", "Store 406", "Store 343", "Warehouse East", "Store 412", "Store 299")


def moment(seconds: float = 0) -> datetime:
    return datetime(2026, 11, 21, 22, 4, 11, tzinfo=UTC) - timedelta(seconds=seconds)


def place(index: int) -> tuple[str, str]:
    name = NAMES[index % len(NAMES)]
    return name.rsplit(" ", 1)[1].lower(), name


def series() -> MinuteSeries:
    end, random, cells = moment().replace(second=0), Random(4), []  # noqa: S311 - a picture needs no secrets
    for index in range(60):
        minute = end - timedelta(minutes=59 - index)
        part = 0.2 if index == 59 else 1
        for channel, mean, money in (("till", 330, 4100), ("web", 34, 5200), ("kiosk", 11, 1900), ("partner", 9, 3400)):
            number = int(part * mean * (0.75 + index / 240 + random.random() / 3))
            cells.append(ChannelMinute(minute, channel, number, number * int(money * (0.9 + random.random() / 5))))
    return MinuteSeries(end, "USD", tuple(cells))


def pulse_figures(viewer: Viewer) -> PulseFigures:
    del viewer
    feed = []
    for index, (kind, channel, title, total) in enumerate((
        ("receipt", "till", "330-2-0418", 4187), ("order", "web", "367-0204", 2310),
        ("receipt", "till", "406-1-1182", 1294), ("breach", "", "Fluid milk, white, 1 gal", None),
        ("order", "kiosk", "343-0017", 899), ("receipt", "till", "299-4-0077", 10220),
        ("order", "partner", "367-0203", 3400), ("receipt", "till", "412-3-0640", 655),
        ("receipt", "till", "330-1-0991", 7710), ("receipt", "till", "367-6-0312", 2106),
    )):  # fmt: skip
        code, name = place(index)
        key = str(AN_ID) if kind == "order" else str(index + 1)
        money = None if total is None else Money(total, "USD")
        lines = 0 if total is None else index + 3
        feed.append(FeedRow(kind, channel, moment(index * 0.7), key, title, code, name, lines, money, ZONE, "milk"))
    busiest = tuple(
        PlaceRow(*place(index), "store", "USD", 1_204 - index * 97, 88 - index * 9, 4_870_112 - index * 390_500)
        for index in range(6)
    )
    sold = SoldToday(
        "USD",
        14_817_022,
        (("till", 13_204_500), ("web", 1_204_310), ("kiosk", 210_112), ("partner", 198_100)),
        13_951_000,
    )
    return PulseFigures(
        taken_at=moment(),
        series=series(),
        sold=(sold,),
        promised=Promised((Amount(1284, "each", 0), Amount(48_250, "kg", 3)), 311, moment(24 * 60 + 20)),
        attention=Attention(2, 3, 5, 12, 7, 0),
        newest=tuple(feed),
        busiest=busiest,
        places=457,
        lag_seconds=0.3,
        time_zone=ZONE,
        last_receipt_at=moment(0.2),
    )


def receipt_row(index: int) -> ReceiptRow:
    kind = 2 if index % 9 == 4 else 1
    return ReceiptRow(
        index, kind, -1 if kind == 2 else 1, f"330-2-{418 - index:04}",
        str(index % 4 + 1), *place(index), ZONE, DAY, moment(index * 7 + 1),
        moment(index * 7), index % 14 + 1, "USD", 4187 + index * 311 % 9000, index * 37 % 400,
        clock_suspect=index == 6,
    )  # fmt: skip


def order_row(index: int) -> OrderRow:
    channel = ("web", "kiosk", "web", "partner", "web")[index % 5]
    status = ("placed", "picking", "ready", "handed_over", "awaiting_payment", "cancelled")[index % 6]
    ident = UUID(int=AN_ID.int + index)
    at = moment(index * 31)
    return OrderRow(ident, 204 - index, channel, status, *place(index), ZONE, DAY, at, at, index % 9 + 1, "USD", 2310)


def shelf_row(index: int = 0) -> ShelfRow:
    on_hand, reserved, held, buffer = ((184, 18, 4, 8), (61, 40, 0, 8), (9, 9, 0, 0), (-3, 2, 0, 4), (42, 6, 12, 10))[
        index % 5
    ]
    return ShelfRow(
        *place(index), "1029743", "Bananas, yellow, per kg", "kg", 3, on_hand * 1000 + index * 137, reserved * 1000,
        held * 1000, buffer * 1000, moment(90_000), breached=index % 5 == 3, discrepant=False,
    )  # fmt: skip


def receipt(viewer: Viewer, identity: int) -> ReceiptView | None:
    del viewer
    if identity > 99:
        return None
    off = DiscountView("loyalty", 1, 98), DiscountView("coupon", 2, 50, "51190012450")
    lines = (
        ReceiptLineView(1, "00041900076610", "908531", "Fluid milk, white, 1 gal", Amount(2, "each", 0), 578, 578),
        ReceiptLineView(2, "00072250011334", "995242", "Bread, Italian", Amount(2, "each", 0), 398, 250, off),
        ReceiptLineView(3, "4011", "1029743", "Bananas, yellow", Amount(842, "kg", 3), 109, 109),
        ReceiptLineView(4, "20999123", "", "", Amount(1, "each", 0), 199, 199, exception="unknown_product"),
    )
    head = replace(
        receipt_row(0), id=identity, line_count=4, paid_total=1136, discount_total=148, loyalty_number="4400187"
    )
    return ReceiptView(
        head, lines, (TaxView("A", 0, 937, 0), TaxView("B", 88_750, 199, 18)), (TenderView("cash", 2000),), 18,
        tax_included=False, tendered=2000, change=846, rounding=0, operator="op-17",
    )  # fmt: skip


def order(viewer: Viewer, identity: UUID) -> OrderView | None:
    del viewer, identity
    one, two, three, kilo = Amount(1, "each", 0), Amount(2, "each", 0), Amount(3, "each", 0), Amount(1000, "kg", 3)
    lines = (
        OrderLineView(1, "908531", "Fluid milk, white, 1 gal", two, two, two, 289, one, 578, "367"),
        OrderLineView(2, "995242", "Bread, Italian", three, two, None, 199, one, 398, "367"),
        OrderLineView(3, "1029743", "Bananas, yellow", kilo, kilo, None, 130, kilo, 130, "367"),
    )
    head = replace(order_row(0), status="picking", line_count=3, total=1106)
    reason = (
        ("chosen", "the first place asked for that serves it whole"),
        ("asked for", "367, 406"),
        ("looked at", "1 of 2"),
    )
    return OrderView(head, lines, (("chain", "Store 367", "picking"),), reason, None, "Please ring the bell.")


def shelf(viewer: Viewer, place_code: str, sku: str) -> ShelfView | None:
    del viewer, place_code, sku
    kinds = (
        (5, 1, 12, 842),
        (5, 1, 12, 1204),
        (6, 1, 2, 1000),
        (1, 11, 1, 180_000),
        (2, 14, 1, 2_300),
        (9, 12, 3, 400),
    )
    moves = tuple(MovementRow(n, *kind, moment(n * 400), moment(n * 400), "330-2-0418") for n, kind in enumerate(kinds))
    promises = (
        PromiseRow("reservation", AN_ID, 18_000, moment(900), at_risk=True),
        PromiseRow("hold", UUID(int=AN_ID.int + 9), 4_000, moment(60), moment(-840)),
    )
    return ShelfView(shelf_row(3), ZONE, moves, promises)


def odds_row(index: int) -> OddsRow:
    note = "counted again tonight" if index == 1 else ""
    return OddsRow(
        index, *place(index), ZONE, "908531", "Fluid milk, white, 1 gal", "each", 0, 2 + index,
        moment(index * 900 + 40), moment(index) if index > 2 else None, note,
    )  # fmt: skip


def exception_row(index: int) -> ExceptionRow:
    reason = "unit_mismatch" if index % 3 == 1 else "unknown_product"
    return ExceptionRow(
        index, index, f"330-2-{index:04}", *place(index), ZONE, 4, f"2099912{index}", reason, "open", moment(index * 60)
    )


def quarantine_row(index: int) -> QuarantineRow:
    text = "Line 4 is paid 1.99 but its list amount less its discounts is 1.49."
    return QuarantineRow(index, "receipt", f"330-2-0{index}", "330", "does_not_tie", text, "open", moment(index * 500))


def delivery_row(index: int) -> DeliveryRow:
    return DeliveryRow(
        index, "https://shop.example/hooks/onebasket", "order.placed", f"order/{AN_ID}", "330", 12,
        "503 Service Unavailable", moment(index * 800),
    )  # fmt: skip


def place_row(index: int) -> PlaceRow:
    return PlaceRow(
        *place(index),
        "store",
        "USD",
        1204 - index * 97,
        88 - index,
        4_870_112 - index * 390_500,
        31 - index,
        int(index % 3 == 0),
        int(index % 4 == 2),
    )


def listed(make: Callable[[int], object], number: int) -> Any:
    def rows(viewer: Viewer, part: Part) -> Rows:
        del viewer
        if part.filters.get("q") == "nothing":
            return Rows()
        return Rows(
            tuple(make(index) for index in range(1, number + 1)),
            ("a", "b") if number > 6 and part.limit == 50 else None,
        )

    return rows


def products(viewer: Viewer, text: str) -> tuple[ProductRow, ...]:
    del viewer
    names = ("Bananas, yellow, per kg", "Banana bread mix", "Bananas, organic, per kg")
    found = tuple(ProductRow(f"10{n}", name, "kg", 3, "PRODUCE") for n, name in enumerate(names))
    return found if "ban" in text else ()


def top_shelves(viewer: Viewer, sku: str) -> tuple[ShelfRow, ...]:
    return tuple(shelf_row(index) for index in range(5))


def place_choices(viewer: Viewer) -> tuple[tuple[str, str], ...]:
    return tuple(place(index) for index in range(7))


def fill() -> None:
    """Put the sample in the place of the modules' queries; before the addresses are loaded."""
    sources.pulse_figures = pulse_figures
    sources.READERS["receipts"] = listed(receipt_row, 22)
    sources.READERS["orders"] = listed(order_row, 22)
    sources.READERS["shelves"] = sources.shelves = listed(shelf_row, 7)
    sources.READERS["places"] = listed(place_row, 7)
    sources.READERS["breaches"] = listed(odds_row, 4)
    sources.READERS["discrepancies"] = listed(odds_row, 3)
    sources.READERS["exceptions"] = listed(exception_row, 5)
    sources.READERS["quarantine"] = listed(quarantine_row, 4)
    sources.READERS["webhooks"] = listed(delivery_row, 2)
    sources.products = products
    sources.product = lambda sku: (
        ProductRow(sku, "Bananas, yellow, per kg", "kg", 3, "PRODUCE", "Private") if sku != "none" else None
    )
    sources.top_shelves = top_shelves
    sources.receipt, sources.order, sources.shelf = receipt, order, shelf
    sources.place_choices = place_choices
