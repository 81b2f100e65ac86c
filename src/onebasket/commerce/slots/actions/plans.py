"""State when places hand out: their weekly plans, and dates that are exceptions; slots already taken follow."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.instants import instant_parameter
from onebasket.base.locking import require_transaction
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.slots.actions.book import open_slots_book, post_slots
from onebasket.commerce.slots.locking import claim_plan
from onebasket.commerce.slots.models import PlanException, PlanWindow
from onebasket.commerce.slots.queries.plans import planned_places, plans_of, stated_exceptions
from onebasket.commerce.slots.rules.events import SlotExceptionChanged, SlotPlanChanged
from onebasket.commerce.slots.rules.messages import (
    SlotDaysItem,
    SlotException,
    SlotExceptionItem,
    SlotPlanItem,
    Weekly,
    exception_problem,
    plan_problem,
    weekly_after,
    weekly_window,
    window_of,
)
from onebasket.commerce.slots.rules.planning import SlotPlan, place_of, planned

_NAMES = (
    "place", "weekday", "date", "from_minutes", "to_minutes", "slot_minutes", "capacity", "cutoff_minutes",
)  # fmt: skip
_EXCEPTION_NAMES = ("place", "date", "note")
_encode = msgspec.json.Encoder().encode


class _Dated(NamedTuple):
    """An exception's key: whose, and when."""

    place_id: int
    date: date


def set_slot_plans(source_id: int, items: Sequence[SlotPlanItem]) -> list[ItemOutcome]:
    """State weekly plans, one transaction for the batch; return one outcome for each item, in order.

    The same key again returns the first outcome. Slots that somebody has taken keep their times and who has taken
    them; their room follows the plan, also to none.
    """
    return take_in("slot-plan", source_id, items, book="slots", decide=_decide_plans)


def set_slot_days(source_id: int, items: Sequence[SlotDaysItem]) -> list[ItemOutcome]:
    """State some weekdays of plans, as people do; the others stay. Outcomes as of `set_slot_plans`."""
    return take_in("slot-days", source_id, items, book="slots", decide=_decide_plans)


def set_slot_exceptions(source_id: int, items: Sequence[SlotExceptionItem]) -> list[ItemOutcome]:
    """State dates on which other windows hold, or that the weekly plan holds again; outcomes as of `set_slot_plans`."""
    return take_in("slot-exception", source_id, items, book="slots", decide=_decide_exceptions)


def follow_places(codes: Iterable[str], *, now: datetime) -> int:
    """Let slots that have a row follow places that changed, in the present transaction; return how many have a plan.

    A plan states times of a place's clock: in another time zone its slots lie elsewhere. What is taken stays taken, at
    the instant that was promised; its slot has no room any more where none is planned then.
    """
    require_transaction()
    places = places_by_code(set(codes))
    known = planned_places(place.id for place in places.values())
    followed = sorted((place for place in places.values() if place.id in known), key=lambda place: place.id)
    _claim([place.id for place in followed], now=now)
    _follow(followed, now=now)
    return len(followed)


def _decide_plans(items: Sequence[SlotPlanItem | SlotDaysItem], now: datetime) -> list[ItemOutcome]:
    places = places_by_code({item.place for item in items})
    known = planned_places(place.id for place in places.values())
    weekly: dict[int, Weekly] = {
        one.place_id: {day: tuple(windows) for day, windows in one.weekly.items()} for one in _plans(places.values())
    }
    changed: set[int] = set()
    outcomes: list[ItemOutcome] = []
    news: list[outbox.News] = []
    for item in items:
        place = places.get(item.place)
        if place is None:
            outcomes.append(invalid(f"place: there is no place {item.place!r}."))
            continue
        after = weekly_after(item, weekly[place.id])
        if problem := plan_problem(after):
            outcomes.append(invalid(problem))
            continue
        if place.id in known and after == weekly[place.id]:
            outcomes.append(UNCHANGED)
            continue
        outcomes.append(UPDATED if place.id in known else CREATED)
        known.add(place.id)
        changed.add(place.id)
        weekly[place.id] = after
        news.append(_plan_news(place, after, now))
    _write_plans({place_id: weekly[place_id] for place_id in sorted(changed)}, now=now)
    _follow([place for place in places.values() if place.id in changed], now=now)
    outbox.record(news)
    return outcomes


