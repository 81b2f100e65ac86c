"""Columns of lists and rows of pages: how a value is drawn, what goes into a CSV file, and what it sorts by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, ClassVar

from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from onebasket.channels.desk import formats
from onebasket.kernel.money import decimal_amount

Row = Any
"""A row of any table: columns name its fields by path."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column in the form that Django's admin takes callables in: `draw` is for people, `state` for files."""

    short_description: str
    draw: Callable[[Row], object]
    state: Callable[[Row], object]
    admin_order_field: str | None = None
    numeric: bool = False
    __name__: str = field(default="text", kw_only=True)

    do_not_call_in_templates: ClassVar[bool] = True

    def __call__(self, row: Row) -> object:
        """Draw the column of a row."""
        drawn = self.draw(row)
        return formats.DASH if drawn is None or drawn == "" else drawn


def value_at(row: Row, path: str) -> Any:  # noqa: ANN401 - whatever the field holds
    """Follow a path such as product.unit.code; None where it breaks off."""
    return reduce(lambda found, name: None if found is None else getattr(found, name), path.split("."), row)


def page_of(row: Model | None) -> str:
    """Return the address of a row's page, or nothing where its table has none."""
    if row is None:
        return ""
    return address_of(type(row), row.pk)


def address_of(model: type[Model], identity: object) -> str:
    """Return the address of the page of a row of a table."""
    try:
        return reverse(f"desk:{model._meta.label_lower.replace('.', '_')}_change", args=[identity])  # noqa: SLF001
    except NoReverseMatch:
        return ""


def link(text: object, address: str) -> str | SafeString:
    """Draw text that leads to an address, or text alone."""
    return format_html('<a class="ob-link" href="{}">{}</a>', address, text) if address else str(text)


def tag(text: str, tone: str = "") -> SafeString:
    """Draw a word as a tag; `tone` is good, warn, bad, info or nothing."""
    return format_html('<span class="ob-tag {}">{}</span>', f"ob-{tone}" if tone else "", text)


def text(title: str, path: str, *, sort: bool = True) -> Column:
    """Show a field as it is."""
    read = lambda row: value_at(row, path)  # noqa: E731
    return Column(title, read, read, path.replace(".", "__") if sort else None)


def spelt(title: str, path: str) -> Column:
    """Show a code in words; files get the code."""
    return Column(
        title, lambda row: formats.words(str(value_at(row, path) or "")), lambda row: value_at(row, path), path
    )


def long(title: str, path: str) -> Column:
    """Show a text of sentences, which may wrap."""
    read = lambda row: value_at(row, path)  # noqa: E731
    return Column(title, read, read, __name__="long")


def day(title: str, path: str) -> Column:
    """Show a business day; files get ISO 8601."""

    def draw(row: Row) -> str:
        found = value_at(row, path)
        return formats.DASH if found is None else f"{found:%-d %b %Y}"

    return Column(title, draw, lambda row: value_at(row, path), path)


def yes_no(title: str, path: str, *, yes: str = "yes", no: str = "no") -> Column:
    """Show a switch in words."""
    return Column(title, lambda row: yes if value_at(row, path) else no, lambda row: value_at(row, path))


def choice(title: str, name: str, *, tones: dict[object, str] | None = None, sort: bool = True) -> Column:
    """Show a field with choices by its label, as a tag when it has tones."""

    def state(row: Row) -> str:
        return formats.words(str(getattr(row, f"get_{name}_display")())).lower()

    def draw(row: Row) -> object:
        return state(row) if tones is None else tag(state(row), tones.get(getattr(row, name), ""))

    return Column(title, draw, state, name if sort else None)


def number(title: str, path: str, *, sort: bool = True) -> Column:
    """Show a count, with its thousands apart."""

    def draw(row: Row) -> str:
        found = value_at(row, path)
        return formats.DASH if found is None else f"{found:,}"

    return Column(
        title,
        draw,
        lambda row: value_at(row, path),
        path.replace(".", "__") if sort else None,
        numeric=True,
        __name__=f"n_{path.replace('.', '_')}",
    )


def money(title: str, path: str, *, currency: str = "currency", sort: bool = True) -> Column:
    """Show minor units in their currency; files get a decimal of the major unit."""

    def state(row: Row) -> object:
        amount, code = value_at(row, path), value_at(row, currency)
        try:
            return None if amount is None else decimal_amount(amount, code)
        except ValueError:
            return amount

    return Column(
        title,
        lambda row: formats.money(value_at(row, path), value_at(row, currency) or ""),
        state,
        path.replace(".", "__") if sort else None,
        numeric=True,
        __name__=f"n_{path.replace('.', '_')}",
    )


def quantity(title: str, path: str, *, unit: str = "product.unit", sort: bool = True) -> Column:
    """Show steps in the row's unit (`unit` leads to it); a row without one counts each."""

    def draw(row: Row) -> str:
        found = value_at(row, unit)
        steps = value_at(row, path)
        if found is None:
            return formats.quantity(steps)
        return formats.quantity(steps, unit=found.code, decimals=found.decimals)

    def state(row: Row) -> str:
        return "" if value_at(row, path) is None else draw(row).replace(formats.MINUS, "-")

    return Column(
        title,
        draw,
        state,
        path.replace(".", "__") if sort else None,
        numeric=True,
        __name__=f"n_{path.replace('.', '_')}",
    )


def moment(title: str, path: str, *, sort: bool = True) -> Column:
    """Show an instant in the time of the row's place, or in UTC where it has none; files get ISO 8601 in UTC."""

    def draw(row: Row) -> str:
        place = getattr(row, "place", None)
        return formats.moment(value_at(row, path), place.time_zone if place else "UTC", named=place is None)

    def state(row: Row) -> str:
        at = value_at(row, path)
        return "" if at is None else at.isoformat()

    return Column(title, draw, state, path if sort else None, __name__="when")


def related(title: str, path: str, *, say: str = "", code: str = "", sort: str | None = None) -> Column:
    """Show the row that a foreign key leads to, as a link; `say` is the path of what it is called, `code` for files."""

    def draw(row: Row) -> object:
        found = value_at(row, path)
        return None if found is None else link(value_at(found, say) if say else str(found), page_of(found))

    return Column(title, draw, lambda row: value_at(row, f"{path}.{code or say}" if code or say else path), sort)


PLACE = related("Place", "place", code="code")
PRODUCT = related("Product", "product", code="sku")
NAME = text("Product", "product.name", sort=False)
"""For the first column of a list, which leads to the row itself; its page shows PRODUCT instead."""
SKU = text("SKU", "product.sku", sort=False)
