"""The index as serving processes read it: files under ONEBASKET_HOME that processes of one machine share.

`search/<database>/current` names the folder of the index that holds; whoever builds another puts its name there once it
is whole. Within it every commit is atomic. A reader looks at both files with every search, which costs microseconds,
and so sees a commit or another index with the next one; what it has open it goes on reading.
"""

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import tantivy
from django.conf import settings
from django.db import connection

from onebasket.base import bulk
from onebasket.commerce.search.rules.spelling import Vocabulary
from onebasket.commerce.search.rules.synonyms import BUILT_IN, Synonyms, merged, parse_synonyms
from onebasket.commerce.search.rules.words import stem
from onebasket.kernel.identity import fingerprint

VERSION = 1
"""Of what is indexed and how. An index of another version is not read, and is built anew."""
CURRENT, META, SYNONYMS = "current", "meta.json", "synonyms.txt"
RETRY_SECONDS = 3


class IndexMissingError(Exception):
    """There is no index of this database yet; a hub builds one in seconds."""

    retry_after = RETRY_SECONDS


class About(msgspec.Struct, frozen=True):
    """What an index says of itself, committed with its documents.

    `token` is the database's own; `position` the event up to which changes are in it, `priced_until` the instant up to
    which prices are (ISO 8601), `counted` the count of sales. It has a column of prices for each currency, and for each
    place with prices of its own.
    """

    version: int
    token: int
    position: int
    priced_until: str
    counted: int
    currencies: tuple[str, ...] = ()
    own_places: tuple[int, ...] = ()


class Found(NamedTuple):
    """How many products there are, and a page of them: what they are in the order of, and where they lie."""

    total: int
    hits: list[tuple[float | int | None, tantivy.DocAddress]]


@dataclass(frozen=True)
class Snapshot:
    """An index at one commit; what is read of it stays as it is."""

    schema: tantivy.Schema
    searcher: tantivy.Searcher
    about: About
    synonyms: Synonyms

    def search(self, query: tantivy.Query, *, limit: int, offset: int = 0, **how: Any) -> Found:  # noqa: ANN401 - the engine's own
        """Return a page of what a query finds; `how` is the engine's: order_by_field and order, or weight_by_field."""
        result = self.searcher.search(query, limit, offset=offset, **how)
        return Found(result.count, result.hits)  # type: ignore[attr-defined] # missing in the stubs

    def count(self, query: tantivy.Query) -> int:
        """Return how many products a query finds."""
        return self.search(query, limit=1).total

    def product_ids(self, found: Found) -> list[int]:
        """Return the products of a page, in its order."""
        addresses = [address for _, address in found.hits]
        ids: list[Any] = self.searcher.fast_field_values("product", addresses) if addresses else []
        return ids

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Return the words of all products, and those that have synonyms."""
        counts = {word: 0 for phrase in self.synonyms for word in phrase if word.isalpha()}
        return Vocabulary(counts | dict(self.searcher.terms_with_prefix("surface", "")), self._sells)

    def _sells(self, word: str) -> float:
        """Return how well the best of a word's products sells in the chain, as they are weighed."""
        query = tantivy.Query.term_query(self.schema, "anywhere", stem(word))
        hits = self.search(query, limit=1, order_by_field="weight").hits
        return float(hits[0][0] or 0) if hits else 0.0


class _Opened:
    """The index that a process has open, and which files it was."""

    def __init__(self, folder: Path, seen: tuple[int, ...]) -> None:
        holding = folder / generation(folder)
        self.seen = seen
        self._meta = holding / META
        self._index = tantivy.Index.open(str(holding))
        self._index.config_reader("manual")
        self._synonyms = _own_synonyms(folder)
        self._committed = _stamp(self._meta)
        self._snapshot = self._take()

    def snapshot(self) -> Snapshot:
        """Return the newest commit."""
        if (committed := _stamp(self._meta)) != self._committed:
            self._index.reload()
            self._snapshot, self._committed = self._take(), committed
        return self._snapshot

    def _take(self) -> Snapshot:
        searcher, schema = self._index.searcher(), self._index.schema
        return Snapshot(schema, searcher, about_of(searcher, schema), self._synonyms)


