"""Collection slots: how full they are, who has taken them, and the plans that they come from."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import PLACE, Column, Row, address_of, link, tag
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.channels.desk.searching import SearchedAdmin, as_uuid
from onebasket.channels.desk.sections import Section, section
from onebasket.commerce.orders.models import Order
from onebasket.commerce.places.rules import WEEKDAYS
from onebasket.commerce.places.rules.hours import clock_text
from onebasket.commerce.slots.models import PlanException, PlanWindow, Slot, SlotPromise

STANDING: dict[object, str] = {"held": "info", "firm": "good"}


class ComingFilter(DropdownFilter):
    """Slots yet to begin, those that are full, and those over."""

    title = "slots"
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401, ARG002
        """Offer each."""
        return [("coming", "to come"), ("full", "to come and full"), ("over", "over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:  # noqa: ARG002
        """Keep the slots asked for."""
        now = datetime.now(UTC)
        conditions = {
            "coming": Q(ends_at__gt=now),
            "full": Q(ends_at__gt=now, taken__gte=F("planned")),
            "over": Q(ends_at__lte=now),
        }
        return queryset.filter(conditions.get(self.value() or "", Q()))


def _left(row: Row) -> int:
    return max(0, int(row.planned) - int(row.taken))


def _stands(row: Row) -> object:
    if row.taken > row.planned:
        return tag("over plan", "warn")
    return tag("full", "info") if row.taken == row.planned else tag("free", "good")


def _window(row: Row) -> str:
    return f"{clock_text(row.from_minutes)} to {clock_text(row.to_minutes)}"


def _day(row: Row) -> str:
    return WEEKDAYS[row.weekday].title() if row.weekday is not None else f"{row.date:%-d %b %Y}"


def _holder(row: Row) -> object:
    return link(str(row.pk)[-12:], address_of(Order, row.pk) if row.standing == "firm" else "")


HOLDER: tuple[Column, ...] = (
    Column("Basket or order", _holder, lambda row: row.pk),
    columns.choice("Stands", "standing", tones=STANDING, sort=False),
    columns.moment("Expires", "expires_at", sort=False), columns.moment("Changed", "changed_at", sort=False),
)  # fmt: skip
WINDOW: tuple[Column, ...] = (
    Column("Hands out", _window, _window),
    columns.number("Minutes a slot", "slot_minutes", sort=False),
    columns.number("Orders a slot", "capacity", sort=False),
    columns.number("Cut-off, minutes", "cutoff_minutes", sort=False),
)  # fmt: skip


class SlotAdmin(ReadOnlyAdmin):
    """Slots that somebody has asked for."""

    right = "slots.read"
    about = "How full slots are. A slot stands here once somebody has asked for it; the others are empty."
    ordering = ("-starts_at", "place")
    reads_along = ("place",)
    list_filter = (filters.PLACE, ComingFilter, filters.day("starts_at"))
    table = (
        columns.moment("Begins", "starts_at"), columns.moment("Ends", "ends_at", sort=False), PLACE,
        columns.number("Taken", "taken"), columns.number("Room", "planned", sort=False),
        Column("Free", _left, _left, numeric=True, __name__="n_left"), Column("Stands", _stands, _left),
        columns.moment("Order until", "cutoff_at", sort=False),
    )  # fmt: skip

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"Slot at {row.place.name}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show who holds it."""
        holders = SlotPromise.objects.filter(place_id=row.place_id, slot_id=row.pk, standing__in=["held", "firm"])
        found = holders.select_related("place").order_by("changed_at")
        return [section("Taken by", HOLDER, found, empty="Nobody.")]


class SlotPromiseAdmin(SearchedAdmin):
    """Who holds which slot."""

    right = "slots.read"
    about = "The one slot that a basket, and then its order, holds or last held."
    search_help_text = "Id of the basket or order"
    ordering = ("-changed_at",)
    reads_along = ("place", "slot", "slot__place")
    list_filter = (filters.PLACE, filters.one_of("standing"), filters.day("changed_at"))
    table = (
        columns.text("Basket or order", "pk", sort=False), PLACE,
        Column(
            "Slot", lambda row: link(SlotAdmin.table[0].draw(row.slot), address_of(Slot, row.slot_id)),
            lambda row: row.slot_id,
        ),
        *HOLDER[1:],
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by its id."""
        identity = as_uuid(term)
        return Q(pk=identity) if identity else Q(pk__in=())


class PlanWindowAdmin(ReadOnlyAdmin):
    """When places hand out."""

    right = "slots.read"
    about = "When places hand out, by weekday; and by date where an exception holds."
    ordering = ("place", "weekday", "date", "from_minutes")
    reads_along = ("place",)
    list_filter = (filters.PLACE, filters.day("date"))
    table = (Column("Day", _day, _day), PLACE, *WINDOW)

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"{_day(row)} at {row.place.name}"

    def trail_target(self, row: Row) -> str:
        """Show who planned."""
        return f"slotplan/{row.place.code}"


class PlanExceptionAdmin(ReadOnlyAdmin):
    """Dates on which the weekly plan does not hold."""

    right = "slots.read"
    about = "Dates on which a place's weekly plan does not hold: its own windows do, and none means closed."
    ordering = ("-date", "place")
    reads_along = ("place",)
    list_filter = (filters.PLACE, filters.day("date"))
    table = (columns.day("Date", "date"), PLACE, columns.text("Note", "note", sort=False))

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"{row.date:%-d %b %Y} at {row.place.name}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its windows."""
        windows = PlanWindow.objects.filter(place_id=row.place_id, date=row.date).order_by("from_minutes")
        return [section("Windows", WINDOW, windows, empty="Closed.")]

    def trail_target(self, row: Row) -> str:
        """Show who planned."""
        return f"slotplan/{row.place.code}"


ADMINS = {
    Slot: SlotAdmin,
    SlotPromise: SlotPromiseAdmin,
    PlanWindow: PlanWindowAdmin,
    PlanException: PlanExceptionAdmin,
}
