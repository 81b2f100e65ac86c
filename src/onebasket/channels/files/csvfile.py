"""CSV (RFC 4180, one row a line) by a mapping: neighbouring rows with the same group columns are one receipt."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from onebasket.channels.files.csvmapping import Mapping
from onebasket.channels.files.csvreceipt import Row, RowReader
from onebasket.channels.files.messages import Lines, Message, Parsed, Reading, Refusal, Unreadable

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_ROWS = 2_000
GroupKey = tuple[str, ...]


class _Group:
    """The rows of one receipt while they are gathered; a fault makes all of them unreadable together."""

    def __init__(self, key: GroupKey, line: int, offset: int) -> None:
        self.key = key
        self.line = line
        self.offset = offset
        self.raws: list[bytes] = []
        self.rows: list[Row] = []
        self.size = 0
        self.fault: Refusal | None = None

    def add(self, raw: bytes) -> None:
        self.raws.append(raw)
        self.size += len(raw)


def read_csv(stream: BinaryIO, mapping: Mapping, *, reading: Reading) -> Iterator[Message]:
    """Yield each receipt of a CSV file; a row that cannot be read stands alone, or spoils the receipt it stands in."""
    lines = (entry for entry in Lines(stream, reading.limit) if entry[0].strip())
    header: list[str] | None = None
    for raw, line, offset, whole in lines:
        try:
            header = _header(raw if offset else raw.removeprefix(BYTE_ORDER_MARK), mapping, whole=whole)
        except Refusal as fault:
            yield Unreadable(raw, fault.reason, fault.explanation, "", line, offset)
            yield from _rest(lines, fault, reading.limit)
            return
        break
    if header:
        yield from _Gathering(header, mapping, reading).receipts(lines)


class _Gathering:
    """Gathers neighbouring rows into receipts, with bounded memory."""

    def __init__(self, header: list[str], mapping: Mapping, reading: Reading) -> None:
        self._header = header
        self._mapping = mapping
        self._reader = RowReader(mapping, reading)
        self._limit = reading.limit
        self._group: _Group | None = None
        self._strays: list[Unreadable] = []

    def receipts(self, lines: Iterator[tuple[bytes, int, int, bool]]) -> Iterator[Message]:
        for raw, line, offset, whole in lines:
            try:
                row = self._row(raw, whole=whole)
            except Refusal as fault:
                self._strays.append(Unreadable(raw, fault.reason, fault.explanation, "", line, offset))
            else:
                yield from self._take(row, raw, line, offset)
            if self._is_full():
                yield from self._spill()
        yield from self._flush()

    def _row(self, raw: bytes, *, whole: bool) -> Row:
        if not whole:
            raise Refusal("too-large", f"The row is longer than {self._limit} bytes; this is a piece of it.")
        cells = _cells(raw, self._mapping)
        if len(cells) != len(self._header):
            raise Refusal("columns", f"The row has {len(cells)} columns, the heading {len(self._header)}.")
        return dict(zip(self._header, cells, strict=True))

    def _take(self, row: Row, raw: bytes, line: int, offset: int) -> Iterator[Message]:
        key = tuple(row[column] for column in self._mapping.group)
        if self._group is None or self._group.key != key:
            yield from self._flush()
            self._group = _Group(key, line, offset)
        elif self._strays:
            why = self._strays[0].explanation
            self._group.fault = Refusal("row", f"A row inside this receipt cannot be read: {why}")
            for stray in self._strays:
                self._group.add(stray.raw)
            self._strays = []
        self._group.add(raw)
        self._group.rows.append(row)

    def _is_full(self) -> bool:
        held = self._group.size if self._group else 0
        rows = len(self._group.rows) if self._group else 0
        return held + sum(len(stray.raw) for stray in self._strays) > self._limit or rows > MAX_ROWS

    def _spill(self) -> Iterator[Message]:
        """Give up a receipt that grew too large; what else comes of it is unreadable as well."""
        group = self._group
        if group:
            size = f"The receipt has more than {MAX_ROWS} rows or {self._limit} bytes."
            group.fault = group.fault or Refusal("too-large", size)
        yield from self._flush()
        if group:
            self._group = _Group(group.key, group.line, group.offset)
            self._group.fault = group.fault

    def _flush(self) -> Iterator[Message]:
        group, strays = self._group, self._strays
        self._group, self._strays = None, []
        if group and group.raws:
            yield self._finish(group)
        yield from strays

    def _finish(self, group: _Group) -> Message:
        raw = b"".join(group.raws)
        try:
            if group.fault:
                raise group.fault
            return Parsed(self._reader.receipt(group.rows), raw, group.line, group.offset)
        except Refusal as fault:
            key = self._reader.key(group.rows[0]) if group.rows else ""
            return Unreadable(raw, fault.reason, fault.explanation, key, group.line, group.offset)


def _cells(raw: bytes, mapping: Mapping) -> list[str]:
    try:
        text = raw.decode(mapping.encoding).rstrip("\r\n")
        return next(csv.reader([text], delimiter=mapping.delimiter, quotechar=mapping.quote, strict=True), [])
    except UnicodeDecodeError as error:
        raise Refusal("encoding", f"The row is not {mapping.encoding}.") from error
    except csv.Error as error:
        raise Refusal("columns", f"The row cannot be split into columns: {error}.") from error


def _header(raw: bytes, mapping: Mapping, *, whole: bool) -> list[str]:
    if not whole:
        raise Refusal("columns", "The heading is too long.")
    header = [cell.strip() for cell in _cells(raw, mapping)]
    missing = [column for column in mapping.columns() if column not in header]
    if missing:
        raise Refusal("columns", f"The heading lacks {', '.join(missing)}; the mapping does not fit this file.")
    if len(set(header)) != len(header):
        raise Refusal("columns", "The heading names a column twice.")
    return header


def _rest(lines: Iterator[tuple[bytes, int, int, bool]], fault: Refusal, limit: int) -> Iterator[Unreadable]:
    """Yield what follows in pieces of up to `limit` bytes."""
    held: list[bytes] = []
    size, start = 0, (0, 0)
    for raw, line, offset, _ in lines:
        if held and size + len(raw) > limit:
            yield Unreadable(b"".join(held), fault.reason, fault.explanation, "", *start)
            held, size = [], 0
        start = start if held else (line, offset)
        held.append(raw)
        size += len(raw)
    if held:
        yield Unreadable(b"".join(held), fault.reason, fault.explanation, "", *start)