def _plan_news(place: PlaceFacts, weekly: Weekly, now: datetime) -> outbox.News:
    windows = [weekly_window(day, one) for day, of_day in sorted(weekly.items()) for one in of_day]
    data = _encode(SlotPlanChanged(place.code, windows)).decode()
    return outbox.News("slotplan.changed", f"slotplan/{place.code}", now, data, place.code)


def _write_plans(changed: Mapping[int, Weekly], *, now: datetime) -> None:
    _claim(changed, now=now)
    PlanWindow.objects.filter(place_id__in=changed, weekday__isnull=False).delete()
    rows = [
        (place_id, day, None, *msgspec.structs.astuple(window))
        for place_id, weekly in changed.items()
        for day, windows in sorted(weekly.items())
        for window in windows
    ]
    bulk.insert(PlanWindow, _NAMES, rows)


def _decide_exceptions(items: Sequence[SlotExceptionItem], now: datetime) -> list[ItemOutcome]:
    places = places_by_code({item.place for item in items})
    stated = stated_exceptions(place.id for place in places.values())
    before = {_Dated(place_id, one.date): one for place_id, found in stated.items() for one in found}
    after: dict[_Dated, SlotException | None] = {}
    outcomes: list[ItemOutcome] = []
    news: list[outbox.News] = []
    for item in items:
        place = places.get(item.place)
        if place is None or exception_problem(item):
            outcomes.append(invalid(exception_problem(item) or f"place: there is no place {item.place!r}."))
            continue
        key = _Dated(place.id, item.date)
        known = after[key] if key in after else before.get(key)
        windows = tuple(sorted(item.windows, key=lambda one: one.opens))
        wanted = None if item.removed else SlotException(item.date, windows, item.note)
        if wanted == known:
            outcomes.append(UNCHANGED)
            continue
        outcomes.append(CREATED if known is None else UPDATED)
        after[key] = wanted
        told = SlotExceptionChanged(place.code, item.date.isoformat(), item.note, list(windows), item.removed)
        subject = f"slotplan/{place.code}"
        news.append(outbox.News("slotplan.exception_changed", subject, now, _encode(told).decode(), place.code))
    touched = {key.place_id for key in after}
    _claim(touched, now=now)
    _write_exceptions(after)
    _follow([place for place in places.values() if place.id in touched], now=now)
    outbox.record(news)
    return outcomes


def _write_exceptions(after: Mapping[_Dated, SlotException | None]) -> None:
    for key in sorted(after):
        PlanWindow.objects.filter(place_id=key.place_id, date=key.date).delete()
        PlanException.objects.filter(place_id=key.place_id, date=key.date).delete()
    kept = [(key, one) for key, one in sorted(after.items()) if one is not None]
    bulk.insert(PlanException, _EXCEPTION_NAMES, [(key.place_id, key.date, one.note) for key, one in kept])
    rows = [
        (key.place_id, None, key.date, *msgspec.structs.astuple(window_of(window)))
        for key, one in kept
        for window in one.windows
    ]
    bulk.insert(PlanWindow, _NAMES, rows)


def _claim(place_ids: Iterable[int], *, now: datetime) -> None:
    for place_id in sorted(place_ids):
        claim_plan(place_id, now=now)


def _plans(places: Iterable[PlaceFacts]) -> Iterable[SlotPlan]:
    return plans_of({place.id: place.time_zone for place in places}).values()


def _follow(places: Sequence[PlaceFacts], *, now: datetime) -> None:
    """Let the slots that have a row follow the plans as they are now; their places' plans are claimed."""
    if not places:
        return
    sql = f"SELECT id FROM slots_slot WHERE {bulk.in_list('place_id')} AND starts_at > %s"  # noqa: S608 - constants
    ids = [place.id for place in places]
    rows = bulk.fetch(sql, [bulk.list_parameter(ids), instant_parameter(now)])
    book = open_slots_book({identity for (identity,) in rows}, references=(), now=now)
    there = {
        slot.id: slot
        for plan in _plans(places)
        for slot in planned(plan, _of_place(plan.place_id, book.figures)).values()
    }
    for identity, figures in book.figures.items():
        slot = there.get(identity)
        figures.replan(slot.capacity if slot else 0)
        if slot and not figures.taken and (figures.ends_at, figures.cutoff_at) != (slot.ends_at, slot.cutoff_at):
            figures.ends_at, figures.cutoff_at, figures.changed = slot.ends_at, slot.cutoff_at, True
    post_slots(book, now=now)


def _of_place(place_id: int, figures: Iterable[int]) -> list[int]:
    return [identity for identity in figures if place_of(identity) == place_id]
