"""One history over till and web: receipts and orders as one list, the newest first, page by page.

The order is total, so that a page never depends on what comes meanwhile: by instant, at one instant orders before
receipts, and within a kind by id from above.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

EntryKind = Literal["order", "receipt"]
KINDS: tuple[EntryKind, ...] = ("order", "receipt")
AFTER_ALL, BEFORE_ALL = "after all", "before all"


class HistoryEntry(Struct, frozen=True):
    """Something that was bought, returned or ordered: `amount` in minor units is what it counts for.

    A return's amount is negative, and so is that of a void, which undoes a receipt whose status is voided. `status` is
    an order's, or what the receipt is.
    """

    kind: EntryKind
    id: str
    at: datetime
    place: str
    number: str
    channel: str
    status: str
    currency: str
    amount: int
    lines: int


class Cursor(NamedTuple):
    """The entry after which a page goes on."""

    at: str
    kind: EntryKind
    id: str


def edge(cursor: Cursor | None, kind: EntryKind) -> tuple[str, str] | None:
    """Return after which (instant, id) a kind goes on: of the entries at the cursor's instant all, none, or some.

    `BEFORE_ALL` stands for the highest id there is, `AFTER_ALL` for one below the lowest.
    """
    if cursor is None:
        return None
    if kind == cursor.kind:
        return cursor.at, cursor.id
    later = KINDS.index(kind) > KINDS.index(cursor.kind)
    return cursor.at, BEFORE_ALL if later else AFTER_ALL


def merged(found: Sequence[Sequence[HistoryEntry]], *, limit: int) -> tuple[list[HistoryEntry], Cursor | None]:
    """Merge the next entries of each kind into one page, and return after which entry the next page goes on."""
    entries = [entry for kind in found for entry in kind]
    # Stable sorts, from the least to the most telling: each kind comes by id from above already.
    entries.sort(key=lambda entry: KINDS.index(entry.kind))
    entries.sort(key=lambda entry: entry.at, reverse=True)
    page = entries[:limit]
    last = page[-1] if len(entries) > limit else None
    return page, None if last is None else Cursor(last.at.isoformat(), last.kind, last.id)
