"""The lists: their columns, filters and cells, one `Listing` each."""

from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from onebasket.channels.pulse import formats, words
from onebasket.channels.pulse.charts import chart_class, shelf_bar
from onebasket.channels.pulse.figures import Money, PlaceRow, ShelfRow
from onebasket.channels.pulse.listing import Cell, Column, Filter, Listing
from onebasket.channels.pulse.rows import OrderRow, ReceiptRow
from onebasket.commerce.orders.rules import numbers as rules
from onebasket.kernel.money import decimal_amount

TONES = {"cancelled": "mute", "handed_over": "mute", "closed": "mute", "ready": "good", "awaiting_payment": "warn"}


def choices(table: dict[str, words.Word]) -> tuple[tuple[str, words.Word], ...]:
    """Return words as the choices of a filter."""
    return tuple(table.items())


def place_cell(code: str, name: str) -> Cell:
    """Name a place; the name leads to its day."""
    return Cell(name, href=f"{reverse('pulse:places')}?q={quote(code)}", raw=code)


def money_cell(amount: int, currency: str) -> Cell:
    """Write money; the CSV gets the plain decimal."""
    tone = "mute" if amount < 0 else ""
    return Cell(formats.money(Money(amount, currency)), raw=decimal_amount(amount, currency), tone=tone)


def receipt_total(row: ReceiptRow) -> int:
    """Return what the receipt did to the day's money: its amounts are as the till states them."""
    return row.paid_total * row.effect


def order_number(row: OrderRow) -> str:
    """Return an order's short number."""
    return rules.order_number(row.place_code, row.number)


def _receipt(row: ReceiptRow) -> tuple[Cell, ...]:
    kind = "" if row.kind == 1 else str(words.RECEIPT_KINDS.get(row.kind, row.kind))
    return (
        Cell(
            formats.clock(row.booked_at, row.time_zone),
            sub=formats.day_at(row.booked_at, row.time_zone),
            raw=row.booked_at.isoformat(),
        ),
        Cell(row.number, href=reverse("pulse:receipt", args=[row.id]), tag=kind, tag_class="warn"),
        place_cell(row.place_code, row.place_name),
        Cell(row.till),
        Cell(formats.day(row.business_day), raw=row.business_day.isoformat()),
        Cell(formats.clock(row.occurred_at, row.time_zone), raw=row.occurred_at.isoformat(), sub=_suspect(row)),
        Cell(formats.number(row.line_count), raw=row.line_count),
        money_cell(row.discount_total, row.currency),
        money_cell(receipt_total(row), row.currency),
    )


def _suspect(row: ReceiptRow) -> str:
    return _g("clock not believed") if row.clock_suspect else ""


def _order(row: OrderRow) -> tuple[Cell, ...]:
    return (
        Cell(
            formats.clock(row.placed_at, row.time_zone),
            sub=formats.day_at(row.placed_at, row.time_zone),
            raw=row.placed_at.isoformat(),
        ),
        Cell(
            order_number(row),
            href=reverse("pulse:order", args=[row.id]),
            tag=words.word(words.CHANNELS, row.channel),
            tag_class=chart_class(row.channel),
        ),
        place_cell(row.place_code, row.place_name),
        Cell(words.word(words.ORDER_STATUSES, row.status), tone=TONES.get(row.status, ""), raw=row.status),
        Cell(formats.number(row.line_count), raw=row.line_count),
        money_cell(row.total, row.currency),
    )


def _shelf(row: ShelfRow) -> tuple[Cell, ...]:
    bar = shelf_bar(reserved=row.reserved, held=row.held, buffer=row.buffer, on_hand=row.on_hand)
    alarm = _g("breach") if row.breached else _g("discrepancy") if row.discrepant else ""
    tone = "bad" if row.available <= 0 else ""
    amounts = [
        Cell(formats.quantity(row.of(steps)), raw=steps) for steps in (row.on_hand, row.reserved, row.held, row.buffer)
    ]
    link = reverse("pulse:shelf", args=[row.place_code, row.sku])
    return (
        Cell(row.place_name, href=link, tag=alarm, tag_class="breach", raw=row.place_code),
        *amounts,
        Cell(formats.quantity(row.of(row.available)), tone=tone, raw=row.available),
        Cell("", bar=bar, raw=""),
    )


