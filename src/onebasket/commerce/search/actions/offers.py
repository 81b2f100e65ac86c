"""Keep the index of partners' offers: built from nothing in the background, then followed change by change.

Like that of products it is its own memory: it notes in the commit of the documents up to which change it has come, so
that a kill at any moment leaves it at the commit before, from which the next turn goes on. Doing a change twice changes
nothing. Searches go on with what holds, whatever is being written.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import tantivy

from onebasket.base import bulk
from onebasket.commerce.partners.queries.following import FollowedOffer, newest_change, offers_after, offers_changed
from onebasket.commerce.search.actions.building import (
    IndexBusyError,
    clear_away,
    ensure_state,
    let_hold,
    note_about,
    writing,
)
from onebasket.commerce.search.actions.documents import documents_of
from onebasket.commerce.search.queries.holding import IndexMissingError, open_to_write
from onebasket.commerce.search.queries.offer_index import (
    VERSION,
    OfferAbout,
    OfferSnapshot,
    build_offer_schema,
    newest_offers,
    offers_folder,
)
from onebasket.commerce.search.rules.offer_words import offer_words
from onebasket.commerce.search.rules.weights import offer_weight
from onebasket.kernel.identity import new_id

logger = logging.getLogger(__name__)

HEAP_BYTES: Final = 64 * 1024 * 1024
AT_ONCE: Final = 5_000
"""Offers that are read at once: some 10 MB."""
CHANGES_AT_ONCE: Final = 20_000
"""So many changes come in with one commit: a second's work."""


class OfferKeeper:
    """Takes turns at keeping this machine's index of offers up to date; one process at a time writes it."""

    def turn(self) -> int:
        """Take in the next changes, or build the index anew where they are not enough; return how many offers.

        0 is also what it says when another process is writing the index.
        """
        folder = offers_folder()
        try:
            with writing(folder):
                snapshot = _usable()
                return _rebuild_here(folder) if snapshot is None else _take_in(folder, snapshot)
        except IndexBusyError:
            return 0


def rebuild_offers(*, patience: float = 0.0) -> int:
    """Build the index of all offers anew and let it hold from now on; return how many are in it.

    Raises:
        IndexBusyError: another process is writing the index, and went on doing so for `patience` seconds.
    """
    folder = offers_folder()
    with writing(folder, patience=patience):
        return _rebuild_here(folder)


def _usable() -> OfferSnapshot | None:
    """Return the index if changes can bring it up to date, else None; an older database has lower numbers."""
    try:
        snapshot = newest_offers()
    except IndexMissingError:
        return None
    about = snapshot.about
    return None if (about.changed, about.last) > newest_change() else snapshot


def _take_in(folder: Path, snapshot: OfferSnapshot) -> int:
    changed = offers_changed(snapshot.about.changed, snapshot.about.last, limit=CHANGES_AT_ONCE)
    if not changed:
        return 0
    about = msgspec.structs.replace(snapshot.about, changed=changed[-1].changed, last=changed[-1].id)
    documents = list(_documents(changed))
    try:
        _write(folder, [offer.id for offer in changed], documents, about)
    except ValueError:
        # A writer that was killed left a file which this one would write: every try would end there.
        logger.warning("the index of offers cannot be written to, and is built anew", exc_info=True)
        return _rebuild_here(folder)
    return len(changed)


def _write(folder: Path, ids: Sequence[int], documents: Iterable[tantivy.Document], about: OfferAbout) -> None:
    index = open_to_write(folder)
    writer = index.writer(HEAP_BYTES, 1)
    # The engine deletes nothing by the term of a number, and does not say so: a query it is.
    writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "offer", list(ids)))
    for document in documents:
        writer.add_document(document)
    note_about(writer, about)
    writer.commit()
    writer.wait_merging_threads()


def _rebuild_here(folder: Path) -> int:
    clear_away(folder)
    ensure_state()
    ((token,),) = bulk.fetch("SELECT token FROM search_searchstate WHERE id = 1")
    # Read before the offers: what changes meanwhile has a higher number, and is taken in with the next turn.
    about = OfferAbout(VERSION, token, *newest_change())
    name = new_id().hex
    path = folder / name
    path.mkdir()
    count = _build(path, about)
    let_hold(folder, name)
    return count


def _build(path: Path, about: OfferAbout) -> int:
    index = tantivy.Index(build_offer_schema(), str(path), reuse=False)
    writer = index.writer(HEAP_BYTES, 1)
    last, count = 0, 0
    while offers := offers_after(last, limit=AT_ONCE):
        last = offers[-1].id
        for document in _documents(offers):
            writer.add_document(document)
            count += 1
    note_about(writer, about)
    writer.commit()
    writer.wait_merging_threads()
    return count


def _documents(offers: Iterable[FollowedOffer]) -> Iterator[tantivy.Document]:
    return documents_of(filter(_is_indexed, offers), _document_of, kind="offer", id_of=lambda offer: offer.id)


def _is_indexed(offer: FollowedOffer) -> bool:
    """Whether a shopper may see an offer at all: it has not ended, and has a price."""
    return not offer.gone and offer.price > 0


def _document_of(offer: FollowedOffer) -> tantivy.Document:
    words = offer_words(offer.title, brand=offer.brand, model=offer.model, category=offer.category)
    document = tantivy.Document()
    document.add_text("kind", "offer")
    document.add_unsigned("offer", offer.id)
    document.add_unsigned("partner", offer.partner_id)
    document.add_unsigned("gtin", int(offer.gtin) if offer.gtin.isdecimal() else 0)
    document.add_unsigned("price", offer.price)
    document.add_text("money", offer.currency)
    document.add_text("name", words.name)
    document.add_text("core", words.core)
    document.add_text("whole", words.whole)
    document.add_text("sizes", words.sizes)
    document.add_text("brand_words", words.brand)
    document.add_text("category_words", words.category)
    document.add_text("anywhere", words.anywhere)
    document.add_text("surface", words.surface)
    document.add_text("brand", offer.brand)
    document.add_float("weight", offer_weight(is_there=offer.is_there))
    return document
