"""Subscriptions of our own, the events that their actions failed on, and the letters that one of them queues."""

from typing import Any

from django.db.models import F, Max, Q, QuerySet, Value
from django.http import HttpRequest

from onebasket.base.models import Event, Letter, ParkedEvent, SubscriptionCursor
from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import Row
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.channels.desk.searching import SearchedAdmin, as_uuid
from onebasket.channels.desk.sections import filtered

STANDS: dict[object, str] = {"waiting": "warn", "parked": "bad"}
LETTERS: dict[object, str] = {"pending": "warn", "dead": "bad"}


class CursorAdmin(ReadOnlyAdmin):
    """How far each subscription has come."""

    right = "events.read"
    place_field = ""
    about = "What happens by itself when something is told. Each goes through the events in the order of positions."
    ordering = ("name",)
    table = (
        columns.text("Subscription", "name"), columns.number("Position", "position"),
        columns.number("Behind by", "behind", sort=False), columns.moment("Claimed until", "claimed_until", sort=False),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add how many events each is behind."""
        last = Event.objects.aggregate(last=Max("position"))["last"] or 0
        found: QuerySet[Any] = super().get_queryset(request).annotate(behind=Value(last) - F("position"))
        return found

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"Subscription {row.name}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what it failed on."""
        return [("Events that it failed on", filtered(ParkedEvent, q=row.name))]


class ParkedEventAdmin(SearchedAdmin):
    """Events that an action failed on."""

    right = "events.read"
    place_field = ""
    about = "A waiting event is tried again by itself. A parked one failed too often: mend the cause, then replay it."
    search_help_text = "Subscription, or subject such as order/…"
    reads_along = ("event",)
    list_filter = (filters.one_of("state"), ("subscription", filters.ValuesFilter), filters.day("parked_at"))
    table = (
        columns.text("Subscription", "subscription"), columns.choice("Stands", "state", tones=STANDS),
        columns.related("Event", "event", say="type"), columns.text("Subject", "subject", sort=False),
        columns.number("Failures", "attempts"), columns.long("Why", "reason"),
        columns.moment("First failed", "parked_at"), columns.moment("Next attempt", "next_attempt_at", sort=False),
    )  # fmt: skip
    facts = (*table, columns.number("Position", "position"), columns.long("Note", "note"))

    def sought(self, term: str) -> Q:
        """Find by the subscription, or by what the event is about."""
        if identity := as_uuid(term):
            return Q(subject__endswith=f"/{identity}")
        return Q(subscription=term) | Q(subject=term)

    def heading(self, row: Row) -> str:
        """Say who failed on what."""
        return f"{row.subscription}: {row.type} of {row.subject}"

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"parked/{row.pk}"


class LetterAdmin(SearchedAdmin):
    """Mails about orders: whether each has left."""

    right = "events.read"
    place_field = ""
    about = "One mail for each fact. A pending one is tried again by itself; a dead one failed too often or for good."
    search_help_text = "Subject such as order/…"
    list_filter = (filters.one_of("state"), ("kind", filters.ValuesFilter), filters.day("occurred_at"))
    table = (
        columns.text("About", "subject", sort=False), columns.text("Tells", "kind"),
        columns.choice("Stands", "state", tones=LETTERS), columns.moment("Happened", "occurred_at"),
        columns.number("Attempts", "attempts"), columns.moment("Finished", "finished_at"),
        columns.long("Last error", "last_error"),
    )  # fmt: skip
    facts = (*table, columns.moment("Next attempt", "due_at", sort=False))

    def sought(self, term: str) -> Q:
        """Find by what a letter is about."""
        if identity := as_uuid(term):
            return Q(subject__endswith=f"/{identity}")
        return Q(subject=term)

    def heading(self, row: Row) -> str:
        """Say what it tells of what."""
        return f"Letter: {row.kind}, {row.subject}"

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"letter/{row.pk}"


ADMINS: dict[Any, type[ReadOnlyAdmin]] = {
    SubscriptionCursor: CursorAdmin, ParkedEvent: ParkedEventAdmin, Letter: LetterAdmin
}  # fmt: skip
