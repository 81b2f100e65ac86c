"""Indexes as files under ONEBASKET_HOME that the processes of one machine share: which holds, and its newest commit.

`search/<database>/current` names the folder of the index that holds; whoever builds another puts its name there once it
is whole. Within it every commit is atomic. A reader looks at both files with every search, which costs microseconds,
and so sees a commit or another index with the next one; what it has open it goes on reading.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
import tantivy
from django.conf import settings
from django.db import connection

from onebasket.base import bulk
from onebasket.commerce.search.rules.synonyms import BUILT_IN, Synonyms, merged, parse_synonyms
from onebasket.kernel.identity import fingerprint

CURRENT, META, SYNONYMS = "current", "meta.json", "synonyms.txt"
RETRY_SECONDS: Final = 3
S = TypeVar("S")
T = TypeVar("T")


class IndexMissingError(Exception):
    """There is no index of this database yet; a hub builds one in seconds."""

    retry_after = RETRY_SECONDS


class Commit(NamedTuple):
    """An index at one commit, as it is opened."""

    schema: tantivy.Schema
    searcher: tantivy.Searcher
    synonyms: Synonyms


class Found(NamedTuple):
    """How many documents there are, and a page of them: what they are in the order of, and where they lie."""

    total: int
    hits: list[tuple[float | int | None, tantivy.DocAddress]]


class Holding(Generic[S]):
    """The indexes of a kind that a process has open, by their folder; `take` makes a snapshot of a commit."""

    def __init__(self, take: Callable[[Commit], S]) -> None:
        """Open nothing yet."""
        self._take = take
        self._opened: dict[Path, _Opened[S]] = {}
        self._opening = threading.Lock()

    def newest(self, folder: Path) -> S:
        """Return the newest commit of the index that holds.

        Raises:
            IndexMissingError: there is none, or none that can be read.
        """
        try:
            seen = _stamp(folder / CURRENT) + _stamp(folder.parent / SYNONYMS, missing=True)
            opened = self._opened.get(folder)
            if opened is None or opened.seen != seen:
                with self._opening:
                    opened = self._opened.get(folder)
                    if opened is None or opened.seen != seen:
                        opened = self._opened[folder] = _Opened(folder, seen, self._take)
            return opened.newest()
        except (OSError, ValueError, msgspec.DecodeError) as error:
            raise IndexMissingError from error


class _Opened(Generic[S]):
    """The index that a process has open, and which files it was."""

    def __init__(self, folder: Path, seen: tuple[int, ...], take: Callable[[Commit], S]) -> None:
        holding = folder / generation(folder)
        self.seen = seen
        self._meta = holding / META
        self._index = tantivy.Index.open(str(holding))
        self._index.config_reader("manual")
        self._synonyms = _own_synonyms(folder)
        self._make = take
        self._committed = _stamp(self._meta)
        self._snapshot = self._take()

    def newest(self) -> S:
        """Return the newest commit."""
        if (committed := _stamp(self._meta)) != self._committed:
            self._index.reload()
            self._snapshot, self._committed = self._take(), committed
        return self._snapshot

    def _take(self) -> S:
        return self._make(Commit(self._index.schema, self._index.searcher(), self._synonyms))


def folder_of(kind: str = "") -> Path:
    """Return the folder of this database's index of a kind; another database under the same home has another."""
    stated = connection.settings_dict
    names = [connection.vendor, *(str(stated[name]) for name in ("NAME", "HOST", "PORT"))]
    own = fingerprint(names)[:16] + (f"-{kind}" if kind else "")
    return Path(settings.ONEBASKET_HOME).absolute() / "search" / own


def open_to_write(folder: Path) -> tantivy.Index:
    """Return the index that holds, for whoever holds the right to write it."""
    return tantivy.Index.open(str(folder / generation(folder)))


def database_token() -> int | None:
    """Return what tells this database from every other; None before anything was indexed of it."""
    rows = bulk.fetch("SELECT token FROM search_searchstate WHERE id = 1")
    return rows[0][0] if rows else None


def about_of(commit: Commit, kind: type[T]) -> T:
    """Return what an index says of itself; DecodeError where it says nothing."""
    found = commit.searcher.search(tantivy.Query.term_query(commit.schema, "kind", "about"), 1).hits
    content = commit.searcher.doc(found[0][1]).get_first("about") if found else b""
    return msgspec.json.decode(bytes(content or b""), type=kind)


def find_page(searcher: tantivy.Searcher, query: tantivy.Query, *, limit: int, offset: int = 0, **how: Any) -> Found:  # noqa: ANN401 - the engine's own
    """Return a page of what a query finds; `how` is the engine's: order_by_field and order, or weight_by_field."""
    result = searcher.search(query, limit, offset=offset, **how)
    return Found(result.count, result.hits)  # type: ignore[attr-defined] # missing in the stubs


def generation(folder: Path) -> str:
    """Return the name of the index that holds, whatever stands there; OSError where there is none."""
    return (folder / CURRENT).read_text(encoding="ascii", errors="replace").strip()


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
