"""What runs underneath: events, webhooks and their deliveries, the inbox, the audit trail."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from onebasket.base.models import Delivery, Event, InboxEntry, TrailEntry, Webhook
from onebasket.base.webhooks import with_counts
from onebasket.channels.desk import columns, filters, formats
from onebasket.channels.desk.columns import Column, Row, address_of, link, tag
from onebasket.channels.desk.rows import told
from onebasket.channels.desk.searching import SearchedAdmin, as_uuid, with_source
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.channels.desk.works.quarantine import pretty
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import Receipt
from onebasket.commerce.stock.models import Movement

DELIVERED: dict[object, str] = {"pending": "info", "delivered": "good", "dead": "bad"}


class EventAdmin(SearchedAdmin):
    """News, by position."""

    right = "events.read"
    place_field = "place_code"
    about = "What was told. A position is given after commit; readers go by it and by nothing else."
    search_help_text = "Subject such as order/…, type, id or position"
    list_filter = (filters.PLACE, filters.day("occurred_at"))
    table = (
        columns.text("Type", "type", sort=False), columns.number("Position", "position", sort=False),
        columns.text("Subject", "subject", sort=False), columns.text("Place", "place_code", sort=False),
        columns.moment("When", "occurred_at", sort=False),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find by position, id, subject or type."""
        if identity := as_uuid(term):
            return Q(event_id=identity) | Q(subject=f"order/{identity}")
        if term.isascii() and term.isdigit() and len(term) < 18:  # noqa: PLR2004 - a big integer column
            return Q(position=int(term))
        return Q(subject=term) | Q(type=term)

    def heading(self, row: Row) -> str:
        """Name it by type and subject."""
        return f"{row.type} of {row.subject}"

    def texts(self, row: Row) -> list[tuple[str, str]]:
        """Show its data."""
        return [("Data", pretty(row.data))]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show who took it."""
        taken = Delivery.objects.filter(event=row).select_related("webhook").order_by("pk")
        return [section("Deliveries", (TO, *TRIED), taken, empty="No webhook takes it.")]


TO = columns.related("Webhook", "webhook", say="url")
TRIED: tuple[Column, ...] = (
    columns.choice("Stands", "state", tones=DELIVERED, sort=False), columns.number("Attempts", "attempts", sort=False),
    columns.moment("Next attempt", "next_attempt_at", sort=False), columns.long("Last error", "last_error"),
    columns.moment("Finished", "finished_at", sort=False),
)  # fmt: skip


def _standing_of(row: Row) -> tuple[str, str]:
    """Say how a webhook stands, and in which tone."""
    if not row.active:
        return "disabled", ""
    if row.failing:
        return "failing", "warn"
    return ("has dead letters", "bad") if row.dead else ("delivering", "good")


def _standing(row: Row) -> object:
    return tag(*_standing_of(row))


class WebhookAdmin(SearchedAdmin):
    """Addresses that events are delivered to."""

    right = "events.read"
    place_field = ""
    about = "Signed deliveries. What fails is tried again for about a day and then kept as a dead letter."
    search_help_text = "Address"
    list_filter = ("active",)
    ordering = ("-created_at",)
    table = (
        columns.text("Address", "url"), Column("Stands", _standing, lambda row: _standing_of(row)[0]),
        columns.number("Waiting", "pending", sort=False), columns.number("Failing", "failing", sort=False),
        columns.number("Dead", "dead", sort=False),
        Column("Types", lambda row: ", ".join(row.types) or "all", lambda row: ", ".join(row.types)),
        Column("Places", lambda row: ", ".join(row.places), lambda row: ", ".join(row.places)),
        columns.number("Position", "position"), columns.moment("New secret", "rotated_at"),
        columns.moment("Since", "created_at"), columns.text("By", "created_by"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add what waits, fails and is dead."""
        return with_counts(super().get_queryset(request))

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show what it could not be given."""
        failed = Delivery.objects.filter(webhook=row).exclude(state=Delivery.State.DELIVERED).exclude(last_error="")
        what = (columns.text("Subject", "subject", sort=False), columns.related("Event", "event", say="type"))
        rows = failed.select_related("event").order_by("-pk")
        return [section("What failed", (*what, *TRIED), rows, empty="Nothing that still waits has failed.")]

    def sought(self, term: str) -> Q:
        """Find the address."""
        return Q(url__icontains=term)

    def heading(self, row: Row) -> str:
        """Name the address."""
        return str(row.url)

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what it was sent."""
        every = filtered(Delivery, webhook__id__exact=row.pk)
        dead = filtered(Delivery, webhook__id__exact=row.pk, state__exact="dead")
        return [("Its deliveries", every), ("Its dead deliveries", dead)]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"webhook/{row.pk}"


