"""Columns of values as PostgreSQL's arrays, in its binary form.

The driver looks at every element of a list to find its type, and writes it as text; a batch sends a hundred lists.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from psycopg import adapters
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.array import ListDumper

_HEAD = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()


class Array:
    """A one-dimensional array as it goes over the wire; each element type is a class, which is how the driver tells."""

    __slots__ = ("data", "values")

    def __init__(self, data: bytes, values: Sequence[Any]) -> None:
        self.data = data
        self.values = values


class _Shown(Dumper):
    """How a statement that is put into words, for a log or a plan, shows an array."""

    def dump(self, obj: Array) -> Buffer | None:
        return ListDumper(list).dump(list(obj.values))


class _Element:
    """An element type: how one value is packed with its length before it, and the types' numbers in PostgreSQL."""

    def __init__(self, name: str, numbers: tuple[int, int], pack: Callable[[Any], bytes]) -> None:
        self.number, array_number = numbers
        self.pack = pack
        self.array: type[Array] = type(f"{name.title()}Array", (Array,), {"__slots__": ()})
        dumper = type(
            f"{name.title()}Dumper",
            (Dumper,),
            {"format": Format.BINARY, "oid": array_number, "dump": lambda _, value: value.data},
        )
        adapters.register_dumper(self.array, _Shown)
        adapters.register_dumper(self.array, dumper)


def _number(kind: str) -> Callable[[Any], bytes]:
    made = struct.Struct(f">i{kind}")
    size = made.size - 4
    return lambda value: made.pack(size, value)


def _text(value: str) -> bytes:
    raw = value.encode()
    return _LENGTH(len(raw)) + raw


_INSTANT = _number("q")
_DAY = _number("i")


def _instant(value: datetime) -> bytes:
    since = value - _EPOCH
    return _INSTANT((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


_ELEMENTS = {
    "smallint": _Element("smallint", (21, 1005), _number("h")),
    "integer": _Element("integer", (23, 1007), _number("i")),
    "bigint": _Element("bigint", (20, 1016), _number("q")),
    "text": _Element("text", (25, 1009), _text),
    "boolean": _Element("boolean", (16, 1000), _number("?")),
    "uuid": _Element("uuid", (2950, 2951), lambda value: b"\0\0\0\x10" + value.bytes),
    "timestamptz": _Element("timestamptz", (1184, 1185), _instant),
    "date": _Element("date", (1082, 1182), lambda value: _DAY(value.toordinal() - _EPOCH_DAY)),
}
_KINDS: dict[type, str] = {int: "bigint", str: "text", UUID: "uuid", datetime: "timestamptz"}


def array(kind: str, values: Sequence[Any]) -> Any:  # noqa: ANN401 - what the driver takes
    """Return the values as an array of PostgreSQL's `kind`; None is null.

    A kind that is unknown here, and a number beyond its type, stay a list: the driver and the server deal with them.
    """
    element = _ELEMENTS.get(kind)
    if element is None or not values:
        return list(values)
    pack = element.pack
    nulls = None in values
    try:
        packed = [_NULL if value is None else pack(value) for value in values] if nulls else list(map(pack, values))
    except struct.error:
        return list(values)
    return element.array(_HEAD.pack(1, nulls, element.number, len(values), 1) + b"".join(packed), values)


def array_of(values: Iterable[Any]) -> Any:  # noqa: ANN401 - what the driver takes
    """Return values of one type as an array of that type; what is empty, mixed or of another type stays a list."""
    found = list(values)
    kinds = set(map(type, found))
    kind = _KINDS.get(kinds.pop()) if len(kinds) == 1 else None
    return found if kind is None else array(kind, found)
