"""What waits for somebody and how the day goes: figures that lead to the rows behind them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from onebasket.base.models import Delivery, Letter, ParkedEvent, QuarantineItem
from onebasket.channels.desk.paging import MOST_COUNTED
from onebasket.channels.desk.rights import places_for
from onebasket.channels.desk.sections import filtered
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.partners.models import Oddity, PartnerPart
from onebasket.commerce.sales.models import LineException, Receipt
from onebasket.commerce.stock.models import Breach, Discrepancy


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, what it counts, where its rows are, and whether it should worry anybody."""

    title: str
    said: str
    number: str
    address: str
    tone: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How a figure is counted: table, right, the rows' field of place, conditions, and the same as a list's filter."""

    title: str
    said: str
    model: type[Model]
    right: str
    conditions: Q
    query: dict[str, str]
    tone: str = ""
    place_field: str = "place__code"


WAITING = (
    Counted(
        "Breaches", "promises that the goods on hand do not cover", Breach, "exceptions.read",
        Q(closed_at__isnull=True), {"is": "open"}, "bad",
    ),
    Counted(
        "Discrepancies", "shelves below zero, to be counted", Discrepancy, "exceptions.read",
        Q(closed_at__isnull=True), {"is": "open"}, "warn",
    ),
    Counted(
        "Line exceptions", "lines that moved no stock", LineException, "exceptions.read",
        Q(state="open"), {"state__exact": "open"}, "warn",
    ),
    Counted(
        "Quarantine", "messages that nobody could book yet", QuarantineItem, "quarantine.read",
        Q(state="open"), {"state__exact": "open"}, "warn", "place_code",
    ),
    Counted(
        "Odd of partners", "statements that could not be taken as they are", Oddity, "partners.read",
        Q(state="open"), {"state__exact": "open"}, "warn", "",
    ),
    Counted(
        "Stuck parts", "partners' parts of orders that a person has to look at", PartnerPart, "partners.read",
        Q(status="stuck"), {"status__exact": "stuck"}, "bad", "",
    ),
    Counted(
        "Parked events", "that an action failed on too often", ParkedEvent, "events.read",
        Q(state="parked"), {"state__exact": "parked"}, "bad", "",
    ),
    Counted(
        "Dead deliveries", "events that a webhook never took", Delivery, "events.read",
        Q(state="dead"), {"state__exact": "dead"}, "bad", "",
    ),
    Counted(
        "Dead letters", "mails that could not be sent", Letter, "events.read",
        Q(state="dead"), {"state__exact": "dead"}, "bad", "",
    ),
)  # fmt: skip
ORDERS = tuple(
    Counted(
        status.value.replace("_", " ").capitalize(), said, Order, "orders.read",
        Q(status=status.value), {"status__exact": status.value},
    )
    for status, said in (
        (Status.AWAITING_PAYMENT, "promised, not paid yet"),
        (Status.PLACED, "to be picked"),
        (Status.PICKING, "being picked"),
        (Status.READY, "staged, to be handed over"),
    )
)  # fmt: skip


def today(request: HttpRequest) -> list[tuple[str, list[Figure]]]:
    """Return the figures that the person may see, in groups; each is one statement, bounded like the lists."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    flow = (
        Counted(
            "Receipts", f"booked since {day:%-d %b}, 00:00 UTC", Receipt, "sales.read",
            Q(booked_at__gte=start), {"booked_at_from": day.isoformat()},
        ),
        Counted(
            "Orders", f"placed since {day:%-d %b}, 00:00 UTC", Order, "orders.read",
            Q(placed_at__gte=start), {"placed_at_from": day.isoformat()},
        ),
    )  # fmt: skip
    groups = (("Waits for somebody", WAITING), ("Open orders", ORDERS), ("Flow", flow))
    shown = [(title, [f for counted in each if (f := _figure(request, counted))]) for title, each in groups]
    return [(title, figures) for title, figures in shown if figures]


def _figure(request: HttpRequest, counted: Counted) -> Figure | None:
    places = places_for(request, counted.right)
    if places is not None and not places:
        return None
    rows: QuerySet[Model] = counted.model._default_manager.filter(counted.conditions)  # noqa: SLF001
    if places is not None:
        if not counted.place_field:
            return None
        rows = rows.filter(**{f"{counted.place_field}__in": sorted(places)})
    number = rows.order_by().values("pk")[: MOST_COUNTED + 1].count()
    text = f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"
    address = filtered(counted.model, **counted.query)
    return Figure(counted.title, counted.said, text, address, counted.tone if number else "")
