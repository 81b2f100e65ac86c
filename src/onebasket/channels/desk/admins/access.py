"""People, sources and tokens."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from onebasket.base.models import InboxEntry, QuarantineItem
from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import Column, Row
from onebasket.channels.desk.rights import has_anywhere, person
from onebasket.channels.desk.rows import work_address
from onebasket.channels.desk.searching import SearchedAdmin
from onebasket.channels.desk.sections import Section, filtered, opening, section
from onebasket.channels.desk.works.registry import BY_SLUG
from onebasket.commerce.access.models import Source, Token, User


def _listed(name: str, every: str = "") -> Any:  # noqa: ANN401 - a reader of rows
    def read(row: Row) -> str:
        codes = getattr(row, name)
        return every if "*" in codes else ", ".join(map(str, codes))

    return read


def _switch(title: str, path: str, *, yes: str, no: str) -> Column:
    def draw(row: Row) -> object:
        return columns.tag(yes, "good") if getattr(row, path) else columns.tag(no, "bad")

    return Column(title, draw, lambda row: getattr(row, path), path)


PLACES = Column("Places", _listed("places", "every place"), _listed("places", "*"))


class UserAdmin(SearchedAdmin):
    """People who sign in."""

    right = "users.manage"
    place_field = ""
    kept_from_sight = frozenset({"password"})
    about = "A role says what somebody may do; the role store is bound to places."
    search_help_text = "Name"
    ordering = ("username",)
    list_filter = (filters.one_of("role"), "is_active")
    table = (
        columns.text("Name", "username"), columns.choice("Role", "role"), PLACES,
        _switch("Stands", "is_active", yes="active", no="shut out"), columns.moment("Last signed in", "last_login"),
        columns.moment("Since", "date_joined"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find the name."""
        return Q(username__icontains=term)

    def heading(self, row: Row) -> str:
        """Name the person."""
        return str(row.username)

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"user/{row.username}"


class SourceAdmin(SearchedAdmin):
    """Enrolled tills, stores and partner systems."""

    right = "sources.enrol"
    place_field = ""
    about = "One enrolment for one till, store or partner system. A replaced or restored machine enrols anew."
    search_help_text = "Code or name"
    list_filter = ("active",)
    table = (
        columns.text("Code", "code"), columns.text("Name", "name"),
        _switch("Stands", "active", yes="open", no="closed"),
        columns.moment("Enrolled", "created_at"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by code or name."""
        return Q(code__icontains=term) | Q(name__icontains=term)

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"Source {row.code}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what it sent."""
        return [
            ("What it sent", filtered(InboxEntry, source_id__exact=row.pk)),
            ("Its messages in quarantine", filtered(QuarantineItem, source_id__exact=row.pk, state__exact="open")),
        ]

    def works(self, request: HttpRequest, row: Row) -> list[tuple[Any, str]]:
        """Offer a token too."""
        offered = super().works(request, row)
        if row.active and has_anywhere(person(request), "tokens.issue"):
            work = BY_SLUG["issue-token"]
            offered.insert(0, (work, work_address(work, source=row.code)))
        return offered

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its tokens."""
        tokens = Token.objects.filter(source=row).order_by("-pk")
        return [section("Tokens", (opening("Name", "name"), *TOKEN), tokens, empty="It has none.")]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"source/{row.code}"


TOKEN: tuple[Column, ...] = (
    Column("Scopes", _listed("scopes"), _listed("scopes")), PLACES, columns.moment("Issued", "created_at"),
    columns.moment("Expires", "expires_at"), columns.moment("Revoked", "revoked_at"),
)  # fmt: skip


class TokenAdmin(SearchedAdmin):
    """Bearer tokens; their secrets are kept nowhere."""

    right = "tokens.issue"
    place_field = ""
    kept_from_sight = frozenset({"digest"})
    about = "Kept as a digest, shown once when issued. Bound to scopes and places."
    search_help_text = "Name or source"
    reads_along = ("source",)
    list_filter = (filters.STANDS,)
    table = (
        columns.text("Name", "name"), columns.related("Source", "source"), *TOKEN, columns.text("By", "created_by"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by name or source."""
        return Q(name__icontains=term) | Q(source__code__icontains=term)

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"Token {row.name} of {row.source.code}"

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"token/{row.pk}"


ADMINS = {User: UserAdmin, Source: SourceAdmin, Token: TokenAdmin}
