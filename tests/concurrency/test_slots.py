"""A slot with room for 20, 80 baskets at once: exactly 20 get it; with both protections taken away, more do."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.committer import UnavailableError, perform
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.rules import UPDATED
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.rules import WEEKDAYS
from onebasket.commerce.slots import locking
from onebasket.commerce.slots.actions import book, open_slots_book, post_slots, set_slot_plans
from onebasket.commerce.slots.models import Plan, PlanWindow, Slot, SlotPromise
from onebasket.commerce.slots.queries import plans_of
from onebasket.commerce.slots.rules.book import SlotFigures
from onebasket.commerce.slots.rules.messages import SlotPlanItem, WeeklyWindow
from onebasket.commerce.slots.rules.planning import SlotPlan, slot_id
from tests.builders import make_chain
from tests.concurrency.test_lock_order import statements
from tests.concurrency.test_oversell import update_unguarded
from tests.concurrency.worker import run_together, start
from tests.slotting import faults_in_slots, ref

pytestmark = pytest.mark.django_db(transaction=True)

ROOM, BASKETS, THREADS = 20, 80, 8


def tomorrow(hour: int = 10, place: str = "p1") -> int:
    """Return the id of tomorrow's slot at an hour (UTC): these tests go by the database's own clock."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return slot_id(Place.objects.get(code=place).pk, day + timedelta(hours=hour))


@pytest.fixture(autouse=True)
def _chain() -> None:
    make_chain("p1", "p2")
    Place.objects.update(time_zone="UTC")
    now = database_now()
    for place in Place.objects.all():
        Plan.objects.create(place=place, changed_at=now)
        PlanWindow.objects.bulk_create(
            PlanWindow(
                place=place, weekday=day, from_minutes=0, to_minutes=1440, slot_minutes=60, capacity=ROOM,
                cutoff_minutes=0,
            )
            for day in range(7)
        )  # fmt: skip


def take_slots(calls: Sequence[tuple[int, UUID]]) -> list[bool]:
    """Hold slots in one transaction, as a checkout does."""
    with transaction.atomic():
        now = database_now()
        one = open_slots_book({slot for slot, _ in calls}, references={who for _, who in calls}, now=now)
        done = [one.take(slot, who, now + timedelta(minutes=15)) for slot, who in calls]
        post_slots(one, now=now)
    return done


def leave(gate: threading.Barrier) -> None:
    gate.wait(20)
    connections.close_all()


def in_threads(one: Callable[[int], Any], count: int = BASKETS) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(one, range(1, count + 1)))
        gate = threading.Barrier(THREADS)
        list(pool.map(leave, [gate] * THREADS))
    return outcomes


def again_and_again(act: Callable[[], Sequence[bool]]) -> bool:
    """As a sender does: what lost every race is sent again."""
    while True:
        try:
            return act()[0]
        except UnavailableError:
            continue


def assert_full(outcomes: Sequence[bool], slot: int) -> None:
    assert sorted(outcomes) == [False] * (BASKETS - ROOM) + [True] * ROOM
    assert Slot.objects.get(pk=slot).taken == ROOM
    assert SlotPromise.objects.count() == ROOM
    assert faults_in_slots() == []


def test_80_baskets_with_a_transaction_each() -> None:
    slot = tomorrow()

    assert_full(in_threads(lambda number: perform(take_slots, [(slot, ref(number))])[0]), slot)


def test_80_baskets_in_one_batch() -> None:
    slot = tomorrow()

    assert_full(take_slots([(slot, ref(number)) for number in range(BASKETS)]), slot)


def test_80_baskets_in_two_processes() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("one process at a time writes to SQLite")
    slot, half = tomorrow(), BASKETS // 2

    said = run_together(*(start("take-slots", str(slot), str(first), str(half)) for first in (0, half)))

    assert_full([word == "True" for words in said for word in words], slot)


def test_many_slots_in_opposite_orders_deadlock_nobody() -> None:
    """Slots without a row and with one, of two places, in batches that name them in any order: no lost race at all."""
    slots = [tomorrow(hour, place) for place in ("p1", "p2") for hour in range(6)]
    take_slots([(slots[3], ref(9_000)), (slots[8], ref(9_001))])

    def batch(number: int) -> list[bool]:
        ordered = slots if number % 2 else slots[::-1]
        return take_slots([(slot, UUID(int=number * 100 + at)) for at, slot in enumerate(ordered)])

    assert all(all(done) for done in in_threads(batch, 16))
    assert set(Slot.objects.values_list("taken", flat=True)) == {16, 17}
    assert faults_in_slots() == []


