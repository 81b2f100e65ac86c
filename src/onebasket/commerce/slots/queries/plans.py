"""Reads of plans: two statements, whatever the number of places."""

from collections.abc import Iterable, Mapping
from datetime import date

from onebasket.base import bulk
from onebasket.commerce.slots.rules.planning import SlotPlan, Window


def plans_of(time_zones: Mapping[int, str]) -> dict[int, SlotPlan]:
    """Return the plans of places, given as their time zones by place id; a place without a plan has an empty one."""
    ids = bulk.list_parameter(sorted(time_zones))
    weekly: dict[int, dict[int, list[Window]]] = {}
    exceptions: dict[int, dict[date, list[Window]]] = {}
    for place, day in bulk.fetch(
        f"SELECT place_id, date FROM slots_planexception WHERE {bulk.in_list('place_id')}",  # noqa: S608 - constants
        [ids],
    ):
        exceptions.setdefault(place, {})[_date(day)] = []
    sql = (
        "SELECT place_id, weekday, date, from_minutes, to_minutes, slot_minutes, capacity, cutoff_minutes "  # noqa: S608
        f"FROM slots_planwindow WHERE {bulk.in_list('place_id')} ORDER BY place_id, from_minutes"
    )
    for place, weekday, day, *figures in bulk.fetch(sql, [ids]):
        window = Window(*figures)
        if weekday is not None:
            weekly.setdefault(place, {}).setdefault(weekday, []).append(window)
        else:
            exceptions.setdefault(place, {}).setdefault(_date(day), []).append(window)
    return {
        place: SlotPlan(place, name, weekly.get(place, {}), exceptions.get(place, {}))
        for place, name in time_zones.items()
    }


def _date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def known_slots(ids: Iterable[int]) -> set[int]:
    """Return which of these slots have a row yet."""
    wanted = bulk.list_parameter(sorted(set(ids)))
    return {identity for (identity,) in bulk.fetch(f"SELECT id FROM slots_slot WHERE {bulk.in_list('id')}", [wanted])}  # noqa: S608
