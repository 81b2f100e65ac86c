"""Promotions, campaigns, coupons, and who used them."""

from typing import Any

import msgspec
from django.db.models import Q
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import PLACE, Column, Row
from onebasket.channels.desk.rights import has_anywhere, person
from onebasket.channels.desk.rows import work_address
from onebasket.channels.desk.searching import SearchedAdmin, as_uuid
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.channels.desk.works.registry import BY_SLUG
from onebasket.commerce.orders.models import Order
from onebasket.commerce.pricing.models import (
    Campaign,
    CampaignHousehold,
    Coupon,
    CouponSerial,
    Overuse,
    Preview,
    Promotion,
    Use,
)
from onebasket.commerce.pricing.queries.listing import read_promotion
from onebasket.commerce.sales.models import Receipt

STATES: dict[object, str] = {1: "info", 2: "good"}
MEDIA: dict[object, str] = {1: "info", 3: "warn"}
CURRENT = Column(
    "Version",
    lambda row: columns.tag("superseded") if row.superseded_at else columns.tag(f"version {row.version}", "info"),
    lambda row: row.version,
    "version",
)
VERSION: tuple[Column, ...] = (
    columns.number("Version", "version"), columns.choice("Was", "state", tones=STATES),
    columns.text("Name", "name", sort=False), columns.moment("From", "valid_from"), columns.moment("Until", "valid_to"),
    columns.moment("Recorded", "recorded_at"), columns.text("By", "recorded_by", sort=False),
    columns.moment("Superseded", "superseded_at"),
)  # fmt: skip


def _words(title: str, name: str) -> Column:
    read = lambda row: getattr(row, name).replace("_", " ")  # noqa: E731
    return Column(title, read, read, name)


