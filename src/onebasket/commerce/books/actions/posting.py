"""Post entries to the journal, in bulk: once for ever, balanced, and never changed afterwards."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.books.locking import lock_points
from onebasket.commerce.books.models import Entry as EntryRow
from onebasket.commerce.books.models import PointsAccount
from onebasket.commerce.books.models import Posting as PostingRow
from onebasket.commerce.books.queries.standing import EntryKey, Standing, standing_entries
from onebasket.commerce.books.rules.accounts import OF_CUSTOMERS
from onebasket.commerce.books.rules.entries import Entry, Posting, fault, merged, opposite
from onebasket.commerce.books.rules.spending import Figures, passes_zero
from onebasket.commerce.places.queries import places_by_code
from onebasket.kernel.clock import business_day

_ENTRY = ("id", "place", "fact", "kind", "version", "reverses", "business_day", "occurred_at", "booked_at")
_POSTING = ("place", "entry", "line", "business_day", "account", "part", "unit", "amount")
Row = tuple[Any, ...]


class UnfitEntryError(Exception):
    """An entry does not balance or cannot be: nothing of its batch was posted. Carries what is wrong, in words."""


class NotEnoughPointsError(Exception):
    """More points were to be spent than there are, past every check before: nothing of the batch was posted.

    Carries the loyalty number.
    """


class Posted(NamedTuple):
    """What became of entries: how many are new, how many were there as they are, how many were stated anew."""

    fresh: int
    known: int
    changed: int = 0


class _Draft(NamedTuple):
    """An entry on its way into the journal."""

    key: EntryKey
    entry: Entry
    day: date
    version: int = 1
    reverses: int | None = None


def post_entries(entries: Sequence[Entry], *, now: datetime) -> Posted:
    """Post entries in the present transaction; an entry whose (fact, kind) is there already changes nothing.

    Customers' points are locked in the order of their loyalty numbers and moved along.

    Raises:
        UnfitEntryError: an entry does not come to zero in each unit, or names an unknown place, account part or unit.
        NotEnoughPointsError: an entry that spends points leaves less than none.
    """
    drafts = _drafts(entries)
    fresh = _write(drafts, now=now)
    return Posted(len(fresh), len(entries) - len(fresh))


def restate_entries(entries: Sequence[Entry], *, now: datetime) -> Posted:
    """Post entries in the present transaction; one that stands otherwise is reversed by a new entry and stated anew.

    Meant for whoever derives an entry from rows that may change after it was posted; safe to repeat.
    """
    drafts = _drafts(entries)
    fresh = _write(drafts, now=now)
    left = [draft for draft in drafts if draft.key not in fresh]
    standing = standing_entries(draft.entry.fact for draft in left) if left else {}
    changes = [change for draft in left for change in _changes(draft, standing[draft.key])]
    written = _write(changes, now=now)
    if len(changes) != sum(written.values()):
        raise bulk.GuardError(f"{len(changes)} versions of entries sent, {sum(written.values())} written")
    changed = len(written)
    return Posted(len(fresh), len(entries) - len(fresh) - changed, changed)


def _changes(draft: _Draft, standing: Standing) -> list[_Draft]:
    """Return the reversal of what stands and the new statement, as far as either has anything to say."""
    stated = merged(draft.entry.lines)
    if _as_sums(stated) == _as_sums(standing.lines):
        return []
    made: list[_Draft] = []
    if standing.lines:
        undone = _with_lines(draft.entry, opposite(standing.lines))
        made.append(draft._replace(entry=undone, version=standing.version + 1, reverses=standing.entry_id))
    if stated:
        made.append(draft._replace(version=standing.version + len(made) + 1))
    return made


def _as_sums(lines: Iterable[Posting]) -> set[tuple[int, str, str, int]]:
    return {(line.account, line.unit, line.part, line.amount) for line in lines}


def _with_lines(entry: Entry, lines: tuple[Posting, ...]) -> Entry:
    return Entry(
        fact=entry.fact,
        kind=entry.kind,
        occurred_at=entry.occurred_at,
        place_code=entry.place_code,
        business_day=entry.business_day,
        lines=lines,
    )


def _drafts(entries: Sequence[Entry]) -> list[_Draft]:
    """Check entries and find their places and days; the first of those that are alike stands for all."""
    require_transaction()
    places = places_by_code({entry.place_code for entry in entries}) if entries else {}
    found: dict[EntryKey, _Draft] = {}
    for entry in entries:
        if said := fault(entry):
            raise UnfitEntryError(said)
        place = places.get(entry.place_code)
        if place is None:
            raise UnfitEntryError(f"{entry.fact} {entry.kind}: there is no place {entry.place_code!r}.")
        day = entry.business_day or business_day(
            entry.occurred_at, time_zone=place.time_zone, day_start_minutes=place.day_start_minutes
        )
        key = EntryKey(place.id, entry.fact, entry.kind)
        found.setdefault(key, _Draft(key, entry, day))
    return list(found.values())


def _write(drafts: Sequence[_Draft], *, now: datetime) -> dict[EntryKey, int]:
    """Write those that are not there yet, with their postings; return how many rows of each key are new."""
    ordered = sorted(drafts, key=lambda draft: (draft.key, draft.version))
    ids = bulk.next_ids(EntryRow, len(ordered))
    rows = [
        (identity, *draft.key, draft.version, draft.reverses, draft.day, draft.entry.occurred_at, now)
        for identity, draft in zip(ids, ordered, strict=True)
    ]
    new = {identity for (identity,) in bulk.insert_missing(EntryRow, _ENTRY, rows, ("id",))}
    written: dict[EntryKey, int] = {}
    fresh = [(identity, draft) for identity, draft in zip(ids, ordered, strict=True) if identity in new]
    for _, draft in fresh:
        written[draft.key] = written.get(draft.key, 0) + 1
    _move_points([draft.entry for draft in drafts if draft.key in written])
    bulk.insert(PostingRow, _POSTING, [row for identity, draft in fresh for row in _posting_rows(identity, draft)])
    return written


def _posting_rows(identity: int, draft: _Draft) -> list[Row]:
    place, day = draft.key.place_id, draft.day
    return [
        (place, identity, number, day, line.account, line.part, line.unit, line.amount)
        for number, line in enumerate(draft.entry.lines, 1)
    ]


def _move_points(entries: Iterable[Entry]) -> None:
    """Move customers' points along, entry by entry in the order given."""
    moving = [(entry, line) for entry in entries for line in entry.lines if line.account in OF_CUSTOMERS]
    if not moving:
        return
    figures = lock_points(line.part for _, line in moving)
    for entry, line in moving:
        figures[line.part].take(line.account, line.amount)
        if passes_zero(entry, figures[line.part]):
            raise NotEnoughPointsError(line.part)
    write_points(figures)


def write_points(figures: Mapping[str, Figures]) -> None:
    """Write figures where nobody has changed the account since it was read; GuardError otherwise."""
    rows = [(one.id, one.version, one.version + 1, one.available, one.pending) for one in figures.values()]
    bulk.update_guarded(PointsAccount, ("id", "version"), ("version", "available", "pending"), rows)
