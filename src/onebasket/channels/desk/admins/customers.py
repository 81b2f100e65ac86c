"""Who buys: cards and people, and merges of doubles."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import DropdownFilter

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk import columns
from onebasket.channels.desk.columns import Column, Row, link, page_of
from onebasket.channels.desk.formats import moment, money, words
from onebasket.channels.desk.rights import has_anywhere, person
from onebasket.channels.desk.rows import work_address
from onebasket.channels.desk.searching import SearchedAdmin
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.channels.desk.works.registry import BY_SLUG
from onebasket.commerce.customers.models import (
    Customer,
    CustomerAddress,
    CustomerConsent,
    CustomerMerge,
    CustomerSegment,
)
from onebasket.commerce.customers.queries.doubles import DoubleRead, doubles
from onebasket.commerce.customers.rules.person import email_key, phone_key
from onebasket.commerce.insights.queries.history import history
from onebasket.commerce.insights.queries.person import as_document, export_person
from onebasket.commerce.insights.rules.history import HistoryEntry
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import Receipt

MOST_SUGGESTED = 200
NEWEST = 50

ACTIVE = Column(
    "Active",
    lambda row: columns.tag("active", "good") if row.active else columns.tag("retired"),
    lambda row: row.active,
    "active",
)
STANDS_FOR = Column(
    "Stands for",
    lambda row: link(row.merged_into, page_of(row.merged_into)) if row.merged_into_id else None,
    lambda row: row.merged_into.loyalty_number if row.merged_into_id else "",
)


class DoublesFilter(DropdownFilter):
    """Customers who are likely somebody else too."""

    title = "likely doubles"
    parameter_name = "doubles"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401, ARG002
        """Offer the likely ones."""
        return [("likely", "likely doubles")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Keep those of the likeliest pairs."""
        if self.value() != "likely":
            return queryset
        numbers = {number for pair in doubles(limit=MOST_SUGGESTED) for number in (pair.loyalty_number, pair.other)}
        return queryset.filter(loyalty_number__in=sorted(numbers))


