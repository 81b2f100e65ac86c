"""What waits for somebody: breaches, discrepancies, line exceptions, quarantine."""

import json
from typing import Any, ClassVar

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest

from onebasket.base.models import QuarantineItem
from onebasket.channels.desk import columns, filters, formats
from onebasket.channels.desk.columns import NAME, PLACE, PRODUCT, SKU, Column, Row, address_of, link
from onebasket.channels.desk.formats import quantity
from onebasket.channels.desk.searching import ByProductAdmin, SearchedAdmin, product_ids, with_source
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.channels.desk.works.asking import order_label
from onebasket.channels.desk.works.quarantine import pretty
from onebasket.commerce.catalogue.models import Unit
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import LineException, Receipt, ReceiptLine
from onebasket.commerce.stock.models import Breach, Discrepancy, Movement, Shelf
from onebasket.commerce.stock.queries.promises import at_risk_of

STANDS = Column(
    "Stands",
    lambda row: columns.tag("open", "warn") if row.closed_at is None else columns.tag("closed"),
    lambda row: "open" if row.closed_at is None else "closed",
    "closed_at",
)
NOTED = columns.long("Note", "note")
NOTED_BY = columns.text("Noted by", "noted_by")
OPENED, CLOSED = columns.moment("Opened", "opened_at"), columns.moment("Closed", "closed_at")
STATE_TONES: dict[object, str] = {"open": "warn", "mended": "good", "replayed": "good"}


class _ClosesItselfAdmin(ByProductAdmin):
    right = "exceptions.read"
    list_filter: ClassVar[Any] = (filters.OPEN, filters.PLACE, filters.day("opened_at"))

    def links(self, row: Row) -> list[tuple[str, str]]:
        shelf = Shelf.objects.filter(place_id=row.place_id, product_id=row.product_id, state=getattr(row, "state", 1))
        found = [("The shelf", address_of(Shelf, pk)) for pk in shelf.values_list("pk", flat=True)]
        moved = filtered(Movement, at=row.place.code, product__id__exact=row.product_id)
        return [*found, ("Its movements", moved)]

    def heading(self, row: Row) -> str:
        return f"{str(self.opts.verbose_name).capitalize()}: {row.product.name} at {row.place.name}"

    def trail_target(self, row: Row) -> str:
        return f"{self.opts.model_name}/{row.pk}"


class BreachAdmin(_ClosesItselfAdmin):
    """Promises that the goods on hand do not cover."""

    about = (
        "On hand fell below what is reserved. A breach shrinks and closes itself when stock arrives or promises end."
    )
    table = (
        NAME, SKU, PLACE, columns.quantity("Short", "shortfall"), OPENED, CLOSED, STANDS, NOTED, NOTED_BY,
    )  # fmt: skip

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show whose promise is at risk, by the rule."""
        risks = at_risk_of(row)
        orders = Order.objects.select_related("place").in_bulk({risk.reference for risk in risks})
        unit = row.product.unit

        def order(risk: Row) -> object:
            found = orders.get(risk.reference)
            return link(order_label(found) if found else risk.reference, address_of(Order, risk.reference))

        def steps(title: str, name: str) -> Column:
            def draw(risk: Row) -> str:
                return quantity(getattr(risk, name), unit=unit.code, decimals=unit.decimals)

            return Column(title, draw, draw, numeric=True)

        shown = (
            Column("Order", order, order),
            columns.text("Line", "line"),
            steps("Promised", "quantity"),
            steps("Short", "short"),
            columns.moment("Placed", "placed_at"),
        )
        return [section("At risk, latest placed first", shown, risks, empty="Nobody's promise is at risk any more.")]


class DiscrepancyAdmin(_ClosesItselfAdmin):
    """Shelves below zero."""

    about = "On hand is below zero: somebody should count. A count closes it, and so does stock that arrives."
    list_filter = (filters.OPEN, filters.PLACE, filters.one_of("state"), filters.day("opened_at"))
    table = (
        NAME, SKU, PLACE, columns.choice("Shelf", "state"), columns.quantity("On hand", "quantity"), OPENED, CLOSED,
        STANDS, NOTED, NOTED_BY,
    )  # fmt: skip


def _line_unit(row: Row) -> str:
    if row.unit_decimals is None:
        return quantity(row.quantity) + (f" {row.unit_code}" if row.unit_code else "")
    return quantity(row.quantity, unit=row.unit_code, decimals=row.unit_decimals)


class LineExceptionAdmin(SearchedAdmin):
    """Lines that were booked in money and moved no stock."""

    right = "exceptions.read"
    about = "Booked in money, moved no stock: nobody knew what the code or the unit meant. Mend each by one movement."
    search_help_text = "Code as scanned, or product"
    reads_along = ("place", "product", "receipt")
    list_filter = (filters.one_of("state"), filters.one_of("reason"), filters.PLACE, filters.day("opened_at"))
    table = (
        columns.text("Code", "code"), columns.choice("Why", "reason"), PLACE,
        Column("Quantity", _line_unit, _line_unit, numeric=True, __name__="n_quantity"),
        columns.related("Receipt", "receipt", say="number"), columns.number("Line", "line"),
        OPENED, columns.choice("Stands", "state", tones=STATE_TONES), PRODUCT,
        columns.moment("Settled", "settled_at"), columns.text("By", "settled_by"), NOTED,
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the unit that the receipt's line states."""
        line = ReceiptLine.objects.filter(
            place_id=OuterRef("place_id"), receipt_id=OuterRef("receipt_id"), number=OuterRef("line")
        )
        rows = super().get_queryset(request).annotate(unit_code=Subquery(line.values("unit_code")[:1]))
        decimals = Unit.objects.filter(code=OuterRef("unit_code")).values("decimals")[:1]
        found: QuerySet[Any] = rows.annotate(unit_decimals=Subquery(decimals))
        return found

    def sought(self, term: str) -> Q:
        """Find the code, or the lines that were mended as a product."""
        return Q(code=term) | Q(code__startswith=term) | Q(product_id__in=product_ids(term))

    def heading(self, row: Row) -> str:
        """Name the line by its code."""
        return f"Line exception: {row.code} at {row.place.name}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to the receipt."""
        return [("The receipt", address_of(Receipt, row.receipt_id))]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"line-exception/{row.pk}"


