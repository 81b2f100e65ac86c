"""Promises: holds of baskets and reservations of orders."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import NAME, PLACE, PRODUCT, SKU, Column, Row, address_of
from onebasket.channels.desk.searching import ByProductAdmin, SearchedAdmin, as_uuid, product_ids, with_source
from onebasket.channels.desk.sections import Section, section
from onebasket.commerce.orders.models import Order
from onebasket.commerce.stock.models import Hold, HoldLine, Reservation

HELD: dict[object, str] = {"active": "info", "confirmed": "good"}
PROMISED: dict[object, str] = {1: "info", 2: "good"}
LINE: tuple[Column, ...] = (
    columns.number("Line", "number", sort=False), PRODUCT, SKU, columns.quantity("Quantity", "quantity", sort=False),
    columns.choice("Stands", "state", tones=HELD, sort=False), columns.moment("Expires", "expires_at", sort=False),
)  # fmt: skip


class HoldAdmin(SearchedAdmin):
    """A basket's promise at one place."""

    right = "stock.read"
    about = "A basket's promise. It expires by itself; an expired one that was not met yet still stands in `held`."
    search_help_text = "Id of the hold"
    ordering = ("-created_at",)
    reads_along = ("place",)
    list_filter = (filters.PLACE, ("channel", filters.ValuesFilter), filters.day("created_at"))
    table = (
        columns.text("Hold", "pk", sort=False), PLACE, columns.text("Channel", "channel", sort=False),
        columns.text("Source", "source_code", sort=False), columns.moment("Placed", "created_at"),
        columns.moment("Expires", "expires_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the source's code."""
        return with_source(super().get_queryset(request))

    def sought(self, term: str) -> Q:
        """Find it by its id."""
        identity = as_uuid(term)
        return Q(pk=identity) if identity else Q(pk__in=())

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its lines."""
        lines = HoldLine.objects.filter(place_id=row.place_id, hold=row).select_related("place", "product__unit")
        return [section("Lines", LINE, lines.order_by("number"))]


class HoldLineAdmin(ByProductAdmin):
    """The part of a hold that lies on one shelf."""

    right = "stock.read"
    list_filter = (filters.PLACE, filters.one_of("state"), filters.day("expires_at"))
    table = (NAME, *LINE[2:4], PLACE, *LINE[4:], columns.related("Hold", "hold", say="pk"))
    reads_along = ("place", "product__unit", "hold")


class ReservationAdmin(ByProductAdmin):
    """An order line's promise."""

    right = "stock.read"
    about = "An order line's promise on a shelf: open until it is picked (taken) or given up (released)."
    search_help_text = "Product, SKU, barcode or id of the order"
    list_filter = (filters.PLACE, filters.one_of("state"), filters.day("placed_at"))
    table = (
        NAME, SKU, PLACE, columns.quantity("Quantity", "quantity", sort=False),
        columns.choice("Stands", "state", tones=PROMISED, sort=False),
        Column(
            "Order", lambda row: columns.link(str(row.reference)[-12:], address_of(Order, row.reference)),
            lambda row: row.reference,
        ),
        columns.number("Line", "line", sort=False), columns.moment("Placed", "placed_at", sort=False),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find products, or the promises of one order."""
        identity = as_uuid(term)
        return Q(reference=identity) if identity else Q(product_id__in=product_ids(term))


ADMINS = {Hold: HoldAdmin, HoldLine: HoldLineAdmin, Reservation: ReservationAdmin}