class PromotionAdmin(SearchedAdmin):
    """What takes prices down."""

    right = "promotions.read"
    place_field = ""
    about = "Every version that ever stood. A draft changes nothing until it is launched."
    search_help_text = "Name, code or coupon"
    list_filter = (
        filters.CURRENT, filters.one_of("state"), ("kind", filters.ValuesFilter), ("funder", filters.ValuesFilter),
        filters.day("valid_from"),
    )  # fmt: skip
    table = (
        columns.text("Name", "name"), columns.text("Code", "code"), columns.choice("Stands", "state", tones=STATES),
        CURRENT, _words("Gives", "kind"), _words("Paid by", "funder"), columns.text("Coupon", "coupon_code"),
        columns.moment("From", "valid_from"), columns.moment("Until", "valid_to"),
    )  # fmt: skip
    facts = (
        *table, columns.moment("Recorded", "recorded_at"), columns.text("By", "recorded_by"),
        columns.moment("Superseded", "superseded_at"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by name, code or coupon."""
        return Q(code__istartswith=term) | Q(coupon_code__istartswith=term) | Q(name__icontains=term)

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"{row.name}, version {row.version}"

    def texts(self, row: Row) -> list[tuple[str, str]]:
        """Show its terms whole."""
        return [("Terms", msgspec.json.format(row.terms, indent=2))]

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to its previews and its coupon."""
        found = [("Its previews", filtered(Preview, q=row.code))]
        if row.coupon_code:
            found.append(("Its coupon", filtered(Coupon, q=row.coupon_code)))
        return found

    def works(self, request: HttpRequest, row: Row) -> list[tuple[Any, str]]:
        """Offer to state it as JSON too."""
        found = super().works(request, row)
        if has_anywhere(person(request), "promotions.set") and row.superseded_at is None:
            stated = BY_SLUG["state-promotion"]
            found.append((stated, work_address(stated, code=row.code)))
        return found

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its versions, and the goods that a long list names."""
        versions = Promotion.objects.filter(code=row.code).order_by("-version")
        return [section("Versions", VERSION, versions), *self._goods(row)]

    def _goods(self, row: Row) -> list[Section]:
        if '"list:' not in row.terms:
            return []
        read = next((one for one in read_promotion(row.code) if one.version == row.version), None)
        skus = sorted(read.terms.goods.skus) if read else []
        return [section(f"{len(skus)} SKUs", (_SKU,), skus, empty="They stand in the terms of its parts.")]

    def trail_target(self, row: Row) -> str:
        """Show who changed it."""
        return f"promotion/{row.code}"


_SKU = Column("SKU", str, str)


class CampaignAdmin(SearchedAdmin):
    """Whom promotions are for."""

    right = "promotions.read"
    place_field = ""
    about = "A promotion whose audience is a campaign is for its households alone."
    search_help_text = "Name or code"
    list_filter = (filters.CURRENT, filters.day("valid_from"))
    table = (
        columns.text("Name", "name"), columns.text("Code", "code"), CURRENT, columns.moment("From", "valid_from"),
        columns.moment("Until", "valid_to"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by name or code."""
        return Q(code__istartswith=term) | Q(name__icontains=term)

    def heading(self, row: Row) -> str:
        """Name it."""
        return str(row.name)

    def works(self, request: HttpRequest, row: Row) -> list[tuple[Any, str]]:
        """Offer to change it."""
        return _offered(request, row, "set-campaign")

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:
        """Count its households; name them to those who may see customers."""
        households = CampaignHousehold.objects.filter(campaign_code=row.code, until__isnull=True)
        title = f"{households.count()} households"
        if not has_anywhere(person(request), "customers.read"):
            return [section(title, (), [], empty="You may not see which.")]
        numbers = (columns.text("Loyalty number", "loyalty_number"), columns.moment("Since", "since"))
        return [section(title, numbers, households.order_by("loyalty_number"), empty="Nobody yet.")]

    def trail_target(self, row: Row) -> str:
        """Show who changed it."""
        return f"campaign/{row.code}"


class CouponAdmin(SearchedAdmin):
    """What is presented."""

    right = "promotions.read"
    place_field = ""
    about = "How a coupon is presented. What it is worth say the promotions that ask for it."
    search_help_text = "Code or barcode"
    list_filter = (filters.CURRENT, filters.one_of("medium"), "active")
    table = (
        columns.text("Code", "code"), columns.choice("Medium", "medium", tones=MEDIA),
        columns.text("Barcode", "barcode"), CURRENT, columns.yes_no("Good", "active", no="ended"),
        columns.moment("Recorded", "recorded_at"), columns.text("By", "recorded_by", sort=False),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by code or barcode."""
        return Q(code__istartswith=term) | Q(barcode=term.replace(" ", ""))

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"Coupon {row.code}"

    def works(self, request: HttpRequest, row: Row) -> list[tuple[Any, str]]:
        """Offer to change it too."""
        return [*super().works(request, row), *_offered(request, row, "set-coupon")]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show what it is worth, and how many of its codes were used."""
        worth = Promotion.objects.filter(coupon_code=row.code, superseded_at__isnull=True).order_by("-state", "code")
        shown = [section("What it is worth", PromotionAdmin.table[:6], worth, empty="No promotion asks for it yet.")]
        serials = CouponSerial.objects.filter(coupon_code=row.code)
        if row.get_medium_display() == "single_use":
            used = serials.filter(order__isnull=False).count()
            shown.append(section("Single-use codes", (), [], empty=f"{serials.count()} made, {used} used."))
        return shown

    def trail_target(self, row: Row) -> str:
        """Show who changed it."""
        return f"coupon/{row.code}"


def _offered(request: HttpRequest, row: Row, slug: str) -> list[tuple[Any, str]]:
    if row.superseded_at is not None or not has_anywhere(person(request), BY_SLUG[slug].right):
        return []
    return [(BY_SLUG[slug], work_address(BY_SLUG[slug], code=row.code))]


def _user(row: Row) -> object:
    if row.receipt:
        return columns.link("a till's receipt", columns.address_of(Receipt, row.receipt))
    return columns.link(f"order {str(row.order)[-12:]}", columns.address_of(Order, row.order))


class UseAdmin(SearchedAdmin):
    """Who used what."""

    right = "customers.read"
    place_field = ""
    about = "An order's or a till's use of a promotion. What was given back may be used again."
    search_help_text = "Loyalty number, promotion or id of the order"
    list_filter = (filters.day("claimed_at"),)
    table = (
        columns.text("Promotion", "code", sort=False), columns.text("Loyalty number", "loyalty_number", sort=False),
        columns.number("Times", "times", sort=False), columns.number("In all", "counted", sort=False),
        columns.number("At most", "most", sort=False),
        Column("By", _user, lambda row: f"receipt/{row.receipt}" if row.receipt else row.order),
        columns.yes_no("Single-use code", "serial"), columns.moment("Claimed", "claimed_at"),
        columns.moment("Given back", "released_at", sort=False),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find a customer's, a promotion's or an order's uses."""
        identity = as_uuid(term)
        return Q(order=identity) if identity else Q(loyalty_number=term) | Q(code=term)


class OveruseAdmin(SearchedAdmin):
    """What tills gave though it was used up."""

    right = "exceptions.read"
    about = "A till gave what was used up, or took a code that is not good. The sale stands; look at it, and settle it."
    search_help_text = "Promotion or loyalty number"
    ordering = ("-opened_at",)
    reads_along = ("place",)
    list_filter = (filters.OPEN, filters.one_of("reason"), filters.PLACE, filters.day("opened_at"))
    table = (
        columns.text("Promotion", "code", sort=False), columns.choice("Why", "reason"), PLACE,
        Column(
            "Receipt", lambda row: columns.link("its receipt", columns.address_of(Receipt, row.receipt)),
            lambda row: row.receipt,
        ),
        columns.text("Loyalty number", "loyalty_number", sort=False), columns.number("Times", "times", sort=False),
        columns.number("In all", "counted", sort=False), columns.number("At most", "most", sort=False),
        columns.moment("Opened", "opened_at"), columns.moment("Settled", "closed_at"), columns.long("Note", "note"),
        columns.text("By", "noted_by"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find a promotion's or a customer's."""
        return Q(code=term) | Q(loyalty_number=term)

    def heading(self, row: Row) -> str:
        """Name it by its promotion."""
        return f"Used too often: {row.code} at {row.place.name}"

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"overuse/{row.pk}"


ADMINS = {
    Promotion: PromotionAdmin,
    Campaign: CampaignAdmin,
    Coupon: CouponAdmin,
    Use: UseAdmin,
    Overuse: OveruseAdmin,
}
