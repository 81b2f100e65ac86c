"""Products, units, barcodes, prices and places."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Model, Q
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import NAME, PRODUCT, SKU, Column, Row
from onebasket.channels.desk.formats import moment, quantity
from onebasket.channels.desk.rights import has_anywhere, has_at, person
from onebasket.channels.desk.rows import ReadOnlyAdmin, work_address
from onebasket.channels.desk.searching import SearchedAdmin, product_ids
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.channels.desk.works.registry import BY_SLUG
from onebasket.commerce.catalogue.models import Barcode, BarcodeTemplate, Product, Unit
from onebasket.commerce.orders.models import Order
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.queries import places_by_id
from onebasket.commerce.places.rules import WEEKDAYS
from onebasket.commerce.places.rules.distance import DEGREE
from onebasket.commerce.pricing.models import Price
from onebasket.commerce.sales.models import Receipt
from onebasket.commerce.slots.models import PlanWindow, Slot
from onebasket.commerce.slots.queries import open_slots
from onebasket.commerce.stock.models import Movement, Shelf

ACTIVE = Column(
    "Active",
    lambda row: columns.tag("active", "good") if row.active else columns.tag("retired"),
    lambda row: row.active,
    "active",
)


class ProductAdmin(SearchedAdmin):
    """What is sold."""

    right = "catalogue.read"
    place_field = ""
    about = "What is sold, identified by SKU and found by barcode. The catalogue is loaded through the API and by file."
    search_help_text = "Name, SKU or barcode"
    ordering = ("name", "pk")
    reads_along = ("unit",)
    list_filter = (("department", filters.ValuesFilter), "tracked", "weighed", "active")
    table = (
        columns.text("Name", "name"), columns.text("SKU", "sku"), columns.related("Unit", "unit"),
        columns.text("Department", "department"), columns.text("Category", "category", sort=False),
        columns.text("Brand", "brand", sort=False),
        columns.yes_no("Stock", "tracked", yes="tracked", no="not tracked"), ACTIVE,
    )  # fmt: skip
    facts = (
        *table, columns.yes_no("Weighed", "weighed"), columns.text("Minimum age", "minimum_age"),
        columns.text("Deposit", "deposit_sku"), columns.text("Tender restriction", "tender_restriction"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by name, SKU or barcode."""
        return Q(pk__in=product_ids(term))

    def heading(self, row: Row) -> str:
        """Name it."""
        return str(row.name)

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to its stock."""
        return [
            ("Its shelves", filtered(Shelf, product__id__exact=row.pk)),
            ("Its movements", filtered(Movement, product__id__exact=row.pk)),
        ]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its codes and what it costs."""
        prices = Price.objects.filter(product=row, superseded_at__isnull=True).select_related("product__unit", "place")
        every = filtered(Price, product__id__exact=row.pk)
        codes = (columns.text("Kind", "kind"), columns.text("Code", "code"))
        return [
            section("Barcodes", codes, Barcode.objects.filter(product=row).order_by("kind", "code"), empty="None."),
            section("Prices", PRICE, prices.order_by("place_id", "valid_from"), more=every, empty="It has no price."),
        ]

    def works(self, request: HttpRequest, row: Row) -> list[tuple[Any, str]]:
        """Offer to set its price."""
        if not has_anywhere(person(request), "prices.set"):
            return []
        return [(BY_SLUG[slug], work_address(BY_SLUG[slug], sku=row.sku)) for slug in ("set-price", "end-price")]

    def trail_target(self, row: Row) -> str:
        """Show who set its prices."""
        return f"price/{row.sku}"


class UnitAdmin(ReadOnlyAdmin):
    """Units as data."""

    right = "catalogue.read"
    place_field = ""
    ordering = ("code",)
    table = (columns.text("Code", "code"), columns.text("Name", "name"), columns.number("Decimals", "decimals"))


class BarcodeAdmin(SearchedAdmin):
    """Codes by which products are found."""

    right = "catalogue.read"
    place_field = ""
    search_help_text = "Code, product or SKU"
    reads_along = ("product",)
    list_filter = (("kind", filters.ValuesFilter),)
    table = (columns.text("Code", "code"), columns.text("Kind", "kind"), PRODUCT, SKU)

    def sought(self, term: str) -> Q:
        """Find the code, or the product's codes."""
        return Q(code__in=[term, term.zfill(14)]) | Q(product_id__in=product_ids(term))


class BarcodeTemplateAdmin(ReadOnlyAdmin):
    """How the chain's own codes are read."""

    right = "catalogue.read"
    place_field = ""
    table = (columns.text("Pattern", "pattern"),)


def _per(row: Row) -> str:
    unit = row.product.unit
    return quantity(row.per_quantity, unit=unit.code, decimals=unit.decimals)


