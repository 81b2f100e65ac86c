"""The slots' only row locks: plans in order of places, slots in id order, and the promises met on them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant, as_uuid
from onebasket.base.instants import instant_parameter
from onebasket.base.locking import require_transaction
from onebasket.commerce.slots.rules.book import Promise, SlotFigures, Standing
from onebasket.commerce.slots.rules.planning import place_of

_COLUMNS = "s.id, s.place_id, p.code, s.version, s.starts_at, s.ends_at, s.cutoff_at, s.planned, s.capacity, s.taken"
_PROMISE = "SELECT id, place_id, slot_id, standing, expires_at, version FROM slots_slotpromise"
_HERE = "INSERT INTO slots_plan (place_id, version, changed_at) VALUES (%s, 1, %s) "


def share_plans(place_ids: Iterable[int]) -> None:
    """Keep the plans of places as they are until the transaction ends, beside others who do the same."""
    require_transaction()
    lock = " FOR SHARE" if bulk.is_postgresql() else ""
    sql = f"SELECT id FROM slots_plan WHERE {bulk.in_list('place_id')} ORDER BY place_id{lock}"  # noqa: S608
    bulk.fetch(sql, [bulk.list_parameter(sorted(set(place_ids)))])


def claim_plan(place_id: int, *, now: datetime) -> None:
    """Have a place's plan alone, made where it is missing; callers claim in order of places."""
    require_transaction()
    again = "ON CONFLICT (place_id) DO UPDATE SET version = slots_plan.version + 1, changed_at = excluded.changed_at"
    bulk.execute(_HERE + again, [place_id, instant_parameter(now)])


def ask_slots(ids: Iterable[int]) -> bulk.Later[dict[int, SlotFigures]]:
    """Lock the slots that are there, in id order, and return their figures when they are wanted."""
    require_transaction()
    wanted = sorted(set(ids))
    return _ask(wanted) if wanted else dict


def _ask(wanted: Sequence[int]) -> bulk.Later[dict[int, SlotFigures]]:
    sql = (
        f"SELECT {_COLUMNS} FROM slots_slot s JOIN places_place p ON p.id = s.place_id "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('s.place_id')} AND {bulk.in_list('s.id')} ORDER BY s.id{bulk.for_update('s')}"
    )
    places = bulk.list_parameter(sorted({place_of(identity) for identity in wanted}))
    asked = bulk.ask(sql, [places, bulk.list_parameter(wanted)])
    return lambda: {row[0]: _figures(row) for row in asked.rows()}


def ask_promises(references: Iterable[UUID]) -> bulk.Later[dict[UUID, Promise]]:
    """Ask what references hold or last held; to be believed only where their slots were locked before it was asked."""
    wanted = sorted(set(references))
    if not wanted:
        return dict
    asked = bulk.ask(f"{_PROMISE} WHERE {bulk.in_list('id')}", [bulk.list_parameter(wanted)])
    return lambda: _promises(asked.rows())


def ask_expired(slot_ids: Iterable[int], *, now: datetime) -> bulk.Later[dict[UUID, Promise]]:
    """Ask for the holds on locked slots whose time is over at `now` (half-open: at it, they are)."""
    require_transaction()
    wanted = sorted(slot_ids)
    if not wanted:
        return dict
    sql = (
        f"{_PROMISE} WHERE {bulk.in_list('place_id')} AND {bulk.in_list('slot_id')} "
        "AND standing = 'held' AND expires_at <= %s ORDER BY id"
    )
    places = bulk.list_parameter(sorted({place_of(identity) for identity in wanted}))
    asked = bulk.ask(sql, [places, bulk.list_parameter(wanted), instant_parameter(now)])
    return lambda: _promises(asked.rows())


def _promises(rows: Iterable[Row]) -> dict[UUID, Promise]:
    found = (
        Promise(as_uuid(identity), place, slot, Standing(standing), as_instant(expires), version)
        for identity, place, slot, standing, expires, version in rows
    )
    return {one.reference: one for one in found}


def _figures(row: Row) -> SlotFigures:
    identity, place, code, version, starts, ends, cutoff, planned, capacity, taken = row
    return SlotFigures(
        identity, place, code, version, _instant(starts), _instant(ends), _instant(cutoff), planned, capacity, taken
    )


def _instant(value: datetime | str) -> datetime:
    instant = as_instant(value)
    assert instant is not None  # noqa: S101 - the column is not null
    return instant