_opened: dict[Path, _Opened] = {}
_opening = threading.Lock()


def index_folder() -> Path:
    """Return the folder of this database's index; another database under the same home has another."""
    stated = connection.settings_dict
    names = [connection.vendor, *(str(stated[name]) for name in ("NAME", "HOST", "PORT"))]
    return Path(settings.ONEBASKET_HOME).absolute() / "search" / fingerprint(names)[:16]


def newest_snapshot() -> Snapshot:
    """Return the newest commit of this database's index. One statement.

    Raises:
        IndexMissingError: there is none, or none of this database as it is.
    """
    folder = index_folder()
    try:
        snapshot = _snapshot_of(folder)
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise IndexMissingError from error
    if snapshot.about.version != VERSION or snapshot.about.token != database_token():
        raise IndexMissingError
    return snapshot


def open_to_write(folder: Path) -> tantivy.Index:
    """Return the index that holds, for whoever holds the right to write it."""
    return tantivy.Index.open(str(folder / generation(folder)))


def database_token() -> int | None:
    """Return what tells this database from every other; None before anything was indexed of it."""
    rows = bulk.fetch("SELECT token FROM search_searchstate WHERE id = 1")
    return rows[0][0] if rows else None


def about_of(searcher: tantivy.Searcher, schema: tantivy.Schema) -> About:
    """Return what an index says of itself; DecodeError where it says nothing."""
    found = searcher.search(tantivy.Query.term_query(schema, "kind", "about"), 1).hits
    content = searcher.doc(found[0][1]).get_first("about") if found else b""
    return msgspec.json.decode(bytes(content or b""), type=About)


def build_schema(about: About) -> tantivy.Schema:
    """Return the fields of an index; `asking` says what each is asked for."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("about", stored=True)
    builder.add_unsigned_field("product", indexed=True, fast=True)
    builder.add_text_field("sku", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("name", tokenizer_name="whitespace", index_option="position")
    for field in ("head", "category_words", "brand_words", "anywhere", "surface", "sizes", "sold", "here"):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="basic")
    for field in ("core", "whole", "whole_category"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field in ("label", "department", "category", "brand"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_float_field("weight", fast=True)
    for currency in about.currencies:
        builder.add_unsigned_field(price_field(currency), indexed=True, fast=True)
    for place_id in about.own_places:
        builder.add_unsigned_field(own_field(place_id), indexed=True, fast=True)
    return builder.build()


def price_field(currency: str) -> str:
    """Return the field of the chain's prices in a currency."""
    return f"price_{currency}"


def own_field(place_id: int) -> str:
    """Return the field of a place's own prices."""
    return f"own_{place_id}"


def generation(folder: Path) -> str:
    """Return the name of the index that holds, whatever stands there; OSError where there is none."""
    return (folder / CURRENT).read_text(encoding="ascii", errors="replace").strip()


def _snapshot_of(folder: Path) -> Snapshot:
    seen = _stamp(folder / CURRENT) + _stamp(folder.parent / SYNONYMS, missing=True)
    opened = _opened.get(folder)
    if opened is None or opened.seen != seen:
        with _opening:
            opened = _opened.get(folder)
            if opened is None or opened.seen != seen:
                opened = _opened[folder] = _Opened(folder, seen)
    return opened.snapshot()


def _stamp(path: Path, *, missing: bool = False) -> tuple[int, ...]:
    """Return which file it is and when it was written; OSError where it is not there, unless it may be missing."""
    try:
        found = path.stat()
    except FileNotFoundError:
        if missing:
            return ()
        raise
    return found.st_ino, found.st_mtime_ns, found.st_size


def _own_synonyms(folder: Path) -> Synonyms:
    """Return the synonyms that every installation has, and this one's own, from a file beside the index."""
    try:
        return merged(BUILT_IN, parse_synonyms((folder.parent / SYNONYMS).read_text(encoding="utf-8")))
    except (FileNotFoundError, UnicodeDecodeError):
        return BUILT_IN
