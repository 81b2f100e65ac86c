"""Receipts as facts, and what belongs to them."""

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest

from onebasket.base.models import InboxEntry
from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.admins.books import POSTED
from onebasket.channels.desk.admins.ledger import MOVED
from onebasket.channels.desk.columns import PLACE, PRODUCT, SKU, Column, Row, address_of
from onebasket.channels.desk.formats import MINUS, quantity
from onebasket.channels.desk.rows import ReadOnlyAdmin, may_see
from onebasket.channels.desk.searching import ByProductAdmin, SearchedAdmin, entry_ids, product_ids, with_source
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.commerce.books.models import Posting
from onebasket.commerce.catalogue.models import Unit
from onebasket.commerce.sales.models import (
    LineException,
    Receipt,
    ReceiptDiscount,
    ReceiptLine,
    ReceiptTax,
    ReceiptTender,
)
from onebasket.commerce.stock.models import Movement

KINDS: dict[object, str] = {1: "", 2: "warn", 3: "bad", 4: "info"}
_OF = "receipt.currency"


def _odd(row: Row) -> str:
    marks = ((row.voided, "voided"), (row.awaits_original, "awaits its original"), (row.clock_suspect, "clock suspect"))
    return ", ".join(word for holds, word in marks if holds)


class ReceiptAdmin(SearchedAdmin):
    """A till's record of a sale, return or void."""

    right = "sales.read"
    about = "As the tills stated them; never changed. Newest booked first."
    search_help_text = "Number, key, till or loyalty number"
    reads_along = ("place",)
    list_filter = (
        filters.PLACE, filters.one_of("kind"), filters.day("business_day"), filters.day("booked_at"), "voided",
        "clock_suspect", "awaits_original",
    )  # fmt: skip
    table = (
        columns.text("Number", "number"), columns.choice("Kind", "kind", tones=KINDS), PLACE,
        columns.text("Till", "till"), columns.day("Day", "business_day"), columns.number("Lines", "line_count"),
        columns.money("Paid", "paid_total"), columns.money("Discount", "discount_total"),
        columns.money("Tax", "tax_total"),
        columns.moment("Occurred", "occurred_at"), columns.moment("Booked", "booked_at"), Column("Mind", _odd, _odd),
    )  # fmt: skip
    facts = (
        *table, columns.text("Operator", "operator"), columns.text("Loyalty number", "loyalty_number"),
        columns.text("Source", "source_code"), columns.money("Tendered", "tendered"), columns.money("Change", "change"),
        columns.money("Rounding", "rounding"), columns.yes_no("Tax is included", "tax_included"),
        Column("Its original", lambda row: _original(row), lambda row: _original(row)),  # noqa: PLW0108
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the source's code."""
        return with_source(super().get_queryset(request))

    def sought(self, term: str) -> Q:
        """Find what is printed on it, or the key it was sent under."""
        printed = Q(number=term) | Q(till=term) | Q(loyalty_number=term)
        return printed | Q(entry_id__in=entry_ids(term))

    def heading(self, row: Row) -> str:
        """Name it as people do."""
        return f"{row.get_kind_display().capitalize()} {row.number} at {row.place.name}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what it moved."""
        return [("Its movements", filtered(Movement, at=row.place.code, entry_id__exact=row.entry_id))]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:
        """Show all that it states, what it moved, and the message it came as."""
        here = {"place_id": row.place_id, "receipt": row}
        entry = InboxEntry.objects.filter(pk=row.entry_id) if may_see(request, self, InboxEntry) else None
        moved = Movement.objects.filter(place_id=row.place_id, entry_id=row.entry_id)
        shown = [
            section("Lines", LINE, _with_units(_of(ReceiptLine, here)).select_related("product").order_by("number")),
            section("Discounts", DISCOUNT, _of(ReceiptDiscount, here).order_by("line", "pk"), empty="None."),
            section("Tax", TAX, _of(ReceiptTax, here).order_by("line", "pk"), empty="None stated."),
            section("Tenders", TENDER, _of(ReceiptTender, here).order_by("number"), empty="None."),
            section("Line exceptions", EXCEPTION, _of(LineException, here).order_by("line"), empty="None."),
            section(
                "Movements", (PRODUCT, *MOVED), moved.select_related("place", "product__unit").order_by("line", "step")
            ),
        ]
        if may_see(request, self, Posting):
            posted = Posting.objects.filter(entry__fact=f"receipt/{row.pk}").select_related("place", "entry")
            shown.append(section("In the books", POSTED, posted.order_by("pk"), empty="Not yet."))
        return [*shown, *([section("Came as", ENTRY, entry)] if entry is not None else [])]


def _original(row: Row) -> str:
    if not row.original_number:
        return ""
    return f"{row.original_number} of {row.original_day} at {row.original_place}, till {row.original_till}"


def _of(model: Any, here: dict[str, Any]) -> QuerySet[Any]:  # noqa: ANN401
    rows: QuerySet[Any] = model.objects.filter(**here).select_related("receipt", "place")
    return rows


def _with_units(rows: QuerySet[Any]) -> QuerySet[Any]:
    decimals = Unit.objects.filter(code=OuterRef("unit_code")).values("decimals")[:1]
    found: QuerySet[Any] = rows.annotate(unit_decimals=Subquery(decimals))
    return found


def _steps(row: Row) -> str:
    return quantity(row.quantity, unit=row.unit_code, decimals=row.unit_decimals or 0)


LINE: tuple[Column, ...] = (
    columns.number("Line", "number", sort=False), columns.text("Code", "code", sort=False), PRODUCT, SKU,
    Column("Quantity", _steps, lambda row: _steps(row).replace(MINUS, "-"), numeric=True, __name__="n_quantity"),
    columns.money("List", "list_amount", currency=_OF, sort=False),
    columns.money("Discount", "discount_amount", currency=_OF, sort=False),
    columns.money("Paid", "paid_amount", currency=_OF, sort=False),
    columns.text("Disposition", "disposition", sort=False),
)  # fmt: skip
DISCOUNT: tuple[Column, ...] = (
    columns.number("Line", "line", sort=False), columns.text("Kind", "kind", sort=False),
    columns.choice("Funder", "funder", sort=False), columns.money("Amount", "amount", currency=_OF, sort=False),
    columns.text("Reference", "reference", sort=False),
)  # fmt: skip
TAX: tuple[Column, ...] = (
    columns.number("Line", "line", sort=False), columns.text("Code", "code", sort=False),
    Column(
        "Rate", lambda row: f"{row.rate / 10_000:g} %", lambda row: row.rate / 10_000, numeric=True, __name__="n_rate"
    ),
    columns.money("Base", "base", currency=_OF, sort=False),
    columns.money("Amount", "amount", currency=_OF, sort=False),
)  # fmt: skip
TENDER: tuple[Column, ...] = (
    columns.text("Means", "kind", sort=False), columns.money("Amount", "amount", currency=_OF, sort=False),
    columns.text("Reference", "reference", sort=False),
)  # fmt: skip
EXCEPTION: tuple[Column, ...] = (
    columns.number("Line", "line", sort=False),
    Column("Code", lambda row: columns.link(row.code, columns.page_of(row)), lambda row: row.code),
    columns.choice("Why", "reason", sort=False), columns.choice("Stands", "state", sort=False),
)  # fmt: skip
ENTRY: tuple[Column, ...] = (
    Column("Key", lambda row: columns.link(row.key, address_of(InboxEntry, row.pk)), lambda row: row.key),
    columns.text("Kind", "kind", sort=False), columns.moment("Received", "received_at", sort=False),
)  # fmt: skip
RECEIPT = columns.related("Receipt", "receipt", say="number")


class ReceiptLineAdmin(ByProductAdmin):
    """What was sold, line by line."""

    right = "sales.read"
    about = "Every line of every receipt, newest first."
    search_help_text = "Product, SKU, barcode or code as scanned"
    list_filter = (filters.PLACE,)
    table = (LINE[1], LINE[2], LINE[3], PLACE, *LINE[4:8], RECEIPT)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the units' decimals."""
        return _with_units(super().get_queryset(request))

    def sought(self, term: str) -> Q:
        """Find products, or the code as it was scanned."""
        return Q(product_id__in=product_ids(term)) | Q(code=term)

    reads_along = ("place", "product", "receipt")


class _PartAdmin(ReadOnlyAdmin):
    right = "sales.read"
    reads_along = ("place", "receipt")
    sortable_by = ()


class DiscountAdmin(_PartAdmin):
    """Reductions, with who funds them."""

    list_filter = (filters.PLACE, filters.one_of("funder"))
    table = (DISCOUNT[1], PLACE, *DISCOUNT[2:], DISCOUNT[0], RECEIPT)


class TaxAdmin(_PartAdmin):
    """Tax on lines."""

    list_filter = (filters.PLACE,)
    table = (TAX[1], PLACE, *TAX[2:], TAX[0], RECEIPT)


class TenderAdmin(_PartAdmin):
    """Means of payment."""

    list_filter = (filters.PLACE,)
    table = (TENDER[0], PLACE, *TENDER[1:], RECEIPT)


ADMINS = {
    Receipt: ReceiptAdmin,
    ReceiptLine: ReceiptLineAdmin,
    ReceiptDiscount: DiscountAdmin,
    ReceiptTax: TaxAdmin,
    ReceiptTender: TenderAdmin,
}
