"""Shelves, what moved on them and what was counted."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters, formats
from onebasket.channels.desk.columns import NAME, PLACE, PRODUCT, SKU, Column, Row, address_of
from onebasket.channels.desk.rights import person
from onebasket.channels.desk.rows import work_address
from onebasket.channels.desk.searching import ByProductAdmin, entry_ids, product_ids
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.channels.desk.works.registry import BY_SLUG
from onebasket.commerce.access.rules import may
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import Receipt
from onebasket.commerce.stock.models import Breach, Buffer, Count, Discrepancy, Movement, Reservation, Shelf
from onebasket.commerce.stock.rules.ends import End

OCCURRED, BOOKED = (
    columns.moment("Occurred", "occurred_at", sort=False),
    columns.moment("Booked", "booked_at", sort=False),
)
FLOW = Column(
    "From → to",
    lambda row: f"{row.get_origin_display()} → {row.get_target_display()}",
    lambda row: f"{row.get_origin_display()} > {row.get_target_display()}",
)
MOVED: tuple[Column, ...] = (
    columns.choice("Kind", "kind", sort=False), FLOW, columns.quantity("Quantity", "quantity", sort=False), OCCURRED,
    BOOKED,
    columns.text("Reference", "reference", sort=False),
)  # fmt: skip


def _free(row: Row) -> str:
    if row.state != End.SELLABLE:
        return formats.DASH
    unit = row.product.unit
    return formats.quantity(row.on_hand - row.reserved - row.held, unit=unit.code, decimals=unit.decimals)


class ShelfAdmin(ByProductAdmin):
    """The stock of a product at a place in one state."""

    right = "stock.read"
    about = "Free: on hand less reserved and held, as far as it may be promised; buffers are not taken off here."
    list_filter = (filters.PLACE, filters.one_of("state"), filters.BELOW)
    table = (
        NAME, SKU, PLACE, columns.choice("Shelf", "state"), columns.quantity("On hand", "on_hand"),
        columns.quantity("Reserved", "reserved"), columns.quantity("Held", "held"),
        Column("Free", _free, _free, numeric=True, __name__="n_free"), columns.moment("Counted", "counted_at"),
    )  # fmt: skip

    def heading(self, row: Row) -> str:
        """Name product, place and state."""
        return f"{row.product.name} at {row.place.name}, {row.get_state_display()}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what is at odds with it."""
        found = [("The breach", address_of(Breach, row.breach_id))] if row.breach_id else []
        if row.discrepancy_id:
            found.append(("The discrepancy", address_of(Discrepancy, row.discrepancy_id)))
        return [*found, ("At every place", filtered(Shelf, product__id__exact=row.product_id))]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its newest movements, counts and open promises."""
        here = {"place_id": row.place_id, "product_id": row.product_id}
        moved = Movement.objects.filter(Q(origin=row.state) | Q(target=row.state), **here)
        moved = moved.select_related("place", "product__unit").order_by("-occurred_at", "-pk")
        counted = Count.objects.filter(state=row.state, **here).select_related("place", "product__unit")
        promised = Reservation.objects.filter(state=Reservation.State.OPEN, **here)
        promised = promised.select_related("place", "product__unit").order_by("-placed_at")
        every = filtered(Movement, at=row.place.code, product__id__exact=row.product_id)
        shown = [section("Movements", MOVED, moved, more=every, empty="Nothing has moved here yet.")]
        shown.append(section("Counts", COUNTED, counted.order_by("-occurred_at"), empty="Nobody has counted here yet."))
        if row.state == 1:
            shown.append(section("Open promises", PROMISED, promised, empty="Nothing is promised."))
        return shown

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"shelf/{row.pk}"


COUNTED: tuple[Column, ...] = (
    columns.quantity("Counted", "quantity", sort=False), columns.quantity("Difference", "difference", sort=False),
    OCCURRED, BOOKED,
)  # fmt: skip
PROMISED: tuple[Column, ...] = (
    Column("Order", lambda row: columns.link("open", address_of(Order, row.reference)), lambda row: row.reference),
    columns.number("Line", "line", sort=False), columns.quantity("Quantity", "quantity", sort=False),
    columns.moment("Placed", "placed_at", sort=False),
)  # fmt: skip


class MovementAdmin(ByProductAdmin):
    """The append-only ledger."""

    right = "stock.read"
    about = "Never changed, never deleted. Newest booked first; each has two ends, so that stock sums to zero."
    search_help_text = "Product, SKU, barcode, key or reference"
    list_filter = (
        filters.PLACE, filters.one_of("kind"), filters.one_of("origin"), filters.one_of("target"),
        filters.day("occurred_at"),
    )  # fmt: skip
    table = (MOVED[0], PRODUCT, SKU, PLACE, *MOVED[1:])

    def sought(self, term: str) -> Q:
        """Find products, a reference such as a receipt's number, or the key that caused it."""
        return Q(product_id__in=product_ids(term)) | Q(reference=term) | Q(entry_id__in=entry_ids(term))

    def heading(self, row: Row) -> str:
        """Name what moved."""
        return f"{row.get_kind_display().capitalize()} of {row.product.name} at {row.place.name}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what caused it and to what moved with it."""
        shelf = Shelf.objects.filter(
            place_id=row.place_id, product_id=row.product_id, state=min(row.origin, row.target)
        )
        receipt = Receipt.objects.filter(place_id=row.place_id, entry_id=row.entry_id)
        return [
            *(("The receipt", address_of(Receipt, pk)) for pk in receipt.values_list("pk", flat=True)),
            *(("The shelf", address_of(Shelf, pk)) for pk in shelf.values_list("pk", flat=True)),
            ("What moved with it", filtered(Movement, at=row.place.code, entry_id__exact=row.entry_id)),
        ]