WHERE = Column(
    "Place",
    lambda row: columns.link(row.place.name, columns.page_of(row.place)) if row.place else "every place",
    lambda row: row.place.code if row.place else "",
)
PRICE: tuple[Column, ...] = (
    columns.choice("Kind", "kind", sort=False), columns.money("Price", "amount"),
    Column("For", _per, _per, numeric=True, __name__="n_per"), WHERE, columns.moment("From", "valid_from"),
    columns.moment("Until", "valid_to"), columns.number("Version", "version"),
)  # fmt: skip


class PriceAdmin(SearchedAdmin):
    """The price book."""

    right = "prices.read"
    place_field = ""
    about = (
        "Every version that ever held. A place's own price goes before the chain's; a card price is what members pay "
        "where it is less."
    )
    search_help_text = "Product, SKU or barcode"
    reads_along = ("product__unit", "place")
    list_filter = (filters.PLACE, filters.one_of("kind"), filters.HOLDS, filters.day("valid_from"))
    table = (
        NAME, SKU, *PRICE, columns.moment("Recorded", "recorded_at"),
        columns.moment("Superseded", "superseded_at"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find the products' prices."""
        return Q(product_id__in=product_ids(term))

    def heading(self, row: Row) -> str:
        """Name whose price it is."""
        return f"Price of {row.product.name}, version {row.version}"

    def trail_target(self, row: Row) -> str:
        """Show who set it."""
        return f"price/{row.product.sku}"


def _coordinates(row: Row) -> str:
    return "" if row.latitude is None else f"{row.latitude / DEGREE:.6f}, {row.longitude / DEGREE:.6f}"


COORDINATES = Column("Coordinates", _coordinates, _coordinates)


class PlaceAdmin(SearchedAdmin):
    """Stores, warehouses, partners."""

    right = "places.read"
    place_field = "code"
    about = "Where stock is or an order is served."
    search_help_text = "Name or code"
    ordering = ("code",)
    list_filter = (filters.one_of("kind"), "active")
    table = (
        columns.text("Name", "name"), columns.text("Code", "code"), columns.choice("Kind", "kind"),
        columns.text("Currency", "currency"), columns.text("Time zone", "time_zone"),
        Column("Day starts", lambda row: _clock(row.day_start_minutes), lambda row: _clock(row.day_start_minutes)),
        columns.text("Owner", "owner"), columns.text("City", "city"), ACTIVE,
    )  # fmt: skip
    facts = (
        *table, columns.text("Street", "street"), columns.text("Postcode", "postcode"),
        columns.text("Region", "region"), columns.text("Country", "country"), columns.text("Phone", "phone"),
        COORDINATES,
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by name, code, city or postcode."""
        return Q(code=term) | Q(name__icontains=term) | Q(city__istartswith=term) | Q(postcode__startswith=term)

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show when it is open, and what can be collected in the next days, empty slots too."""
        (place,) = places_by_id([row.pk]).values()
        slots = open_slots(place, now=datetime.now(UTC), days=3)
        hours = [one for name in WEEKDAYS for one in row.opening_hours if one["weekday"] == name]
        return [
            section("Opening hours", HOURS, hours, empty="It states none."),
            section("Collection slots", _slot_columns(row), slots, empty="It offers none."),
        ]

    def heading(self, row: Row) -> str:
        """Name it."""
        return str(row.name)

    def works(self, request: HttpRequest, row: Row) -> list[tuple[Any, str]]:
        """Offer to plan when it hands out."""
        if not has_at(person(request), "slots.plan", (row.code,)):
            return []
        slugs = ("plan-slot-days", "plan-slot-date")
        return [(BY_SLUG[slug], work_address(BY_SLUG[slug], place=row.code)) for slug in slugs]

    def trail_target(self, row: Row) -> str:
        """Show who planned when it hands out."""
        return f"slotplan/{row.code}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what is there."""
        tables: tuple[tuple[str, type[Model]], ...] = (
            ("Its shelves", Shelf), ("Its receipts", Receipt), ("Its orders", Order), ("Its movements", Movement),
            ("Its slots", Slot), ("Its plan", PlanWindow),
        )  # fmt: skip
        return [(said, filtered(model, at=row.code)) for said, model in tables]


HOURS: tuple[Column, ...] = tuple(
    Column(title, lambda row, name=name: row[name], lambda row, name=name: row[name])  # type: ignore[misc]
    for title, name in (("Day", "weekday"), ("Opens", "opens"), ("Closes", "closes"))
)


def _slot_columns(place: Row) -> tuple[Column, ...]:
    """Return the columns of slots that may have no row yet."""

    def when(title: str, name: str) -> Column:
        return Column(title, lambda one: moment(getattr(one, name), place.time_zone), lambda one: getattr(one, name))

    return (
        when("Begins", "starts_at"), when("Ends", "ends_at"), when("Order until", "order_until"),
        columns.number("Free", "free", sort=False), columns.number("Room", "capacity", sort=False),
    )  # fmt: skip


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


ADMINS = {
    Product: ProductAdmin,
    Unit: UnitAdmin,
    Barcode: BarcodeAdmin,
    BarcodeTemplate: BarcodeTemplateAdmin,
    Price: PriceAdmin,
    Place: PlaceAdmin,
}
