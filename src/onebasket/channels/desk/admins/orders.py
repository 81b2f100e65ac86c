"""Orders, their lines and fulfilments."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from onebasket.base.models import Event, InboxEntry
from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import NAME, PLACE, PRODUCT, SKU, Column, Row, address_of, link
from onebasket.channels.desk.rows import ReadOnlyAdmin, may_see
from onebasket.channels.desk.searching import ByProductAdmin, SearchedAdmin, as_uuid, entry_ids
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.commerce.orders.models import DayNumber, Fulfilment, Order, OrderLine
from onebasket.commerce.orders.rules.notes import kept_notes
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.pricing.rules.wording import reason_of
from onebasket.commerce.stock.models import Movement, Reservation

STATUS: dict[object, str] = {
    "awaiting_payment": "warn", "placed": "info", "picking": "info", "ready": "good", "cancelled": "bad",
}  # fmt: skip
_OF = "order.currency"


def _number(row: Row) -> str:
    return order_number(row.place.code, row.number)


LINE: tuple[Column, ...] = (
    columns.number("Line", "number", sort=False), PRODUCT, SKU, columns.quantity("Ordered", "ordered", sort=False),
    columns.quantity("Promised", "promised", sort=False), columns.quantity("Picked", "picked", sort=False),
    columns.quantity("Put back", "put_back", sort=False), columns.money("Amount", "amount", currency=_OF, sort=False),
    columns.text("Owner", "owner", sort=False),
)  # fmt: skip
RESERVED: tuple[Column, ...] = (
    columns.number("Line", "line", sort=False),
    Column("Product", lambda row: link(row.product.name, columns.page_of(row)), lambda row: row.product.sku),
    columns.quantity("Quantity", "quantity", sort=False), columns.choice("Stands", "state", sort=False),
)  # fmt: skip
PART: tuple[Column, ...] = (
    PLACE, columns.text("Owner", "owner", sort=False), columns.choice("Stands", "status", tones=STATUS, sort=False),
    columns.moment("Picked", "picked_at", sort=False), columns.moment("Handed over", "handed_over_at", sort=False),
)  # fmt: skip
NEWS: tuple[Column, ...] = (
    columns.moment("When", "occurred_at", sort=False),
    Column("What", lambda row: link(row.type, address_of(Event, row.pk)), lambda row: row.type),
    columns.number("Position", "position", sort=False),
)  # fmt: skip


class OrderAdmin(SearchedAdmin):
    """A placed basket."""

    right = "orders.read"
    about = "Placed baskets and where they stand. Newest first."
    search_help_text = "Number such as 367-0042, id, key or loyalty number"
    ordering = ("-placed_at",)
    reads_along = ("place",)
    list_filter = (
        filters.PLACE, filters.one_of("status"), ("channel", filters.ValuesFilter), filters.day("placed_at"),
        filters.day("business_day"),
    )  # fmt: skip
    table = (
        Column("Number", _number, _number), columns.choice("Stands", "status", tones=STATUS), PLACE,
        columns.text("Channel", "channel"), columns.number("Lines", "line_count"), columns.money("Total", "total"),
        columns.moment("Placed", "placed_at"), columns.moment("Changed", "changed_at"),
        columns.day("Day", "business_day"),
    )  # fmt: skip
    facts = (
        *table, columns.text("Loyalty number", "loyalty_number"),
        columns.moment("Promise expires", "expires_at"),
        Column("Why this place", lambda row: _why(row.reason), lambda row: row.reason), columns.text("Note", "note"),
        columns.text("Id", "pk"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find what people call it, its id, its key, or the customer's card."""
        if identity := as_uuid(term):
            return Q(pk=identity)
        place, _, count = term.rpartition("-")
        if count.isascii() and count.isdigit() and len(count) <= 9:  # noqa: PLR2004 - an integer column
            numbered = Q(number=int(count), **({"place__code": place} if place else {}))
        else:
            numbered = Q(pk__in=())
        return numbered | Q(loyalty_number=term) | Q(entry_id__in=entry_ids(term))

    def heading(self, row: Row) -> str:
        """Name it as people do."""
        return f"Order {_number(row)} of {row.business_day:%-d %b %Y}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what moved for it."""
        return [("Its movements", filtered(Movement, q=_number(row), at=row.place.code))]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:
        """Show its lines, parts, promises, and what was told about it."""
        lines = OrderLine.objects.filter(order=row).select_related("product__unit", "order").order_by("number")
        parts = Fulfilment.objects.filter(order=row).select_related("place")
        reserved = Reservation.objects.filter(place_id=row.place_id, reference=row.pk)
        shown = [
            section("Lines", LINE, lines),
            section("Parts", PART, parts),
            section("Reservations", RESERVED, reserved.select_related("product__unit").order_by("line")),
        ]
        if may_see(request, self, Event):
            entry = InboxEntry.objects.filter(pk=row.entry_id)
            news = self._news(row)
            shown += [section("Events", NEWS, news, empty="None yet."), section("Came as", ENTRY, entry)]
        return shown

    @staticmethod
    def _news(row: Row) -> Any:  # noqa: ANN401
        since = Event.objects.filter(occurred_at__gte=row.placed_at, subject=f"order/{row.pk}")
        return since.order_by("pk")

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"order/{row.pk}"


