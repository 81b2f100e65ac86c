"""Filters of lists: by place, by day, and by what is still open."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib.admin import AllValuesFieldListFilter
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_date
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)
from unfold.contrib.filters.forms import DropdownForm

from onebasket.base.models import InboxEntry
from onebasket.channels.desk.formats import words
from onebasket.channels.desk.rights import places_for
from onebasket.commerce.catalogue.models import Barcode
from onebasket.commerce.places.queries import all_places

Rows = QuerySet[Model]


class PlaceFilter(DropdownFilter):
    """One place, of those that the person may see; the model's admin says by which field."""

    title = "place"
    parameter_name = "at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """Offer the places by name."""
        within = places_for(request, model_admin.right)
        return [(place.code, place.name) for place in all_places() if within is None or place.code in within]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:  # noqa: ARG002 - Django's signature
        """Keep the rows of the place."""
        code = self.value()
        if not code:
            return queryset
        by_code = any(field.name == "place_code" for field in queryset.model._meta.get_fields())  # noqa: SLF001
        return queryset.filter(**{"place_code" if by_code else "place__code": code})


class DayFilter(RangeDateFilter):
    """From a day to a day, both included; instants by days in UTC."""

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows | None:  # noqa: ARG002 - Django's signature
        """Keep the rows of the days; a day that is none filters nothing."""
        name = self.parameter_name
        first = _day(self.used_parameters.get(f"{name}_from"))
        last = _day(self.used_parameters.get(f"{name}_to"))
        conditions: dict[str, object] = {}
        if isinstance(self.field, DateTimeField):
            conditions = {f"{name}__gte": _start(first), f"{name}__lt": last and _start(last + timedelta(days=1))}
        else:
            conditions = {f"{name}__gte": first, f"{name}__lte": last}
        return queryset.filter(**{key: value for key, value in conditions.items() if value is not None})


class OpenFilter(DropdownFilter):
    """What still waits for somebody, and what does not."""

    title = "open or closed"
    parameter_name = "is"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401, ARG002
        """Offer both."""
        return [("open", "open"), ("closed", "closed")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:  # noqa: ARG002 - Django's signature
        """Keep what has no closing time, or what has one."""
        asked = self.value()
        return queryset.filter(closed_at__isnull=asked == "open") if asked in {"open", "closed"} else queryset


def _day(text: object) -> Any:  # noqa: ANN401 - a date or None
    try:
        return parse_date(str(text)) if text else None
    except (ValueError, ValidationError):
        return None


def _start(day: Any) -> datetime | None:  # noqa: ANN401 - a date or None
    return datetime.combine(day, time.min, UTC) if day else None


PLACE: Any = PlaceFilter
OPEN: Any = OpenFilter


def day(name: str) -> Any:  # noqa: ANN401 - a filter as Django takes it
    """Filter by days of a field."""
    return (name, DayFilter)


def one_of(name: str) -> Any:  # noqa: ANN401 - a filter as Django takes it
    """Filter by one of a field's choices."""
    return (name, ChoicesDropdownFilter)


class _Values(AllValuesFieldListFilter):
    """One of the values that a column of few values holds; offered as a drop-down."""

    template = "unfold/filters/filters_field.html"

    def choices(self, changelist: Any) -> Iterator[Any]:  # noqa: ANN401, ARG002 - Django's signature
        """Offer each value in words."""
        offered = (("", "All"), *((value, words(str(value))) for value in self.lookup_choices if value))
        label = f" By {self.title} "
        held: Any = self.lookup_val
        if isinstance(held, list):
            held = held[0] if held else None
        yield {
            "form": DropdownForm(
                label=label, name=self.lookup_kwarg, choices=offered, data={self.lookup_kwarg: held}, multiple=False
            )
        }


ValuesFilter: Any = _Values
RELATED: Any = RelatedDropdownFilter


class SameThingFilter(DropdownFilter):
    """Offers of the same thing as a product of ours, by GTIN, and those that the partner alone sells."""

    title = "the same as ours"
    parameter_name = "same"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401, ARG002
        """Offer both."""
        return [("yes", "we sell it too"), ("no", "the partner alone")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:  # noqa: ARG002 - Django's signature
        """Keep those whose GTIN is, or is not, a barcode of ours."""
        ours = Exists(Barcode.objects.filter(kind="gtin", code=OuterRef("gtin")))
        return {"yes": queryset.filter(ours), "no": queryset.exclude(ours)}.get(self.value() or "", queryset)


SAME_THING: Any = SameThingFilter


def entries_of(source_id: int, key: str) -> list[int]:
    """Return the inbox entry of a key within its source."""
    return list(InboxEntry.objects.filter(source_id=source_id, key=key).values_list("pk", flat=True)) if key else []


class BelowFilter(DropdownFilter):
    """Shelves whose figures are at odds."""

    title = "figures"
    parameter_name = "odds"
    conditions: ClassVar[dict[str, Q]] = {
        "below": Q(on_hand__lt=0),
        "none": Q(on_hand=0),
        "promised": Q(reserved__gt=0),
        "breached": Q(breach_id__isnull=False),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401, ARG002
        """Offer what people look for."""
        return [
            ("below", "below zero"),
            ("none", "empty"),
            ("promised", "with open promises"),
            ("breached", "breached"),
        ]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:  # noqa: ARG002 - Django's signature
        """Keep the shelves asked for."""
        return queryset.filter(self.conditions.get(self.value() or "", Q()))


BELOW: Any = BelowFilter


class HoldsFilter(DropdownFilter):
    """Prices that hold now, are to come, are over, or were superseded."""

    title = "validity"
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401, ARG002
        """Offer each."""
        return [("now", "holds now"), ("later", "to come"), ("over", "over"), ("superseded", "superseded")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:  # noqa: ARG002 - Django's signature
        """Keep the versions asked for."""
        now, stands = datetime.now(UTC), Q(superseded_at__isnull=True)
        conditions = {
            "now": stands & Q(valid_from__lte=now) & (Q(valid_to__isnull=True) | Q(valid_to__gt=now)),
            "later": stands & Q(valid_from__gt=now),
            "over": stands & Q(valid_to__lte=now),
            "superseded": Q(superseded_at__isnull=False),
        }
        return queryset.filter(conditions.get(self.value() or "", Q()))


HOLDS: Any = HoldsFilter


class CurrentFilter(DropdownFilter):
    """Versions that stand, and those of before."""

    title = "versions"
    parameter_name = "versions"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401, ARG002
        """Offer both."""
        return [("standing", "standing"), ("superseded", "superseded")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:  # noqa: ARG002 - Django's signature
        """Keep the versions asked for."""
        asked = self.value()
        if asked not in {"standing", "superseded"}:
            return queryset
        return queryset.filter(superseded_at__isnull=asked == "standing")


CURRENT: Any = CurrentFilter


class StandsFilter(DropdownFilter):
    """Tokens that open something, and those that do not."""

    title = "validity"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401, ARG002
        """Offer each."""
        return [("valid", "valid"), ("expired", "expired"), ("revoked", "revoked")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:  # noqa: ARG002 - Django's signature
        """Keep the tokens asked for."""
        over, kept = Q(expires_at__lte=datetime.now(UTC)), Q(revoked_at__isnull=True)
        conditions = {"valid": kept & ~over, "expired": kept & over, "revoked": ~kept}
        return queryset.filter(conditions.get(self.value() or "", Q()))


STANDS: Any = StandsFilter