class CustomerAdmin(SearchedAdmin):
    """Who buys."""

    right = "customers.read"
    place_field = ""
    kept_from_sight = frozenset({"email_key", "phone_key"})
    about = "A card and the person behind it. Doubles are merged by hand, and every number goes on."
    search_help_text = "Loyalty number, e-mail, phone or name"
    reads_along = ("merged_into",)
    list_filter = ("active", "staff", DoublesFilter)
    table = (
        columns.text("Loyalty number", "loyalty_number"), columns.text("Name", "name"), STANDS_FOR, ACTIVE,
        columns.moment("Since", "created_at"),
    )  # fmt: skip
    facts = (
        *table, columns.text("E-mail", "email"), columns.text("Phone", "phone"), columns.text("Language", "language"),
        columns.yes_no("Staff", "staff"), columns.yes_no("Signs in", "user_id"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find the card or the person."""
        found = Q(loyalty_number__startswith=term) | Q(email_key=email_key(term)) | Q(name__icontains=term)
        return found | Q(phone_key=phone_key(term)) if phone_key(term) else found

    def heading(self, row: Row) -> str:
        """Name the card."""
        return f"Customer {row.loyalty_number}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what they bought, and to everything that is kept."""
        found = [
            ("Their receipts", filtered(Receipt, q=row.loyalty_number)),
            ("Their orders", filtered(Order, q=row.loyalty_number)),
        ]
        if row.merged_into_id is None:
            found.append(("Everything that is kept (JSON)", reverse("desk:customers_export", args=[row.pk])))
        return found

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:
        """Show what belongs to the person, what they bought last, and whom they may be too."""
        if row.merged_into_id is not None:
            return []
        family = [row.pk, *Customer.objects.filter(merged_into=row).values_list("pk", flat=True)]
        entries, _ = history(row.loyalty_number, after=None, limit=NEWEST)
        merges = CustomerMerge.objects.filter(Q(keep__in=family) | Q(other__in=family)).order_by("-pk")
        return [
            section("Bought last", HISTORY, entries, empty="Nothing yet."),
            section("Addresses", ADDRESS, _of(CustomerAddress, family), empty="None."),
            section("Agreed to", CONSENT, _of(CustomerConsent, family).order_by("-at", "-pk"), empty="Nothing stated."),
            section("Belongs to", SEGMENT, _of(CustomerSegment, family), empty="Nothing."),
            section("Likely the same person", _double(row, request), doubles(limit=NEWEST, of=row.pk), empty="Nobody."),
            section("Merges", MERGE, merges.select_related("keep", "other"), empty="None."),
        ]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"customer/{row.pk}"

    def get_urls(self) -> list[URLPattern]:
        """Answer the export too."""
        view = self.admin_site.admin_view(self.export_view)
        return [path("<int:identity>/export/", view, name="customers_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest, identity: int) -> HttpResponse:
        """Hand out everything that is kept about a customer, and leave a trail entry that it was."""
        user = person(request)
        if not has_anywhere(user, "customers.erase"):
            raise PermissionDenied
        found = export_person(identity) if identity < 2**63 else None
        if found is None:
            raise Http404
        trail.note_change(user.username, action="customer.export", target=f"customer/{identity}", at=database_now())
        answer = HttpResponse(as_document(found), content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="customer-{identity}.json"'
        answer["Cache-Control"] = "no-store"
        return answer


class CustomerMergeAdmin(SearchedAdmin):
    """Merges of doubles."""

    right = "customers.read"
    place_field = ""
    about = "Two customers who are one person. The last one of a person can be undone first."
    search_help_text = "Loyalty number"
    reads_along = ("keep", "other")
    table = (
        columns.moment("When", "at"), columns.related("Stands for both", "keep"), columns.related("Other", "other"),
        columns.text("By", "actor"), columns.text("Why", "reason"), columns.moment("Undone", "undone_at"),
        columns.text("Undone by", "undone_by"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by either number."""
        return Q(keep__loyalty_number=term) | Q(other__loyalty_number=term)

    def heading(self, row: Row) -> str:
        """Name both."""
        return f"{row.other} merged into {row.keep}"

    def trail_target(self, row: Row) -> str:
        """Show what was done to the one that stands for both."""
        return f"customer/{row.keep_id}"


def _of(model: Any, family: list[int]) -> QuerySet[Any]:  # noqa: ANN401 - any table of customers
    found: QuerySet[Any] = model.objects.filter(customer_id__in=family).order_by("pk")
    return found


def _page_of_entry(entry: HistoryEntry) -> str:
    model = Order if entry.kind == "order" else Receipt
    return columns.address_of(model, entry.id)


def _double(row: Row, request: HttpRequest) -> tuple[Column, ...]:
    work = BY_SLUG["merge-customer"]
    may = has_anywhere(person(request), work.right)

    def other(pair: DoubleRead) -> str:
        return pair.other if pair.loyalty_number == row.loyalty_number else pair.loyalty_number

    def draw(pair: DoubleRead) -> object:
        return link(other(pair), work_address(work, row.pk, other=other(pair)) if may else "")

    return (
        Column("Number", draw, other),
        Column("Shares", lambda pair: ", ".join(map(words, pair.signs)), lambda pair: pair.signs),
    )


HISTORY: tuple[Column, ...] = (
    Column("What", lambda row: link(f"{row.kind} {row.number}", _page_of_entry(row)), lambda row: row.number),
    Column("Place", lambda entry: entry.place, lambda entry: entry.place),
    Column("When", lambda entry: moment(entry.at, "UTC", named=True), lambda entry: entry.at),
    Column("State", lambda entry: words(entry.status), lambda entry: entry.status),
    Column(
        "Amount", lambda entry: money(entry.amount, entry.currency), lambda entry: entry.amount, numeric=True,
        __name__="n_amount",
    ),
)  # fmt: skip
ADDRESS: tuple[Column, ...] = (
    columns.text("Called", "label"), columns.text("Name", "name"), columns.text("Street", "line1"),
    columns.text("Postcode", "postcode"), columns.text("City", "city"), columns.text("Country", "country"),
)  # fmt: skip
CONSENT: tuple[Column, ...] = (
    columns.moment("When", "at"), columns.text("Purpose", "purpose"),
    columns.yes_no("Agreed", "given", yes="agreed", no="withdrawn"), columns.text("Text", "text_version"),
    columns.text("Stated by", "stated_by"),
)  # fmt: skip
SEGMENT: tuple[Column, ...] = (
    columns.text("Segment", "name"), columns.moment("From", "valid_from"), columns.moment("Until", "valid_to"),
)  # fmt: skip
MERGE: tuple[Column, ...] = (
    Column("When", lambda row: link(moment(row.at, "UTC", named=True), page_of(row)), lambda row: row.at),
    columns.related("Stands for both", "keep"), columns.related("Other", "other"), columns.text("By", "actor"),
    columns.moment("Undone", "undone_at"),
)  # fmt: skip

ADMINS = {Customer: CustomerAdmin, CustomerMerge: CustomerMergeAdmin}
