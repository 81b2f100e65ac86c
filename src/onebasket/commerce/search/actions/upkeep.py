"""Keep the index up with the news: products and prices that changed, and shelves that were filled or emptied.

The index is its own memory. It notes up to which event it has come in the same commit as the documents, so that a kill
at any moment leaves it at the commit before, from which the next turn goes on; doing news twice changes nothing.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
import tantivy

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries.listing import ListedProduct, listed_by_id, listed_by_sku
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.queries.shelf import repriced_between
from onebasket.commerce.search.actions.building import (
    IndexBusyError,
    counted,
    newest_position,
    note_about,
    rebuild_here,
    writing,
)
from onebasket.commerce.search.actions.documents import product_documents
from onebasket.commerce.search.queries.index import (
    About,
    IndexMissingError,
    Snapshot,
    index_folder,
    newest_snapshot,
    open_to_write,
)
from onebasket.commerce.search.queries.source import Indexed, indexed
from onebasket.commerce.search.rules.news import TYPES, News, touched_by

logger = logging.getLogger(__name__)

HEAP_BYTES: Final = 16 * 1024 * 1024
EVENTS_AT_ONCE: Final = 5_000
PRICES_EVERY: Final = timedelta(seconds=30)
"""Prices that begin or end by themselves are looked for so often."""
NOTED_EVERY: Final = 50_000
"""So many events that concern no product may pass before the index notes that it has seen them."""


class Progress(NamedTuple):
    """Up to which event and which instant news were looked at; ahead of what the index notes while none concern it."""

    of: About
    position: int
    priced_until: datetime


class IndexKeeper:
    """Takes turns at keeping this machine's index of the database up to date; one process at a time writes it."""

    def __init__(self) -> None:
        """Keep nothing yet: where to go on stands in the index."""
        self._progress: Progress | None = None

    def turn(self) -> int:
        """Take in the next news, or build the index anew where news are not enough; return how many products that were.

        0 is also what it says when another process is writing the index.
        """
        folder = index_folder()
        try:
            with writing(folder):
                snapshot = self._usable()
                return rebuild_here(folder) if snapshot is None else self._take_in(snapshot)
        except IndexBusyError:
            return 0

    def _usable(self) -> Snapshot | None:
        """Return the index if news can bring it up to date, else None."""
        try:
            snapshot = newest_snapshot()
        except IndexMissingError:
            return None
        about = snapshot.about
        if self._progress is None or self._progress.of != about:
            self._progress = Progress(about, about.position, datetime.fromisoformat(about.priced_until))
        position = self._progress.position
        if about.counted != counted() or position > newest_position():
            return None
        ((oldest,),) = bulk.fetch("SELECT MIN(position) FROM base_event")
        return None if oldest is not None and oldest > position + 1 else snapshot

    def _take_in(self, snapshot: Snapshot) -> int:
        progress = self._progress
        assert progress is not None  # noqa: S101 - set with the snapshot
        now = database_now()
        until = min(newest_position(), progress.position + EVENTS_AT_ONCE)
        products = _touched(snapshot, progress.position, until)
        priced_until = progress.priced_until
        if now - priced_until >= PRICES_EVERY:
            products |= listed_by_id(repriced_between(priced_until, now))
            priced_until = now
        if not products and until - snapshot.about.position < NOTED_EVERY:
            self._progress = Progress(snapshot.about, until, priced_until)
            return 0
        items = indexed(list(products.values()), at=now)
        if not _fits(snapshot.about, items):
            return rebuild_here(index_folder())
        about = msgspec.structs.replace(snapshot.about, position=until, priced_until=priced_until.isoformat())
        documents = list(product_documents(items))
        try:
            _write(products.values(), documents, about)
        except ValueError:
            # A writer that was killed left a file which this one would write: every try would end there.
            logger.warning("the index cannot be written to, and is built anew", exc_info=True)
            return rebuild_here(index_folder())
        return len(products)


def _touched(snapshot: Snapshot, after: int, until: int) -> dict[int, ListedProduct]:
    """Return the products that events after a position, and up to another, concern."""
    types = ", ".join(f"'{name}'" for name in TYPES)
    rows = bulk.fetch(
        "SELECT type, data FROM base_event WHERE position > %s AND position <= %s "  # noqa: S608 - constants
        f"AND type IN ({types}) ORDER BY position",
        [after, until],
    )
    touched = touched_by(News(*row) for row in rows)
    found = {product.id: product for product in listed_by_sku(touched.skus).values()} if touched.skus else {}
    turned = _turned(snapshot, touched.shelves) - found.keys()
    return found | (listed_by_id(turned) if turned else {})


def _turned(snapshot: Snapshot, shelves: Mapping[str, Mapping[str, bool]]) -> set[int]:
    """Return the products that are on a shelf and indexed as gone, or gone and indexed as there."""
    found: set[int] = set()
    places = places_by_code(shelves) if shelves else {}
    for code, place in places.items():
        here = tantivy.Query.term_query(snapshot.schema, "here", str(place.id))
        gone = [sku for sku, is_there in shelves[code].items() if not is_there]
        there = [sku for sku, is_there in shelves[code].items() if is_there]
        found |= _ids(snapshot, gone, (tantivy.Occur.Must, here))
        found |= _ids(snapshot, there, (tantivy.Occur.MustNot, here))
    return found


def _ids(snapshot: Snapshot, skus: Sequence[str], condition: tuple[tantivy.Occur, tantivy.Query]) -> set[int]:
    if not skus:
        return set()
    named = tantivy.Query.term_set_query(snapshot.schema, "sku", list(skus))
    query = tantivy.Query.boolean_query([(tantivy.Occur.Must, named), condition])
    return set(snapshot.product_ids(snapshot.search(query, limit=len(skus))))


def _fits(about: About, items: Iterable[Indexed]) -> bool:
    """Whether the index has a column for every price."""
    currencies, places = set(about.currencies), set(about.own_places)
    return all(item.prices.keys() <= currencies and item.own.keys() <= places for item in items)


def _write(products: Iterable[ListedProduct], documents: Iterable[tantivy.Document], about: About) -> None:
    writer = open_to_write(index_folder()).writer(HEAP_BYTES, 1)
    for product in products:
        writer.delete_documents_by_term("sku", product.sku)
    for document in documents:
        writer.add_document(document)
    note_about(writer, about)
    writer.commit()
    writer.wait_merging_threads()
