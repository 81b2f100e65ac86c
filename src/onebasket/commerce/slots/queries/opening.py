"""Which slots a place has, and how much room: the plan's, with what is taken of those that have a row."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from onebasket.base import bulk
from onebasket.base.columns import as_instant
from onebasket.base.instants import instant_parameter
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.slots.queries.plans import plans_of
from onebasket.commerce.slots.rules.facts import SlotFacts
from onebasket.commerce.slots.rules.planning import MOST_DAYS, local_date, plan_days

_EXPIRED = (
    "COALESCE((SELECT COUNT(*) FROM slots_slotpromise h WHERE h.place_id = s.place_id AND h.slot_id = s.id "
    "AND h.standing = 'held' AND h.expires_at <= %s), 0)"
)


def open_slots(place: PlaceFacts, *, now: datetime, days: int) -> list[SlotFacts]:
    """Return the slots of a place that may be taken yet, full ones too, from today on for so many local days.

    Three statements, nothing is written. What is free is good for showing; taking one decides under the lock. At most
    31 days; a place that is closed for good, or has no plan, has none.
    """
    if not place.active or days <= 0:
        return []
    plan = plans_of({place.id: place.time_zone})[place.id]
    first = local_date(now, place.time_zone)
    ahead = [slot for slot in plan_days(plan, first=first, days=min(days, MOST_DAYS)) if now < slot.cutoff_at]
    if not ahead:
        return []
    sql = (
        f"SELECT s.id, s.taken - {_EXPIRED}, s.ends_at, s.cutoff_at FROM slots_slot s "  # noqa: S608 - constants
        "WHERE s.place_id = %s AND s.starts_at >= %s AND s.starts_at <= %s"
    )
    ends = [instant_parameter(ahead[0].starts_at), instant_parameter(ahead[-1].starts_at)]
    met = {row[0]: row[1:] for row in bulk.fetch(sql, [instant_parameter(now), place.id, *ends])}
    found = []
    for slot in ahead:
        taken, ends_at, cutoff_at = met.get(slot.id, (0, slot.ends_at, slot.cutoff_at))
        free = max(0, slot.capacity - taken)
        until, cutoff = _instant(ends_at), _instant(cutoff_at)
        found.append(SlotFacts(slot.id, place.code, slot.starts_at, until, cutoff, slot.capacity, free))
    return found


def slots_by_id(ids: Iterable[int], *, now: datetime) -> dict[int, SlotFacts]:
    """Return slots that somebody has taken, past ones too, for baskets and orders that name them; one statement."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    sql = (
        f"SELECT s.id, p.code, s.starts_at, s.ends_at, s.cutoff_at, s.planned, s.taken - {_EXPIRED} "  # noqa: S608
        f"FROM slots_slot s JOIN places_place p ON p.id = s.place_id WHERE {bulk.in_list('s.id')}"
    )
    rows: Sequence[tuple[Any, ...]] = bulk.fetch(sql, [instant_parameter(now), bulk.list_parameter(wanted)])
    return {row[0]: _facts(*row) for row in rows}


def _facts(identity: int, place: str, *figures: Any) -> SlotFacts:  # noqa: ANN401 - a row as fetched
    starts, ends, cutoff, capacity, taken = figures
    times = _instant(starts), _instant(ends), _instant(cutoff)
    return SlotFacts(identity, place, *times, capacity, max(0, capacity - taken))


def _instant(value: datetime | str) -> datetime:
    instant = as_instant(value)
    assert instant is not None  # noqa: S101 - the column is not null
    return instant
