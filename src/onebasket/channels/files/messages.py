"""What a reader of receipt files yields: receipts, and what could not be read, whole and with a reason."""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import msgspec

from onebasket.commerce.sales.rules.receipt import Receipt
from onebasket.kernel.quantity import Unit

MESSAGE_LIMIT = 10 * 1024 * 1024
CHUNK = 64 * 1024
EACH = Unit("each", 0)
_KEY = re.compile(rb'"key"\s*:\s*"([^"\\\x00-\x1f]{1,120})"')


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """A receipt that was read: its bytes as they stood in the file, its first line (from 1) and byte offset."""

    receipt: Receipt
    raw: bytes
    line: int
    offset: int

    @property
    def text(self) -> str:
        """The bytes as text that any database can keep."""
        return storable(self.raw)


class Unreadable(msgspec.Struct, frozen=True, gc=False):
    """Something that is no receipt: its bytes whole, a reason code, words for a clerk, its key if it can be told."""

    raw: bytes
    reason: str
    explanation: str
    key: str
    line: int
    offset: int

    @property
    def text(self) -> str:
        """The bytes as text that any database can keep."""
        return storable(self.raw)


Message = Parsed | Unreadable


class Reading(msgspec.Struct, frozen=True):
    """What a file does not say: units by code, and defaults for unit, currency and time zone (by place, else for all).

    `tax_included` tells whether a line's amounts include tax; `limit` is the longest message in bytes.
    """

    units: Mapping[str, Unit] = {}
    default_unit: Unit = EACH
    currency: str = ""
    time_zone: str = "UTC"
    time_zones: Mapping[str, str] = {}
    tax_included: bool = True
    limit: int = MESSAGE_LIMIT

    def zone_of(self, place: str) -> str:
        """Return the name of the time zone that a place's clocks show."""
        return self.time_zones.get(place, self.time_zone)


class Refusal(Exception):  # noqa: N818 - it is an answer to the file, not a fault of the program
    """A message that is no receipt; carries the reason code and the explanation."""

    def __init__(self, reason: str, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.explanation = explanation


def storable(raw: bytes) -> str:
    r"""Return bytes as text: what is no UTF-8, and the zero byte that PostgreSQL refuses, stand as \xNN."""
    return raw.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def find_key(raw: bytes) -> str:
    """Return the key that a broken JSON message states, if it can be told."""
    found = _KEY.search(raw)
    if not found:
        return ""
    try:
        return found[1].decode()
    except UnicodeDecodeError:
        return ""


class Lines:
    """Reads a file by lines of bounded length, counting lines (from 1) and bytes; a longer line comes in pieces."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self.line = 0
        self.offset = 0

    def __iter__(self) -> Iterator[tuple[bytes, int, int, bool]]:
        """Yield (bytes with the line end, line, offset, whether it is whole)."""
        limit, whole = self._limit, True
        while raw := self._stream.readline(limit):
            offset = self.offset
            self.line += whole
            self.offset += len(raw)
            ends = len(raw) < limit or raw.endswith(b"\n")
            yield raw, self.line, offset, whole and ends
            whole = ends
