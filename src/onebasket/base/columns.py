"""How a Python value becomes what each driver takes, column by column."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, models

Row = tuple[Any, ...]
Converter = Callable[[Any], Any]
_NOTHING = object()
_encode = msgspec.json.Encoder().encode


def _instant_text(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _zoned_text(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(" ")


def _date_text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _uuid_text(value: UUID | None) -> str | None:
    return None if value is None else value.hex


def _json_text(value: object) -> str | None:
    return None if value is None else _encode(value).decode()


def _plain_int(value: int | None) -> int | None:
    """Return the number without its enumeration: the driver takes ten times as long over anything but exact types."""
    return None if value is None else int(value)


_SQLITE: dict[str, Converter] = {
    "SmallIntegerField": _plain_int,
    "DateTimeField": _instant_text,
    "DateField": _date_text,
    "UUIDField": _uuid_text,
    "JSONField": _json_text,
}
_POSTGRESQL: dict[str, Converter] = {"SmallIntegerField": _plain_int, "JSONField": _json_text}
_COPIED: dict[str, Converter] = _POSTGRESQL | {"DateTimeField": _zoned_text}
"""What COPY takes: a time that many rows share is put into words once."""
_ARRAY_TYPES = {"JSONField": "text", "CharField": "text", "TextField": "text", "DateTimeField": "timestamptz"}


@lru_cache(maxsize=1)
def is_postgresql() -> bool:
    """Whether the default database is PostgreSQL; asked once, because looking the connection up is not free."""
    return connection.vendor == "postgresql"


def internal_type(field: models.Field[Any, Any]) -> str:
    """Return the field's own kind, a foreign key's being that of the key it points to."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    return target.get_internal_type()


def array_type(field: models.Field[Any, Any]) -> str:
    """Return the PostgreSQL element type in which a column's values are sent as an array."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = target.get_internal_type()
    return _ARRAY_TYPES.get(kind) or str(target.rel_db_type(connection))  # type: ignore[attr-defined] # missing in the stubs


def convert(fields: Sequence[models.Field[Any, Any]], rows: Sequence[Row], *, copied: bool = False) -> Sequence[Row]:
    """Return the rows as the driver takes them, or its COPY; values of a column that repeat are converted once."""
    found = converters(fields, copied=copied)
    return list(zip(*convert_columns(found, rows), strict=True)) if found and rows else rows


def convert_columns(found: Sequence[tuple[int, Converter]], rows: Sequence[Row]) -> list[Sequence[Any]]:
    """Return the columns of rows, converted by `converters`."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for index, converter in found:
        columns[index] = _converted(columns[index], converter)
    return columns


def converters(fields: Sequence[models.Field[Any, Any]], *, copied: bool = False) -> list[tuple[int, Converter]]:
    """Return which columns of these fields are converted for the database, and how; `copied` for its COPY."""
    table = _SQLITE if not is_postgresql() else _COPIED if copied else _POSTGRESQL
    return [(index, table[kind]) for index, field in enumerate(fields) if (kind := internal_type(field)) in table]


def _converted(values: Sequence[Any], converter: Converter) -> list[Any]:
    if converter is _json_text:
        return [converter(value) for value in values]
    # Rows of one order or receipt stand together and share their ids and times: the same object again costs nothing.
    found: list[Any] = []
    last: object = _NOTHING
    made: Any = None
    for value in values:
        if value is not last:
            last, made = value, converter(value)
        found.append(made)
    return found


def as_instant(value: datetime | str | None) -> datetime | None:
    """Return a fetched time as an aware datetime, whichever database it came from."""
    if value is None:
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def as_uuid(value: UUID | str) -> UUID:
    """Return a fetched UUID, whichever database it came from."""
    return value if isinstance(value, UUID) else UUID(value)