class QuarantineAdmin(SearchedAdmin):
    """Messages that nobody could book yet."""

    right = "quarantine.read"
    place_field = "place_code"
    about = "Kept whole, with the reason; nothing else waits for them. Mend, replay, or discard with a note."
    search_help_text = "Key or explanation"
    list_filter = (
        filters.one_of("state"), ("kind", filters.ValuesFilter), ("reason", filters.ValuesFilter), filters.PLACE,
        filters.day("received_at"),
    )  # fmt: skip
    table = (
        columns.text("Kind", "kind"),
        Column("Why", lambda row: formats.words(row.reason), lambda row: row.reason, "reason"),
        columns.long("Explanation", "explanation"), columns.text("Key", "key"),
        columns.text("Source", "source_code", sort=False), columns.text("Place", "place_code"),
        columns.moment("Received", "received_at"), columns.choice("Stands", "state", tones=STATE_TONES),
    )  # fmt: skip
    facts = (
        *table[:2], *table[3:], NOTED,
        columns.moment("Settled", "settled_at"), columns.text("Settled by", "settled_by"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the source's code."""
        return with_source(super().get_queryset(request))

    def sought(self, term: str) -> Q:
        """Find the key, or words of the explanation."""
        return Q(key=term) | Q(explanation__icontains=term)

    def heading(self, row: Row) -> str:
        """Name the message by its key."""
        return f"Quarantine: {row.kind} {row.key or row.pk}"

    def texts(self, row: Row) -> list[tuple[str, str]]:
        """Show the text as it came, and as it was mended."""
        texts = [("Why it is here", row.explanation), ("As it came", pretty(row.content))]
        return [*texts, ("Mended", pretty(row.mended))] if row.mended else texts

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what was booked under the same key."""
        place = _place_in(row.content)
        found = Receipt.objects.filter(
            entry_id__in=filters.entries_of(row.source_id, row.key), **({"place__code": place} if place else {})
        )
        return [
            ("What is booked under this key", address_of(Receipt, pk)) for pk in found.values_list("pk", flat=True)[:1]
        ]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"quarantine/{row.pk}"


def _place_in(content: str) -> str:
    try:
        found = json.loads(content)
    except ValueError:
        return ""
    return str(found.get("place", "")) if isinstance(found, dict) else ""


ADMINS = {
    Breach: BreachAdmin,
    Discrepancy: DiscrepancyAdmin,
    LineException: LineExceptionAdmin,
    QuarantineItem: QuarantineAdmin,
}
