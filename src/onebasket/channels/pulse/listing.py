"""The machinery of every list: what is asked for, a cursor that survives new rows, cells, CSV."""

import csv
import io
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import msgspec
from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onebasket.channels.pulse.figures import Part, Rows, Viewer
from onebasket.channels.pulse.sources import READERS

Text = str | Promise
PAGE_ROWS = 50
EXPORT_PAGE_ROWS = 1_000
EXPORT_ROWS = 100_000
LONGEST_FILTER = 120
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `key` names it in the address and the CSV; `minor` ones are left out on phones."""

    key: str
    label: Text
    sorts: bool = False
    numeric: bool = False
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A field above the list: `kind` is search, date or choice."""

    name: str
    label: Text
    kind: str = "search"
    choices: tuple[tuple[str, Text], ...] = ()
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: text, where it leads, a channel or state tag before it, a second line, the CSV's value."""

    text: str
    href: str = ""
    tag: str = ""
    tag_class: str = ""
    tone: str = ""
    sub: str = ""
    raw: str | int | Decimal | None = None
    bar: Any = ()


def everyone(viewer: Viewer) -> bool:
    """Let every viewer see a list; its rows are theirs by place."""
    del viewer
    return True


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: how it is called, filtered, ordered, fetched and written, and what it says when it is empty."""

    key: str
    title: Text
    about: Text
    columns: tuple[Column, ...]
    cells: Callable[[Any], tuple[Cell, ...]]
    sort: str
    filters: tuple[Filter, ...] = ()
    descending: bool = True
    empty: Text = ""
    places: bool = True
    allowed: Callable[[Viewer], bool] = everyone


@dataclass(frozen=True, slots=True)
class Heading:
    """A column as the page shows it."""

    column: Column
    address: str = ""
    direction: str = "none"


@dataclass(frozen=True, slots=True)
class Field:
    """A filter with its present value."""

    filter: Filter
    value: str


@dataclass(frozen=True, slots=True)
class Table:
    """A part of a list, ready for the template."""

    listing: Listing
    headings: tuple[Heading, ...]
    fields: tuple[Field, ...]
    rows: tuple[tuple[tuple[Column, Cell], ...], ...]
    more: str = ""
    first: str = ""
    export: str = ""
    sort: str = ""
    filtered: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


def encode_cursor(after: tuple[str, str]) -> str:
    """Write a cursor as it stands in an address."""
    return urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")


def decode_cursor(text: str) -> tuple[str, str] | None:
    """Read a cursor; None for anything that is none, which shows the first part again."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=tuple[str, str])
    except (ValueError, msgspec.DecodeError):
        return None


def with_places(listing: Listing, choices: tuple[tuple[str, str], ...]) -> Listing:
    """Add the filter by place to a list whose rows have one."""
    if not listing.places or len(choices) < 2:  # noqa: PLR2004 - one place is no choice
        return listing
    return replace(listing, filters=(*listing.filters, Filter("place", _("Place"), "choice", choices)))


def asked(listing: Listing, request: HttpRequest, *, today: str = "") -> Part:
    """Read which part of the list the address asks for; unknown values fall back to the list's own."""
    values = request.GET
    sort = values.get("sort", "")
    descending = listing.descending if not sort else sort.startswith("-")
    name = sort.lstrip("-")
    if name not in {column.key for column in listing.columns if column.sorts}:
        name, descending = listing.sort, listing.descending
    filters = {
        item.name: values[item.name].replace("\x00", "").strip()[:LONGEST_FILTER]
        for item in listing.filters
        if values.get(item.name, "").strip()
    }
    if filters.get("day") == "today":
        filters["day"] = today
    after = decode_cursor(values["after"]) if values.get("after") else None
    return Part(sort=name, descending=descending, filters=filters, after=after, limit=PAGE_ROWS)


def table(listing: Listing, part: Part, rows: Rows, *, kept: Mapping[str, str] | None = None) -> Table:
    """Put rows into cells, with the addresses for sorting, going on and exporting."""
    base = {**(kept or {}), **part.filters}
    order = f"-{part.sort}" if part.descending else part.sort
    return Table(
        listing=listing,
        headings=tuple(_heading(column, part, base) for column in listing.columns),
        fields=tuple(Field(item, part.filters.get(item.name, "")) for item in listing.filters),
        rows=tuple(tuple(zip(listing.columns, listing.cells(row), strict=True)) for row in rows.rows),
        more=_address({**base, "sort": order, "after": encode_cursor(rows.after)}) if rows.after else "",
        first=_address({**base, "sort": order}) if part.after else "",
        export=_address({**base, "sort": order, "format": "csv"}),
        sort=order,
        filtered=any(item.name in part.filters for item in listing.filters),
        extra=kept or {},
    )


def csv_lines(listing: Listing, viewer: Viewer, part: Part) -> Iterator[str]:
    """Yield the whole list as CSV, part by part, up to 100,000 rows."""
    yield _csv_line([column.key for column in listing.columns])
    written, after = 0, None
    while written < EXPORT_ROWS:
        rows = READERS[listing.key](viewer, replace(part, after=after, limit=EXPORT_PAGE_ROWS))
        for row in rows.rows:
            yield _csv_line([_plain(cell) for cell in listing.cells(row)])
        written, after = written + len(rows.rows), rows.after
        if after is None:
            return


def _heading(column: Column, part: Part, base: Mapping[str, str]) -> Heading:
    if not column.sorts:
        return Heading(column)
    if column.key != part.sort:
        return Heading(column, _address({**base, "sort": f"-{column.key}" if column.numeric else column.key}))
    turned = column.key if part.descending else f"-{column.key}"
    return Heading(column, _address({**base, "sort": turned}), "descending" if part.descending else "ascending")


def _address(values: Mapping[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update(dict(values))
    return f"?{query.urlencode()}"


def _plain(cell: Cell) -> str | int | Decimal:
    if cell.raw is not None and not isinstance(cell.raw, str):
        return cell.raw
    text = cell.text if cell.raw is None else cell.raw
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _csv_line(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
