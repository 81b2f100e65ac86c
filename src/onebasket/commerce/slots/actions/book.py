"""Open a book on locked slots, and post what has changed: the one way in which slot figures are written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.locking import require_transaction
from onebasket.commerce.places.queries import places_by_id
from onebasket.commerce.slots.locking import ask_expired, ask_promises, ask_slots, share_plans
from onebasket.commerce.slots.models import Slot, SlotPromise
from onebasket.commerce.slots.queries.plans import ask_known, plans_of
from onebasket.commerce.slots.rules.book import Promise, SlotBook, SlotFigures
from onebasket.commerce.slots.rules.events import SlotNews, SlotsChanged
from onebasket.commerce.slots.rules.planning import LAST_ID, may_be_slot, place_of, planned

NEWS_AT_ONCE = 500
_SLOT_NAMES = ("id", "place", "starts_at", "ends_at", "cutoff_at", "planned", "capacity", "taken", "version")
_SLOT_KEYS = ("place", "id", "version")
_SLOT_SETS = ("version", "ends_at", "cutoff_at", "planned", "capacity", "taken")
_PROMISE_NAMES = ("id", "place", "slot", "standing", "expires_at", "changed_at", "version")
_PROMISE_KEYS = ("place", "id", "version")
_PROMISE_SETS = ("version", "slot", "standing", "expires_at", "changed_at")
_encode = msgspec.json.Encoder().encode


def open_slots_book(slot_ids: Iterable[int], *, references: Iterable[UUID], now: datetime) -> SlotBook:
    """Lock the slots, and those that the references hold, in id order; return the book on them.

    Slots that the places' plans have and that no row stands for yet are made. An id that no plan has is not in the
    book, and taking it is refused. Expired holds met are released there and then, by `now`, the database's clock.
    `references` are all who will take, confirm or give back, baskets and orders alike. Call it after orders and baskets
    and before shelves are locked, once in a transaction.

    Raises:
        GuardError: a reference has just taken another slot; the batch is to be repeated.
    """
    return ask_slots_book(slot_ids, references=references, now=now)()


def ask_slots_book(slot_ids: Iterable[int], *, references: Iterable[UUID], now: datetime) -> bulk.Later[SlotBook]:
    """Lock slots as `open_slots_book` does, and return the book when it is wanted: shelves may be asked for before."""
    require_transaction()
    wanted = set(references)
    named = {one for one in slot_ids if 0 < one <= LAST_ID}
    rows = ask_known(one for one in named if may_be_slot(one, now=now))
    before = {one.slot_id for one in ask_promises(wanted)().values() if one.active}
    ids = named | before
    _make_missing(ids - rows() - before, now=now)
    locked, promised, expired = ask_slots(ids), ask_promises(wanted), ask_expired(ids, now=now)

    def book() -> SlotBook:
        figures, promises = locked(), promised()
        if any(one.active and one.slot_id not in figures for one in promises.values()):
            message = "a reference has taken another slot meanwhile"
            raise bulk.GuardError(message)
        opened = SlotBook(now, figures, {reference: promises.get(reference) for reference in wanted})
        opened.release_expired(expired())
        return opened

    return book


def _make_missing(ids: set[int], *, now: datetime) -> None:
    """Make rows for planned slots that have none, in id order, before any is locked: so nobody waits in a circle.

    The plan is kept as it is meanwhile: who changes it looks at every row that is there.
    """
    missing = {identity for identity in ids if may_be_slot(identity, now=now)}
    if not missing:
        return
    places = {one.id: one.time_zone for one in places_by_id({place_of(identity) for identity in missing}).values()}
    share_plans(places)
    plans = plans_of(places)
    rows = [
        (slot.id, slot.place_id, slot.starts_at, slot.ends_at, slot.cutoff_at, slot.capacity, slot.capacity, 0, 0)
        for place in sorted(places)
        for slot in sorted(planned(plans[place], (one for one in missing if place_of(one) == place)).values())
    ]
    bulk.insert_missing(Slot, _SLOT_NAMES, rows, ("id",))


def post_slots(book: SlotBook, *, now: datetime) -> None:
    """Write what has changed, guarded by the versions read, and tell it; nothing where nothing has.

    Raises:
        GuardError: somebody has changed a slot or a promise since it was read; nothing may be kept.
    """
    require_transaction()
    changed = list(book.changed_slots())
    bulk.update_guarded(Slot, _SLOT_KEYS, _SLOT_SETS, [_slot_row(slot) for slot in changed])
    _write_promises(book.changed_promises(), now=now)
    outbox.record([_news(place, slots, now) for place, slots in _by_place(changed)])
    for slot in changed:
        slot.changed, slot.version = False, slot.version + 1


def _slot_row(slot: SlotFigures) -> tuple[object, ...]:
    return (
        slot.place_id, slot.id, slot.version,
        slot.version + 1, slot.ends_at, slot.cutoff_at, slot.planned, slot.capacity, slot.taken,
    )  # fmt: skip


def _write_promises(changed: Sequence[Promise], *, now: datetime) -> None:
    """Write promises: new ones, those that stay at their place, and those that have left it (a row moves by place)."""
    for one in changed:
        if one.left_place_id is not None:
            _drop(one.left_place_id, one)
    made = [one for one in changed if not one.version or one.left_place_id is not None]
    rows = [
        (one.reference, one.place_id, one.slot_id, one.standing.value, one.expires_at, now, one.version + 1)
        for one in made
    ]
    bulk.insert_guarded(SlotPromise, _PROMISE_NAMES, rows)
    kept = [
        (
            one.place_id,
            one.reference,
            one.version,
            one.version + 1,
            one.slot_id,
            one.standing.value,
            one.expires_at,
            now,
        )
        for one in changed
        if one.version and one.left_place_id is None
    ]
    bulk.update_guarded(SlotPromise, _PROMISE_KEYS, _PROMISE_SETS, kept)
    for one in changed:
        one.changed, one.left_place_id, one.version = False, None, one.version + 1


def _drop(place_id: int, one: Promise) -> None:
    """Remove a promise's row from the place that it has left: rows do not change their place."""
    if SlotPromise.objects.filter(place_id=place_id, pk=one.reference, version=one.version).delete()[0] != 1:
        message = "a promise was changed meanwhile"
        raise bulk.GuardError(message)


def _by_place(changed: Sequence[SlotFigures]) -> Iterable[tuple[str, list[SlotFigures]]]:
    for _, group in groupby(changed, key=lambda slot: slot.place_id):
        slots = list(group)
        for start in range(0, len(slots), NEWS_AT_ONCE):
            yield slots[0].place, slots[start : start + NEWS_AT_ONCE]


def _news(place: str, slots: Sequence[SlotFigures], now: datetime) -> outbox.News:
    told = [
        SlotNews(
            slot.id, slot.starts_at.isoformat(), slot.ends_at.isoformat(), slot.cutoff_at.isoformat(),
            slot.planned, slot.taken,
        )
        for slot in slots
    ]  # fmt: skip
    data = _encode(SlotsChanged(place, told)).decode()
    return outbox.News("slots.changed", f"slots/{place}", now, data, place)
