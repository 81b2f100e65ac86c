"""Build the index anew, beside the one that is read, and put it in its place once it is whole."""

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep, time
from typing import IO

import msgspec
import tantivy

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries.listing import listed_after
from onebasket.commerce.pricing.queries.shelf import priced_where
from onebasket.commerce.search.actions.documents import product_documents
from onebasket.commerce.search.models import SearchState
from onebasket.commerce.search.queries.index import CURRENT, VERSION, About, build_schema, generation, index_folder
from onebasket.commerce.search.queries.source import indexed
from onebasket.kernel.identity import new_id

HEAP_BYTES = 64 * 1024 * 1024
AT_ONCE = 5_000
KEPT_SECONDS = 60.0
"""An index that was replaced is kept so long: a reader may just be opening it."""
_PAUSE_SECONDS = 0.05


class IndexBusyError(Exception):
    """Another process is writing this database's index just now."""


def rebuild_index(*, patience: float = 0.0) -> int:
    """Build the index of everything anew and let it hold from now on; return how many products are in it.

    Searches go on with the index before. What changes meanwhile is in the events after the position that the index
    notes, and comes in with the next turn of `keep_up`.

    Raises:
        IndexBusyError: another process is writing the index, and went on doing so for `patience` seconds.
    """
    folder = index_folder()
    with writing(folder, patience=patience):
        return rebuild_here(folder)


def rebuild_here(folder: Path) -> int:
    """Build the index anew as `rebuild_index` does, for whoever holds the right to write it."""
    clear_away(folder)
    about = _about(database_now())
    name = new_id().hex
    path = folder / name
    path.mkdir()
    count = _build(path, about)
    let_hold(folder, name)
    return count


@contextmanager
def writing(folder: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the right to write a database's index; the system takes it back when the process ends.

    Raises:
        IndexBusyError: another process holds it, and went on doing so for `patience` seconds.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = monotonic() + patience
    with (folder / "lock").open("w", encoding="ascii") as file:
        while not _lock(file):
            if monotonic() >= until:
                raise IndexBusyError
            sleep(_PAUSE_SECONDS)
        yield


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def note_about(writer: tantivy.IndexWriter, about: msgspec.Struct) -> None:
    """Let the index say this of itself with the next commit."""
    writer.delete_documents_by_term("kind", "about")
    document = tantivy.Document()
    document.add_text("kind", "about")
    document.add_bytes("about", msgspec.json.encode(about))
    writer.add_document(document)


def ensure_state() -> None:
    """Make the row that an index must fit, where there is none yet."""
    row = (1, secrets.randbits(62) + 1, 0)
    bulk.insert_missing(SearchState, ("id", "token", "counted"), [row], ("id",))


def newest_position() -> int:
    """Return the position of the newest event that has one."""
    return int(bulk.fetch("SELECT COALESCE(MAX(position), 0) FROM base_event")[0][0])


def counted() -> int:
    """Return which count of sales the tables hold; 0 before the first."""
    rows = bulk.fetch("SELECT counted FROM search_searchstate WHERE id = 1")
    return int(rows[0][0]) if rows else 0


def _about(now: datetime) -> About:
    """Return what an index built now will say of itself; read before the products, so that nothing is missed."""
    ensure_state()
    ((token,),) = bulk.fetch("SELECT token FROM search_searchstate WHERE id = 1")
    currencies, own_places = priced_where()
    return About(
        version=VERSION,
        token=token,
        position=newest_position(),
        priced_until=now.isoformat(),
        counted=counted(),
        currencies=tuple(sorted(currencies)),
        own_places=tuple(sorted(own_places)),
    )


def _build(path: Path, about: About) -> int:
    index = tantivy.Index(build_schema(about), str(path), reuse=False)
    writer = index.writer(HEAP_BYTES, 1)
    at, last, count = datetime.fromisoformat(about.priced_until), 0, 0
    while products := listed_after(last, limit=AT_ONCE):
        last = products[-1].id
        for document in product_documents(indexed(products, at=at)):
            writer.add_document(document)
            count += 1
    note_about(writer, about)
    writer.commit()
    writer.wait_merging_threads()
    return count


def let_hold(folder: Path, name: str) -> None:
    """Name the index that holds: a reader sees the name before or the new one, never half of it."""
    draft = folder / f"{CURRENT}.{name}"
    draft.write_text(name, encoding="ascii")
    draft.replace(folder / CURRENT)


def clear_away(folder: Path) -> None:
    """Remove indexes that were replaced a while ago, and what a killed build has left."""
    holding = generation(folder) if (folder / CURRENT).exists() else ""
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != holding and time() - entry.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.is_file() and entry.name.startswith(f"{CURRENT}."):
            entry.unlink(missing_ok=True)