def test_one_reference_from_two_sides_holds_one_slot() -> None:
    """Two tabs of one basket, each taking another slot, of two places too: in the end it holds one."""
    slots = [tomorrow(1), tomorrow(2), tomorrow(1, "p2")]

    in_threads(lambda number: again_and_again(lambda: perform(take_slots, [(slots[number % 3], ref(1))])), 24)

    assert SlotPromise.objects.filter(standing="held").count() == 1
    assert sum(Slot.objects.values_list("taken", flat=True)) == 1
    assert faults_in_slots() == []


def test_slots_are_locked_before_they_are_written() -> None:
    slot = tomorrow()
    take_slots([(slot, ref(1))])
    with statements() as noted:
        take_slots([(slot, ref(2))])

    told = noted.told
    (locked,) = [at for at, sql in enumerate(told) if "FROM slots_slot s JOIN" in sql]
    (written,) = [at for at, sql in enumerate(told) if "UPDATE slots_slot " in sql]
    assert locked < written
    assert "ORDER BY s.id" in told[locked]
    assert ("FOR UPDATE OF s" in told[locked]) is (connection.vendor == "postgresql")


class EarlyReader:
    """The lock taken away: figures are read before the transaction, first by all threads, before one writes."""

    def __init__(self, slot: int) -> None:
        self._own = threading.local()
        self._slot = slot
        self._all = threading.Barrier(THREADS)

    def take_slots(self, calls: Sequence[tuple[int, UUID]]) -> list[bool]:
        met = hasattr(self._own, "figures")
        self._own.figures = locking._ask([self._slot])()
        if not met:
            self._all.wait(20)
        return take_slots(calls)

    def ask_slots(self, ids: Iterable[int]) -> Callable[[], dict[int, SlotFigures]]:
        assert set(ids) == {self._slot}
        return lambda: {slot: replace(figures) for slot, figures in self._own.figures.items()}


def taken_without(patch: pytest.MonkeyPatch, *, lock: bool, guard: bool) -> int:
    slot = tomorrow()
    take_slots([(slot, ref(1000))])
    action = take_slots
    if not lock:
        reader = EarlyReader(slot)
        patch.setattr(book, "ask_slots", reader.ask_slots)
        patch.setattr(bulk, "for_update", lambda *_: "")
        action = reader.take_slots
    if not guard:
        patch.setattr(bulk, "update_guarded", update_unguarded)
    done: list[bool] = in_threads(lambda number: again_and_again(lambda: perform(action, [(slot, ref(number))])))
    return 1 + sum(done)


@pytest.mark.parametrize(("lock", "guard"), [(False, True), (True, False)], ids=["lock off", "guard off"])
def test_either_protection_is_enough(monkeypatch: pytest.MonkeyPatch, *, lock: bool, guard: bool) -> None:
    assert taken_without(monkeypatch, lock=lock, guard=guard) == ROOM
    assert faults_in_slots() == []


def test_control_without_both_more_take_it_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = taken_without(monkeypatch, lock=False, guard=False)

    assert taken > ROOM
    assert SlotPromise.objects.count() == taken
    assert faults_in_slots() != []


def planned_after_a_race(patch: pytest.MonkeyPatch) -> int:
    """Change the plan once a maker has read it, before its row is there; return by which the row goes in the end."""
    source, slot = enrol_source("planner", actor="tests"), tomorrow()
    was_read, was_changed = threading.Event(), threading.Event()

    def slow_plans(places: Mapping[int, str]) -> dict[int, SlotPlan]:
        found = plans_of(places)
        was_read.set()
        was_changed.wait(0.5)
        return found

    def act(number: int) -> object:
        if number:
            return perform(take_slots, [(slot, ref(1))])
        was_read.wait(20)
        windows = tuple(WeeklyWindow(day, "00:00", "24:00", 60, 3) for day in WEEKDAYS)
        done = set_slot_plans(source, [SlotPlanItem("k", "p1", windows)])
        was_changed.set()
        return done

    patch.setattr(book, "plans_of", slow_plans)
    with ThreadPoolExecutor(2) as pool:
        assert [one.result(30) for one in [pool.submit(act, number) for number in (0, 1)]] == [[UPDATED], [True]]
        gate = threading.Barrier(2)
        list(pool.map(leave, [gate] * 2))
    return Slot.objects.get(pk=slot).planned


def test_a_plan_changed_while_a_slot_is_made_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert planned_after_a_race(monkeypatch) == 3


def test_control_without_keeping_the_plan_a_slot_goes_by_the_one_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's writing transaction is alone anyway")
    monkeypatch.setattr(book, "share_plans", lambda _: None)

    assert planned_after_a_race(monkeypatch) == ROOM
