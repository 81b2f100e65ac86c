"""Reads of plans: two statements, whatever the number of places."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from onebasket.base import bulk
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.slots.rules.messages import (
    SlotException,
    StatedPlan,
    StatedWindow,
    stated_window,
    weekly_window,
)
from onebasket.commerce.slots.rules.planning import SlotPlan, Window, local_date


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


def planned_places(place_ids: Iterable[int]) -> set[int]:
    """Return which of these places hand out by slots: a plan was stated once, if only an empty one."""
    wanted = bulk.list_parameter(sorted(set(place_ids)))
    sql = f"SELECT place_id FROM slots_plan WHERE {bulk.in_list('place_id')}"  # noqa: S608 - constants
    return {place for (place,) in bulk.fetch(sql, [wanted])}


def stated_exceptions(place_ids: Iterable[int], *, since: date | None = None) -> dict[int, list[SlotException]]:
    """Return the dates that are exceptions, by place and in order; with `since`, from that date on."""
    ids = bulk.list_parameter(sorted(set(place_ids)))
    where, parameters = f"{bulk.in_list('place_id')}", [ids]
    if since is not None:
        where, parameters = f"{where} AND date >= %s", [ids, since if bulk.is_postgresql() else since.isoformat()]
    windows: dict[tuple[int, date], list[StatedWindow]] = {}
    sql = (
        "SELECT place_id, date, from_minutes, to_minutes, slot_minutes, capacity, cutoff_minutes "  # noqa: S608
        f"FROM slots_planwindow WHERE {where} AND date IS NOT NULL ORDER BY place_id, date, from_minutes"
    )
    for place, day, *figures in bulk.fetch(sql, parameters):
        windows.setdefault((place, _date(day)), []).append(stated_window(Window(*figures)))
    found: dict[int, list[SlotException]] = {}
    sql = f"SELECT place_id, date, note FROM slots_planexception WHERE {where} ORDER BY place_id, date"  # noqa: S608
    for place, day, note in bulk.fetch(sql, parameters):
        when = _date(day)
        found.setdefault(place, []).append(SlotException(when, tuple(windows.get((place, when), ())), note))
    return found


def stated_plans(places: Sequence[PlaceFacts], *, now: datetime) -> list[StatedPlan]:
    """Return the plans of places that hand out by slots, as they are stated, with the exceptions from today on."""
    plans = plans_of({place.id: place.time_zone for place in places})
    known = planned_places(plans)
    # The earliest today of all places: one statement, a day too many at the most, which is left out below.
    exceptions = stated_exceptions(plans, since=now.date() - timedelta(days=1))
    found = []
    for place in places:
        if place.id not in known:
            continue
        weekly = [weekly_window(day, one) for day, of_day in sorted(plans[place.id].weekly.items()) for one in of_day]
        today = local_date(now, place.time_zone)
        ahead = tuple(one for one in exceptions.get(place.id, ()) if one.date >= today)
        found.append(StatedPlan(place.code, tuple(weekly), ahead))
    return found


def _date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def ask_known(ids: Iterable[int]) -> bulk.Later[set[int]]:
    """Ask which of these slots have a row yet."""
    wanted = sorted(set(ids))
    if not wanted:
        return set
    asked = bulk.ask(f"SELECT id FROM slots_slot WHERE {bulk.in_list('id')}", [bulk.list_parameter(wanted)])  # noqa: S608
    return lambda: {identity for (identity,) in asked.rows()}