class DeliveryAdmin(SearchedAdmin):
    """One event for one webhook."""

    right = "events.read"
    place_field = ""
    about = "A failing delivery delays only its subject; a dead one was tried for as long as it makes sense."
    search_help_text = "Subject"
    reads_along = ("webhook", "event")
    list_filter = (filters.one_of("state"), filters.day("next_attempt_at"))
    table = (
        columns.text("Subject", "subject", sort=False),
        columns.related("Event", "event", say="type"),
        TO,
        *TRIED,
    )

    def sought(self, term: str) -> Q:
        """Find the subject."""
        return Q(subject=term)


class InboxAdmin(SearchedAdmin):
    """Every write from outside, by its key."""

    right = "events.read"
    place_field = ""
    about = "One key, one effect: what was answered the first time is answered again."
    search_help_text = "Key"
    list_filter = (("kind", filters.ValuesFilter), filters.day("received_at"))
    table = (
        columns.text("Key", "key", sort=False), columns.text("Kind", "kind", sort=False),
        columns.text("Source", "source_code", sort=False), columns.moment("Received", "received_at", sort=False),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the source's code."""
        return with_source(super().get_queryset(request))

    def sought(self, term: str) -> Q:
        """Find the key."""
        return Q(key=term)

    def heading(self, row: Row) -> str:
        """Name the key."""
        return f"{row.kind} {row.key}"

    def texts(self, row: Row) -> list[tuple[str, str]]:
        """Show what was answered."""
        return [("Answered", pretty(row.outcome or ""))]

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what it became."""
        receipts = (
            Receipt.objects.filter(entry_id=row.pk).values_list("pk", flat=True)[:1] if row.kind == "receipt" else ()
        )
        orders = Order.objects.filter(entry_id=row.pk).values_list("pk", flat=True)[:1] if row.kind == "order" else ()
        return [
            *(("The receipt", address_of(Receipt, pk)) for pk in receipts),
            *(("The order", address_of(Order, pk)) for pk in orders),
            ("What it moved", filtered(Movement, entry_id__exact=row.pk)),
        ]


TARGETS = {
    "quarantine": "base_quarantineitem", "breach": "stock_breach", "discrepancy": "stock_discrepancy",
    "shelf": "stock_shelf", "payment": "payments_payment", "balance": "payments_balanceaccount",
    "parked": "base_parkedevent", "letter": "base_letter", "line-exception": "sales_lineexception",
    "order": "orders_order",
}  # fmt: skip
"""The tables whose rows the trail names by their own id."""


def _target(row: Row) -> object:
    kind, _, identity = row.target.partition("/")
    table = TARGETS.get(kind)
    return link(row.target, reverse(f"desk:{table}_change", args=[identity])) if table and identity else row.target


class TrailAdmin(SearchedAdmin):
    """Who changed what, when."""

    right = "trail.read"
    place_field = "place_code"
    about = "Append-only: every change that people make leaves an entry in the same transaction."
    search_help_text = "Who, or what such as order/…"
    ordering = ("-at", "-pk")
    date_hierarchy = "at"
    list_filter = (("action", filters.ValuesFilter), filters.PLACE, filters.day("at"))
    table = (
        Column("What", lambda row: formats.words(row.action), lambda row: row.action, "action"),
        Column("To what", _target, lambda row: row.target, "target"), columns.text("Who", "actor"),
        columns.moment("When", "at"), columns.text("Place", "place_code"),
        Column("More", lambda row: told(row.detail), lambda row: told(row.detail)),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find what somebody did, or what was done to something."""
        return Q(actor=term) | Q(target=term) | Q(target__startswith=term)

    def heading(self, row: Row) -> str:
        """Say who did what."""
        return f"{row.actor}: {formats.words(row.action)}"


ADMINS = {
    Event: EventAdmin,
    Webhook: WebhookAdmin,
    Delivery: DeliveryAdmin,
    InboxEntry: InboxAdmin,
    TrailEntry: TrailAdmin,
}