class CountAdmin(ByProductAdmin):
    """What people counted."""

    right = "stock.read"
    about = "What lay there as of a time, and what the ledger had to move for it."
    list_filter = (filters.PLACE, filters.one_of("state"), filters.day("occurred_at"))
    table = (NAME, SKU, PLACE, columns.choice("Shelf", "state", sort=False), *COUNTED)

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what it moved."""
        return [("What it moved", filtered(Movement, at=row.place.code, entry_id__exact=row.entry_id))]


class BufferAdmin(ByProductAdmin):
    """What places keep back from channels."""

    right = "stock.read"
    about = "The narrowest row holds: a product before a unit, a channel before every channel."
    reads_along = ("place", "product__unit", "unit")
    list_filter = (filters.PLACE, ("channel", filters.ValuesFilter))
    table = (
        Column("Channel", lambda row: row.channel or "every channel", lambda row: row.channel, "channel"), PLACE,
        PRODUCT, columns.related("Unit", "unit"),
        Column(
            "Kept back",
            lambda row: formats.quantity(
                row.quantity, unit=_unit(row).code, decimals=_unit(row).decimals
            ),
            lambda row: row.quantity, "quantity", numeric=True, __name__="n_quantity",
        ),
    )  # fmt: skip

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        what = row.product.sku if row.product else row.unit.code
        return f"buffer/{row.place.code}/{row.channel or 'every channel'}/{what}"

    def works(self, request: HttpRequest, row: Row) -> list[tuple[Any, str]]:
        """Offer to set it anew."""
        if not may(person(request), "buffers.set", row.place.code):
            return []
        what = {"sku": row.product.sku} if row.product else {"unit": row.unit.code}
        query: dict[str, object] = {"place": row.place.code, "channel": row.channel, **what}
        return [(BY_SLUG["set-buffer"], work_address(BY_SLUG["set-buffer"], **query))]


def _unit(row: Row) -> Any:  # noqa: ANN401
    return row.unit or row.product.unit


ADMINS = {Shelf: ShelfAdmin, Movement: MovementAdmin, Count: CountAdmin, Buffer: BufferAdmin}