def _place(row: PlaceRow) -> tuple[Cell, ...]:
    def count(value: int, page: str, tone: str = "", state: str = "") -> Cell:
        href = f"{reverse(page)}?place={quote(row.code)}&{state}".rstrip("&")
        return Cell(formats.number(value), raw=value, href=href if value else "", tone=tone if value else "mute")

    return (
        Cell(row.name, raw=row.name, sub=row.code),
        Cell(words.word(words.PLACE_KINDS, row.kind), raw=row.kind),
        count(row.receipts_hour, "pulse:receipts"),
        count(row.orders_hour, "pulse:orders"),
        money_cell(row.sold_hour, row.currency),
        count(row.open_orders, "pulse:orders", state="status=open"),
        count(row.breaches, "pulse:breaches", "bad", "state=open"),
        count(row.discrepancies, "pulse:discrepancies", "warn", "state=open"),
    )


RECEIPTS = Listing(
    key="receipts",
    title=_("Receipts"),
    about=_("What the tills have sold, given back and voided, as they stated it."),
    columns=(
        Column("booked_at", _("Booked"), sorts=True),
        Column("number", _("Receipt")),
        Column("place", _("Place")),
        Column("till", _("Till"), minor=True),
        Column("business_day", _("Business day"), sorts=True, minor=True),
        Column("occurred_at", _("At the till"), sorts=True, minor=True),
        Column("lines", _("Lines"), sorts=True, numeric=True),
        Column("discount", _("Discounts"), sorts=True, numeric=True, minor=True),
        Column("total", _("Total"), sorts=True, numeric=True),
    ),
    filters=(
        Filter("q", _("Number, till or card"), hint=_("for example 330-2-0418")),
        Filter("kind", _("Kind"), "choice", tuple((str(key), value) for key, value in words.RECEIPT_KINDS.items())),
        Filter("day", _("Business day"), "date"),
    ),
    cells=_receipt,
    sort="booked_at",
    empty=_("No till has sent a receipt yet. The first one will stand here within a second of being booked."),
)
ORDERS = Listing(
    key="orders",
    title=_("Orders"),
    about=_("Placed baskets of every channel, and where each one stands."),
    columns=(
        Column("placed_at", _("Placed"), sorts=True),
        Column("order", _("Order number")),
        Column("place", _("Served by")),
        Column("status", _("Status"), sorts=True),
        Column("lines", _("Lines"), sorts=True, numeric=True),
        Column("total", _("Total"), sorts=True, numeric=True),
    ),
    filters=(
        Filter("q", _("Number or card"), hint=_("for example 118")),
        Filter("channel", _("Channel"), "choice", choices({k: v for k, v in words.CHANNELS.items() if k != "till"})),
        Filter(
            "status",
            _("Status"),
            "choice",
            (("unpicked", _("not yet picked")), ("open", _("open")), *choices(words.ORDER_STATUSES)),
        ),
        Filter("day", _("Business day"), "date"),
    ),
    cells=_order,
    sort="placed_at",
    empty=_("Nobody has placed an order yet."),
)
SHELVES = Listing(
    key="shelves",
    title=_("Shelves"),
    about=_("What is on hand, promised and still to be promised, place by place."),
    columns=(
        Column("place", _("Place"), sorts=True),
        Column("on_hand", _("On hand"), sorts=True, numeric=True),
        Column("reserved", _("Reserved"), sorts=True, numeric=True),
        Column("held", _("Held"), sorts=True, numeric=True),
        Column("buffer", _("Buffer"), numeric=True),
        Column("available", _("Available"), numeric=True),
        Column("bar", _("Shelf")),
    ),
    cells=_shelf,
    sort="on_hand",
    empty=_("No place has ever had this product on a shelf."),
)
PLACES = Listing(
    key="places",
    title=_("Places"),
    about=_("Every place with its last hour and what is open there."),
    columns=(
        Column("name", _("Place"), sorts=True),
        Column("kind", _("Kind")),
        Column("receipts_hour", _("Receipts, last hour"), numeric=True),
        Column("orders_hour", _("Orders, last hour"), numeric=True),
        Column("sold_hour", _("Sold, last hour"), numeric=True),
        Column("open_orders", _("Open orders"), numeric=True),
        Column("breaches", _("Breaches"), numeric=True),
        Column("discrepancies", _("Discrepancies"), numeric=True),
    ),
    filters=(
        Filter("q", _("Name or code")),
        Filter("kind", _("Kind"), "choice", choices(words.PLACE_KINDS)),
    ),
    cells=_place,
    sort="name",
    descending=False,
    places=False,
    empty=_("There are no places yet. Add them in the back office."),
)
