"""Open a book on locked shelves, and post what has changed: the one way in which shelf figures are written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row
from onebasket.base.locking import require_transaction
from onebasket.commerce.stock.actions.exceptions import follow_exceptions
from onebasket.commerce.stock.locking import ask_expired_lines, ask_shelves, lock_shelves
from onebasket.commerce.stock.models import Count, HoldLine, Movement, Shelf
from onebasket.commerce.stock.queries.ledger import count_instants
from onebasket.commerce.stock.rules.book import Figures, ShelfBook, ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.events import Names, ShelfNews
from onebasket.commerce.stock.rules.promises import HeldLine

NEWS_AT_ONCE = 500
_encode = msgspec.json.Encoder().encode
_MOVEMENT_NAMES = (
    "place", "product", "kind", "origin", "target", "quantity", "occurred_at", "booked_at", "entry_id", "line", "step",
    "reference",
)  # fmt: skip
_COUNT_NAMES = (
    "place", "product", "state", "quantity", "difference", "occurred_at", "booked_at", "entry_id", "line",
)  # fmt: skip
_place_of = attrgetter("place_id")
_SHELF_KEYS = ("place", "id", "version")
_SHELF_SETS = ("version", "on_hand", "reserved", "held")
_SHELF_MARKS = ("counted_at", "breach_id", "discrepancy_id")
_NO_MARKS = (None, None, None)


def open_book(
    keys: Iterable[ShelfKey], *, now: datetime, make: bool = False, facts_since: datetime | None = None
) -> ShelfBook:
    """Lock shelves and return the book on them.

    `make` also makes the shelves that are missing, as facts need; promises do not. `facts_since` is the earliest time
    of the facts to come, which says from when on counts must be known. Expired holds met are released there and then.
    """
    require_transaction()
    figures = lock_shelves(keys, make=make)
    book = ShelfBook(figures)
    if facts_since is not None:
        counted = [key for key, shelf in figures.items() if shelf.counted_at and shelf.counted_at >= facts_since]
        if counted:
            book.counts = count_instants(counted, since=facts_since)
    _release_expired(book, now=now)
    return book


def ask_book(keys: Iterable[ShelfKey], *, now: datetime) -> bulk.Later[ShelfBook]:
    """Lock shelves as `open_book` does for promises, after what was asked for so far; the book when it is wanted.

    Their expired holds are asked for at once, for who changes baskets meets shelves that hold something.
    """
    wanted = set(keys)
    locked, expired = ask_shelves(wanted), ask_expired_lines(wanted, now=now)

    def book() -> ShelfBook:
        opened = ShelfBook(locked())
        _release(opened, expired())
        return opened

    return book


def _release_expired(book: ShelfBook, *, now: datetime) -> None:
    held = [key for key, shelf in book.figures.items() if shelf.held]
    if held:
        _release(book, ask_expired_lines(held, now=now)())


def _release(book: ShelfBook, lines: list[HeldLine]) -> None:
    for line in lines:
        book.hold(line.place_id, line.product_id, -line.quantity)
    if lines:
        HoldLine.objects.filter(pk__in=[line.id for line in lines]).update(state=HoldLine.State.EXPIRED)
        book.expired += lines


def post(book: ShelfBook, *, now: datetime, names: Names) -> None:
    """Write the ledger rows, then the shelves (guarded by version), then what breached, and tell it."""
    require_transaction()
    # Place by place, so that each page of the ledger and its indexes is met once.
    bulk.insert(Movement, _MOVEMENT_NAMES, sorted(book.movements, key=_place_of))
    bulk.insert(Count, _COUNT_NAMES, book.counted)
    changed = {key: shelf for key, shelf in sorted(book.figures.items()) if shelf.changed}
    follow_exceptions(changed, now=now, names=names)
    write_shelves(changed)
    outbox.record(list(_stock_news(changed, now=now, names=names)))
    if book.expired:
        outbox.record(hold_news("hold.expired", book.expired, now=now, names=names))


def write_shelves(changed: Mapping[ShelfKey, Figures]) -> None:
    """Write figures where nobody has changed the shelf since it was read; GuardError otherwise.

    Most shelves were never counted and have nothing open: theirs go without a parameter for each mark.
    """
    bare: list[Row] = []
    marked: list[Row] = []
    for key, shelf in changed.items():
        row = (key.place_id, shelf.id, shelf.version, shelf.version + 1, shelf.on_hand, shelf.reserved, shelf.held)
        marks = (shelf.counted_at, shelf.breach_id, shelf.discrepancy_id)
        if marks == _NO_MARKS:
            bare.append(row)
        else:
            marked.append(row + marks)
    bulk.update_guarded(Shelf, _SHELF_KEYS, _SHELF_SETS, bare, nulls=_SHELF_MARKS)
    bulk.update_guarded(Shelf, _SHELF_KEYS, _SHELF_SETS + _SHELF_MARKS, marked)


def hold_news(type_: str, lines: Sequence[HeldLine], *, now: datetime, names: Names) -> list[outbox.News]:
    """Return one event for each hold that these lines belong to."""
    found: list[outbox.News] = []
    for hold_id, group in groupby(sorted(lines), key=lambda line: line.hold_id):
        held = list(group)
        code = names.places[held[0].place_id]
        data = {
            "hold": str(hold_id),
            "place": code,
            "expires_at": held[0].expires_at.isoformat(),
            "lines": [[names.skus[line.product_id], line.quantity] for line in held],
        }
        found.append(outbox.News(type_, f"hold/{hold_id}", now, data, code))
    return found


def _stock_news(changed: Mapping[ShelfKey, Figures], *, now: datetime, names: Names) -> Iterable[outbox.News]:
    sellable = ((key, shelf) for key, shelf in changed.items() if key.state == End.SELLABLE)
    for place_id, group in groupby(sellable, key=lambda pair: pair[0].place_id):
        shelves = [ShelfNews(names.skus[k.product_id], s.on_hand, s.reserved, s.held) for k, s in group]
        code = names.places[place_id]
        for start in range(0, len(shelves), NEWS_AT_ONCE):
            data = _encode({"place": code, "shelves": shelves[start : start + NEWS_AT_ONCE]}).decode()
            yield outbox.News("stock.changed", f"stock/{code}", now, data, code)
