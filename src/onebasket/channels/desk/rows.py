"""What every table's admin has: read-only lists and pages, within what the person may see, and CSV files of them."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from onebasket.base.models import TrailEntry
from onebasket.channels.desk import columns, formats
from onebasket.channels.desk.columns import NAME, PRODUCT, Column, Row
from onebasket.channels.desk.exporting import CHUNK, csv_file
from onebasket.channels.desk.paging import BoundedPaginator
from onebasket.channels.desk.rights import has_anywhere, has_at, person, places_for
from onebasket.channels.desk.sections import Section, section
from onebasket.channels.desk.works.registry import works_on_list, works_on_row
from onebasket.channels.desk.works.work import Work

TRAIL = (
    columns.moment("When", "at"),
    columns.text("Who", "actor"),
    Column("What", lambda entry: formats.words(entry.action), lambda entry: entry.action),
    Column("More", lambda entry: told(entry.detail), lambda entry: entry.detail, __name__="long"),
)


def told(detail: dict[str, Any]) -> str:
    """Write what a trail entry holds as people read it."""
    return ", ".join(f"{key}: {_plain(value)}" for key, value in detail.items() if value not in ("", [], {}))


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return f"({told(value)})"
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if value is None:
        return formats.DASH
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


class ReadOnlyAdmin(ModelAdmin):
    """A table that people read: nothing is ever added, changed or deleted here."""

    right: ClassVar[str]
    place_field: ClassVar[str] = "place__code"
    table: ClassVar[tuple[Column, ...]]
    facts: ClassVar[tuple[Column, ...]] = ()
    kept_from_sight: ClassVar[frozenset[str]] = frozenset()
    about: ClassVar[str] = ""
    row_template: ClassVar[str] = "desk/row.html"

    actions = None
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50
    list_filter_submit = True
    list_filter_sheet = True
    ordering: ClassVar[Any] = ("-pk",)
    reads_along: ClassVar[tuple[str, ...]] = ()
    list_filter: ClassVar[Any] = ()
    change_list_template = "desk/list.html"
    list_before_template: Any = "desk/list_tools.html"

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Refuse: adding is a work."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002, ANN401
        """Refuse: every change is a work."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002, ANN401
        """Refuse: nothing is deleted."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002, ANN401
        """Let in whoever has the table's right anywhere; the rows are cut to where that is."""
        return has_anywhere(person(request), self.right)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the table to whoever may see any of it."""
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows at the places where the person has the table's right."""
        # Rows first, what they name after: joined, SQLite may sort a whole big table for one page of it.
        rows: QuerySet[Any] = super().get_queryset(request).prefetch_related(*self.reads_along)
        places = places_for(request, self.right)
        if places is None:
            return rows
        return rows.filter(**{f"{self.place_field}__in": sorted(places)}) if self.place_field else rows.none()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Refuse to filter by what is not shown: answers would give it away."""
        return lookup.split("__", maxsplit=1)[0] not in self.kept_from_sight and super().lookup_allowed(
            lookup, value, request
        )

    def get_urls(self) -> list[URLPattern]:
        """Answer the list, its file and the rows' pages, and nothing that changes."""
        name = self.opts.label_lower.replace(".", "_")
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("csv/", view(self.csv_view), name=f"{name}_csv"),
            path("<path:object_id>/change/", view(self.row_view), name=f"{name}_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Show the list with what can be done from it."""
        user = person(request)
        works = [work for work in works_on_list(self.model) if has_anywhere(user, work.right)]
        csv = reverse(f"desk:{self.opts.label_lower.replace('.', '_')}_csv")
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        tools: dict[str, Any] = {
            "works": [(work, work_address(work)) for work in works],
            "csv": csv + query,
            "about": self.about,
        }
        return super().changelist_view(request, {**(extra_context or {}), **tools})

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the list as filtered, searched and sorted, whole."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        listed = self.get_changelist_instance(request)
        rows = listed.get_queryset(request).iterator(chunk_size=CHUNK)
        return csv_file(f"onebasket {self.opts.verbose_name_plural}", self.columns(), rows)

    def get_changelist_instance(self, request: HttpRequest) -> Any:  # noqa: ANN401 - Django's change list
        """Return the list; its whole number is not counted, so it is not told beside the number found."""
        if any("\x00" in value for values in request.GET.lists() for value in values[1]):
            raise BadRequest("No text that is searched or filtered by holds a NUL character.")
        listed = super().get_changelist_instance(request)
        listed.full_result_count = listed.result_count
        return listed

    def columns(self) -> list[Column]:
        """Return the list's columns."""
        return list(self.table)

    def get_list_display(self, request: HttpRequest) -> Any:  # noqa: ANN401, ARG002 - columns are callables
        """Show the table's columns."""
        return self.table

    def shown(self, row: Row) -> list[tuple[str, object]]:
        """Return what there is of a row's facts, as drawn: (title, value)."""
        named = [PRODUCT if column is NAME else column for column in self.facts or self.columns()]
        drawn = [(column.short_description, column(row)) for column in named]
        return [(title, value) for title, value in drawn if value != formats.DASH]

    def find(self, request: HttpRequest, identity: str) -> Any:  # noqa: ANN401 - the table's row
        """Return a row that the person may see; 404 otherwise, for whatever reason."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_queryset(request).filter(pk=identity).first()
        except (ValueError, ValidationError, OverflowError) as error:
            raise Http404 from error
        if found is None:
            raise Http404
        return found

    def row_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a row: its facts, what can be done, and what belongs to it."""
        row = self.find(request, object_id)
        facts = self.shown(row)
        context = {
            **self.admin_site.each_context(request),
            "title": self.heading(row),
            "table": self.opts.verbose_name_plural,
            "table_address": reverse(f"desk:{self.opts.label_lower.replace('.', '_')}_changelist"),
            "row": row,
            "facts": facts,
            "texts": self.texts(row),
            "works": self.works(request, row),
            "links": self.links(row),
            "sections": [*self.sections(request, row), *self.trail(request, row)],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.row_template, context)

    def works(self, request: HttpRequest, row: Row) -> list[tuple[Work, str]]:
        """Return what the person can do to the row as it stands, and where."""
        user = person(request)
        return [
            (work, work_address(work, row.pk))
            for work in works_on_row(self.model)
            if has_at(user, work.right, work.places_of(row)) and work.is_offered(row)
        ]

    def heading(self, row: Row) -> str:
        """Return what the row is called."""
        return f"{str(self.opts.verbose_name).capitalize()} {row.pk}"

    def texts(self, row: Row) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return long texts to show whole: (title, text)."""
        return []

    def links(self, row: Row) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return where else to look: (words, address)."""
        return []

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Return the tables of what belongs to the row."""
        return []

    def trail_target(self, row: Row) -> str:  # noqa: ARG002
        """Return how the audit trail names the row; empty when nobody changes such rows by hand."""
        return ""

    def trail(self, request: HttpRequest, row: Row) -> list[Section]:
        """Return who changed the row, for those who may see it."""
        target = self.trail_target(row)
        if not target or not has_anywhere(person(request), "trail.read"):
            return []
        entries = TrailEntry.objects.filter(target=target).order_by("-at", "-pk")
        return [section("Who changed what", TRAIL, entries, empty="Nobody has changed anything here by hand.")]


def work_address(work: Work, identity: object = None, **query: object) -> str:
    """Return the address of a work's page."""
    arguments: list[object] = [work.slug] if identity is None else [work.slug, identity]
    address = reverse("desk:work" if identity is None else "desk:work_on_row", args=arguments)
    return f"{address}?{urlencode(query)}" if query else address


def may_see(request: HttpRequest, admin: Any, model: type[Model]) -> bool:  # noqa: ANN401 - any of these admins
    """Whether the person may see rows of another table."""
    other = admin.admin_site.get_model_admin(model)
    return bool(other.has_view_permission(request))
