"""The tables on a row's page: what belongs to the row, with links to it and to the whole list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from onebasket.channels.desk.columns import Column, Row, link, page_of

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """A drawn value."""

    drawn: object
    numeric: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A table of rows; `more` leads to the whole list, when it is longer or worth filtering."""

    title: str
    headings: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    more: str = ""
    is_cut: bool = False
    empty: str = ""


def section(title: str, columns: Sequence[Column], rows: Iterable[Any], *, more: str = "", empty: str = "") -> Section:
    """Draw the first rows of a list; a query set is read with one statement."""
    found = list(rows[: MOST_ROWS + 1]) if isinstance(rows, QuerySet) else list(rows)
    drawn = [[Cell(column(row), column.numeric) for column in columns] for row in found[:MOST_ROWS]]
    return Section(title, columns, drawn, more, len(found) > MOST_ROWS, empty)


def filtered(model: type[Model], **conditions: str | int) -> str:
    """Return the address of a table's list, filtered."""
    name = model._meta.label_lower.replace(".", "_")  # noqa: SLF001 - Django's own public API
    return f"{reverse(f'desk:{name}_changelist')}?{urlencode(conditions)}"


def opening(title: str, path: str) -> Column:
    """Show a field as the link to the row's own page."""

    def draw(row: Row) -> object:
        return link(getattr(row, path), page_of(row))

    return Column(title, draw, lambda row: getattr(row, path))