def _why(reason: Any) -> str:  # noqa: ANN401 - JSON
    if not isinstance(reason, dict):
        return str(reason)
    if "asked" not in reason:
        return _of_checkout(reason)
    parts = [
        f"{reason['chosen']}.",
        f"Asked: {', '.join(reason['asked'])}; {'what there is' if reason['partial'] else 'whole or not at all'}.",
        *(
            f"Free at {place}, line by line: {', '.join(map(str, free))}."
            for place, free in reason.get("free", {}).items()
        ),
        f"It took the place of hold {reason['hold']}." if reason["hold"] else "",
        f"Rows of the price book: {', '.join(map(str, reason['prices']))}." if reason["prices"] else "",
    ]
    return " ".join(filter(None, parts))


def _of_checkout(reason: dict[str, Any]) -> str:
    """Say why a basket became this order: who chose its place, how it was priced, why offers applied or did not."""
    notes = (f"Line {line}: {note.name}: {reason_of(note)}." for line, note in kept_notes(reason))
    return " ".join([f"{reason.get('chosen', '')}.", f"Priced: {reason.get('method', 'exact')}.", *notes])


ENTRY: tuple[Column, ...] = (
    Column("Key", lambda row: link(row.key, address_of(InboxEntry, row.pk)), lambda row: row.key),
    columns.moment("Received", "received_at", sort=False),
)  # fmt: skip
ORDER = Column(
    "Order",
    lambda row: link(order_number(row.place.code, row.order.number), address_of(Order, row.order_id)),
    lambda row: row.order_id,
)


class OrderLineAdmin(ByProductAdmin):
    """What was ordered, line by line."""

    right = "orders.read"
    reads_along = ("place", "product__unit", "order")
    list_filter = (filters.PLACE,)
    table = (NAME, *LINE[2:], PLACE, ORDER)
    sortable_by = ()


class FulfilmentAdmin(ReadOnlyAdmin):
    """The part of an order that one place serves."""

    right = "orders.read"
    ordering = ("-pk",)
    reads_along = ("place", "order")
    list_filter = (filters.PLACE, filters.one_of("status"))
    table = (PART[2], ORDER, *PART[:2], *PART[3:])


class DayNumberAdmin(ReadOnlyAdmin):
    """The last order number given out."""

    right = "orders.read"
    reads_along = ("place",)
    list_filter = (filters.PLACE, filters.day("business_day"))
    table = (columns.day("Day", "business_day"), PLACE, columns.number("Last number", "last"))


ADMINS = {Order: OrderAdmin, OrderLine: OrderLineAdmin, Fulfilment: FulfilmentAdmin, DayNumber: DayNumberAdmin}
