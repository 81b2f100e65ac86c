"""What the columns of a partner's table mean: by names that are known, or by a mapping file (TOML, docs/files.md)."""

import codecs
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.commerce.partners.gateways.feed.unfit import UnfitFileError

Character = Annotated[str, Meta(min_length=1, max_length=1)]

NAMES: dict[str, tuple[str, ...]] = {
    "reference": ("reference", "id"),
    "title": ("title",),
    "price": ("price",),
    "currency": ("currency",),
    "sale_price": ("sale_price",),
    "sale_dates": ("sale_price_effective_date",),
    "list_price": ("list_price",),
    "availability": ("availability", "available"),
    "stock": ("stock", "quantity"),
    "seller": ("seller",),
    "brand": ("brand",),
    "gtin": ("gtin", "ean", "upc"),
    "model": ("model", "mpn"),
    "category": ("category", "product_type", "google_product_category"),
    "description": ("description",),
    "url": ("url", "link"),
    "shipping": ("shipping",),
    "shipping_amount": ("shipping_amount", "shipping_price"),
    "days_from": ("days_from",),
    "days_to": ("days_to",),
    "handling_from": ("min_handling_time",),
    "handling_to": ("max_handling_time",),
    "transit_from": ("min_transit_time",),
    "transit_to": ("max_transit_time",),
    "condition": ("condition",),
    "stated_at": ("stated_at",),
    "gone": ("gone",),
}
"""Each field, with the names under which it is found where no mapping says another; the first that is there counts."""
NEEDED = ("reference", "title", "price")


class FeedMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a partner's table is read; `columns` is field = column, `values` what a field's texts stand for."""

    columns: dict[str, str]
    delimiter: Character = ","
    quote: Character = '"'
    encoding: str = ""
    decimal: Character = "."
    thousands: Annotated[str, Meta(max_length=1)] = ""
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}


def read_mapping(content: bytes, *, names: Sequence[str] = tuple(NAMES)) -> FeedMapping:
    """Read a mapping file.

    Raises:
        UnfitFileError: it is no mapping, or names what there is not.
    """
    try:
        mapping = msgspec.toml.decode(content, type=FeedMapping)
        codecs.lookup(mapping.encoding or "utf-8")
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError) as error:
        raise UnfitFileError(f"The mapping cannot be used: {error}.") from error
    for part in (mapping.columns, mapping.constants, mapping.values):
        if unknown := sorted(part.keys() - set(names)):
            raise UnfitFileError(f"The mapping names the field {unknown[0]!r}. There are: {', '.join(names)}.")
    if mapping.decimal == mapping.thousands:
        raise UnfitFileError("In the mapping decimal and thousands are the same sign.")
    return mapping


def find_columns(
    header: Sequence[str],
    mapping: FeedMapping | None,
    *,
    names: dict[str, tuple[str, ...]] | None = None,
    needed: Sequence[str] = NEEDED,
) -> dict[str, int]:
    """Return at which position of the heading each field stands.

    Raises:
        UnfitFileError: the heading lacks a column that is needed, or names one twice.
    """
    names = NAMES if names is None else names
    if mapping is None:
        places = {_plain(name): index for index, name in reversed(list(enumerate(header)))}
        wanted = [_plain(name) for name in header]
        found = {
            field: places[hit]
            for field, known in names.items()
            if (hit := next((name for name in known if name in places), None)) is not None
        }
    else:
        stripped = [name.strip() for name in header]
        places = {name: index for index, name in enumerate(stripped)}
        wanted = stripped
        if missing := sorted(set(mapping.columns.values()) - places.keys()):
            raise UnfitFileError(
                f"The mapping names the column {missing[0]!r}, which is not in the heading: {_told(header)}"
            )
        found = {field: places[column] for field, column in mapping.columns.items()}
    _prove(header, wanted, found, needed=[one for one in needed if not (mapping and one in mapping.constants)])
    return found


def _prove(header: Sequence[str], wanted: Sequence[str], found: dict[str, int], *, needed: Sequence[str]) -> None:
    for field in needed:
        if field not in found:
            raise UnfitFileError(
                f"The heading names no column for the {field}. It has: {_told(header)} "
                "Say with --mapping what the columns mean, or mend the heading."
            )
    for index in found.values():
        if wanted.count(wanted[index]) > 1:
            raise UnfitFileError(f"The heading names the column {header[index].strip()!r} twice.")


def _plain(name: str) -> str:
    return name.strip().lower().removeprefix("g:").replace(" ", "_").replace("-", "_")


def _told(header: Sequence[str]) -> str:
    shown = ", ".join(repr(name.strip()[:40]) for name in header[:12])
    return f"{shown}{', and more' if len(header) > 12 else ''}."  # noqa: PLR2004 - how many are shown
