"""A partner's catalogue file, whatever its form: offers one after the other, and what could not be read among them."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol
from xml.etree.ElementTree import ParseError

import msgspec

from onebasket.commerce.partners.gateways.feed.columns import FeedMapping, find_columns
from onebasket.commerce.partners.gateways.feed.fields import Habits, read_offer
from onebasket.commerce.partners.gateways.feed.googlexml import MARK, GoogleFeed
from onebasket.commerce.partners.gateways.feed.lines import read_line, read_lines
from onebasket.commerce.partners.gateways.feed.naming import named_in_item, named_in_line
from onebasket.commerce.partners.gateways.feed.opening import CUT_ERRORS, Opened, open_text
from onebasket.commerce.partners.gateways.feed.tables import Table
from onebasket.commerce.partners.gateways.feed.unfit import BadFieldError, Row, UnfitFileError, odd
from onebasket.commerce.partners.rules.port import OddItem, OfferStated

FORMATS = ("csv", "tsv", "jsonlines", "google")
_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonlines", ".ndjson": "jsonlines", ".xml": "google"}
_BROKEN = "It holds bytes that are not of the file's encoding ({}). If the file is in another, say so with --encoding."
Entry = OfferStated | OddItem
Raw = Row | str | OddItem


class HowRead(msgspec.Struct, frozen=True):
    """How a file is read: its form (told from the file where empty), what its columns mean, encoding, habits."""

    form: str = ""
    mapping: FeedMapping | None = None
    encoding: str = ""
    habits: Habits = Habits()


class _Records(Protocol):
    """One form of file: things as they stand in it, and the offer that one of them states."""

    cut: str

    @abstractmethod
    def raw(self) -> Iterator[Raw]:
        """Yield each thing."""

    @abstractmethod
    def offer(self, raw: Row | str) -> OfferStated:
        """Return the offer; BadFieldError where it cannot be read."""

    @abstractmethod
    def reference(self, raw: Row | str) -> str:
        """Return what names an offer that cannot be read, where that can be told: so it still counts as listed."""


class Catalogue:
    """A catalogue file that is open. `cut` says so, after the last entry, where the file ended before its end."""

    def __init__(self, opened: Opened, form: str, how: HowRead) -> None:
        """Read as far as the first offer, and prove that the form fits."""
        self._opened = opened
        self.form = form
        self.cut = ""
        try:
            self._records = _records(opened, form, how)
        except CUT_ERRORS as error:
            raise UnfitFileError(f"The packed file is broken from its beginning: {error}. Get it again.") from error

    def entries(self, *, skip: int = 0) -> Iterator[Entry]:
        """Yield offers, and what could not be read, in order; the first `skip` of them are passed over unread.

        Raises:
            UnfitFileError: the file is not what it was said to be.
        """
        records = self._records
        try:
            for raw in islice(records.raw(), skip, None):
                yield raw if isinstance(raw, OddItem) else self._read(raw)
        except CUT_ERRORS as error:
            self.cut = f"The packed file is broken or was cut: {error}."
        except UnicodeDecodeError as error:
            self.cut = (
                f"From byte {error.start} on the file is not {self._opened.encoding}: it was cut, or say --encoding."
            )
        else:
            self.cut = records.cut

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._opened.position()

    def _read(self, raw: Row | str) -> Entry:
        text = raw.text if isinstance(raw, Row) else raw
        if not text.isascii() and self._opened.broken.search(text):
            explanation = _BROKEN.format(self._opened.encoding)
            return odd(self._records.reference(raw), "encoding", explanation, text)
        try:
            return self._records.offer(raw)
        except BadFieldError as error:
            return odd(self._records.reference(raw), error.reason, error.explanation, text)


class _Table(_Records):
    def __init__(self, opened: Opened, form: str, how: HowRead) -> None:
        mapping, self._habits = how.mapping, how.habits
        if mapping:
            habits = {"decimal": mapping.decimal, "thousands": mapping.thousands}
            self._habits = msgspec.structs.replace(self._habits, **habits)
        delimiter = mapping.delimiter if mapping else "\t" if form == "tsv" else ""
        self._table = Table(opened.text, delimiter=delimiter, quote=mapping.quote if mapping else '"')
        self._constants = dict(mapping.constants) if mapping else {}
        self._values = mapping.values if mapping else {}
        self._columns = tuple(find_columns(self._table.header, mapping).items())
        self._table.is_named_first = ("reference", 0) in self._columns

    @property
    def cut(self) -> str:  # type: ignore[override] # the table knows
        return self._table.cut

    def raw(self) -> Iterator[Raw]:
        return self._table.rows()

    def offer(self, raw: Row | str) -> OfferStated:
        assert isinstance(raw, Row)  # noqa: S101 - as `raw` yields them
        cells = raw.cells
        texts = self._constants | {field: text for field, index in self._columns if (text := cells[index].strip())}
        for field, known in self._values.items():
            if field in texts:
                texts[field] = known.get(texts[field], texts[field])
        return read_offer(texts, self._habits)

    def reference(self, raw: Row | str) -> str:
        assert isinstance(raw, Row)  # noqa: S101 - as `raw` yields them
        index = dict(self._columns).get("reference")
        return "" if index is None else raw.cells[index].strip()


class _Lines(_Records):
    def __init__(self, opened: Opened) -> None:
        self.cut = ""
        self._stream = opened.text

    def raw(self) -> Iterator[Raw]:
        number, line = 0, "\n"
        for number, line in enumerate(read_lines(self._stream), 1):  # noqa: B007 - looked at after the last
            yield line
        if not line.endswith("\n"):
            try:
                read_line(line)
            except BadFieldError:
                self.cut = f"The file ends inside line {number}: it was cut."

    def offer(self, raw: Row | str) -> OfferStated:
        assert isinstance(raw, str)  # noqa: S101 - as `raw` yields them
        return read_line(raw)

    def reference(self, raw: Row | str) -> str:
        assert isinstance(raw, str)  # noqa: S101 - as `raw` yields them
        return named_in_line(raw)


class _Google(_Records):
    def __init__(self, opened: Opened, how: HowRead) -> None:
        self._feed = GoogleFeed(opened.text)
        self._habits = how.habits

    @property
    def cut(self) -> str:  # type: ignore[override] # the feed knows
        return self._feed.cut

    def raw(self) -> Iterator[Raw]:
        return self._feed.items()

    def offer(self, raw: Row | str) -> OfferStated:
        assert isinstance(raw, str)  # noqa: S101 - as `raw` yields them
        if MARK in raw:
            raise BadFieldError("encoding", "The item holds broken bytes, or characters that XML does not allow.")
        try:
            texts, shipping = self._feed.texts(raw)
        except ParseError as error:
            raise BadFieldError("not_xml", f"The item is not well formed: {error}.") from error
        return read_offer(texts, self._habits, shipping=shipping)

    def reference(self, raw: Row | str) -> str:
        assert isinstance(raw, str)  # noqa: S101 - as `raw` yields them
        return named_in_item(raw)


@contextmanager
def open_catalogue(path: Path, how: HowRead) -> Iterator[Catalogue]:
    """Open a catalogue file for reading.

    Raises:
        UnfitFileError: its form is not known, or it is not fit to be read in that form.
    """
    if how.form not in {"", *FORMATS}:
        raise UnfitFileError(f"There is no format {how.form!r}: use {', '.join(FORMATS)}.")
    encoding = how.encoding or (how.mapping.encoding if how.mapping else "")
    form = how.form or _told_form(path, encoding)
    newline = "\n" if form == "jsonlines" else ""
    with open_text(path, encoding=encoding, newline=newline) as opened:
        yield Catalogue(opened, form, how)


def _records(opened: Opened, form: str, how: HowRead) -> _Records:
    if form == "jsonlines":
        return _Lines(opened)
    return _Google(opened, how) if form == "google" else _Table(opened, form, how)


def _told_form(path: Path, encoding: str) -> str:
    """Tell a file's form by its name, else by how it begins."""
    name = path.name.lower().removesuffix(".gz")
    if found := next((form for suffix, form in _SUFFIXES.items() if name.endswith(suffix)), ""):
        return found
    with open_text(path, encoding=encoding) as opened:
        head = opened.text.read(4096).lstrip("\ufeff \t\r\n")
    if head.startswith("["):
        raise UnfitFileError("The file is one JSON list. Write one object a line (JSON lines).")
    if head.startswith("<"):
        return "google"
    if head.startswith("{"):
        return "jsonlines"
    return "tsv" if "\t" in head.partition("\n")[0] else "csv"
