"""Plans and exceptions: stated, changed, refused, each item once; what is taken stays taken."""

import json
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from onebasket.base.models import Event, InboxEntry
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.rules import CONFLICT, CREATED, UNCHANGED, UPDATED, invalid
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.queries import places_by_code, stated_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.slots.actions import set_slot_days, set_slot_exceptions, set_slot_plans
from onebasket.commerce.slots.models import PlanException, PlanWindow, Slot
from onebasket.commerce.slots.queries import open_slots, stated_plans
from onebasket.commerce.slots.rules.messages import (
    SlotDaysItem,
    SlotException,
    SlotExceptionItem,
    SlotPlanItem,
    StatedPlan,
    StatedWindow,
    WeeklyWindow,
)
from tests.builders import MORNING, counts_of, make_chain
from tests.mailing import post
from tests.slotting import TEN, faults_in_slots, figures, give_back, ref, slot, standings, take

pytestmark = pytest.mark.django_db

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def window(opens: str = "10:00", closes: str = "18:00", minutes: int = 60, room: int = 2, **more: int) -> WeeklyWindow:
    return WeeklyWindow("monday", opens, closes, minutes, room, **more)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken in on the Monday morning: the intake reads the database's clock, which these tests hold still."""
    monkeypatch.setattr("onebasket.commerce.access.actions.intake.database_now", lambda: MORNING)


@pytest.fixture
def source() -> int:
    return make_chain("p1", "p2")


def state(source: int, key: str, *windows: WeeklyWindow, place: str = "p1") -> object:
    (outcome,) = set_slot_plans(source, [SlotPlanItem(key, place, windows)])
    return outcome


def except_(source: int, key: str, day: date, *windows: StatedWindow, **more: object) -> object:
    (outcome,) = set_slot_exceptions(source, [SlotExceptionItem(key, "p1", day, windows, **more)])  # type: ignore[arg-type]
    return outcome


def starts(days: int = 1) -> list[str]:
    found = open_slots(places_by_code(["p1"])["p1"], now=MORNING, days=days)
    return [f"{one.starts_at - TEN + timedelta(hours=10)}x{one.free}" for one in found]


def plans() -> list[StatedPlan]:
    return stated_plans(list(places_by_code(["p1", "p2"]).values()), now=MORNING)


def test_a_plan_is_stated_changed_and_left_alone(source: int) -> None:
    assert plans() == []
    assert state(source, "k1", window(closes="12:00")) == CREATED
    assert starts() == ["10:00:00x2", "11:00:00x2"]
    assert state(source, "k2", window(closes="12:00")) == UNCHANGED
    assert state(source, "k3", window(closes="11:00", room=5), window("12:00", "12:30", 30)) == UPDATED
    assert starts() == ["10:00:00x5", "12:00:00x2"]
    assert plans() == [StatedPlan("p1", (window(closes="11:00", room=5), window("12:00", "12:30", 30)), ())]
    assert state(source, "k4") == UPDATED
    assert (starts(), plans()) == ([], [StatedPlan("p1", (), ())])
    assert state(source, "k5") == UNCHANGED


def test_a_plan_without_windows_is_stated_all_the_same(source: int) -> None:
    assert [state(source, "k1"), state(source, "k2")] == [CREATED, UNCHANGED]


def test_a_batch_states_the_last_of_each_place(source: int) -> None:
    outcomes = set_slot_plans(
        source,
        [
            SlotPlanItem("k1", "p1", (window(room=1),)),
            SlotPlanItem("k2", "p2", (window(room=2),)),
            SlotPlanItem("k3", "p1", (window(closes="11:00", room=3),)),
            SlotPlanItem("k4", "p1", (window(closes="11:00", room=3),)),
            SlotPlanItem("k5", "nowhere", (window(),)),
            SlotPlanItem("k6", "p1", (window("12:00", "10:00"),)),
            SlotPlanItem("k7", "p1", (window(room=-1),)),
            SlotPlanItem("k1", "p1", (window(room=9),)),
        ],
    )

    assert outcomes[:4] == [CREATED, CREATED, UPDATED, UNCHANGED]
    assert outcomes[4:] == [
        invalid("place: there is no place 'nowhere'."),
        invalid("windows: on monday, 10:00 is not after 12:00."),
        invalid("windows[0].capacity: Expected `int` >= 0."),
        CONFLICT,
    ]
    assert starts() == ["10:00:00x3"]
    assert InboxEntry.objects.filter(kind="slot-plan").count() == 7


def test_some_days_are_stated_and_the_others_stay(source: int) -> None:
    state(source, "k1", window(closes="11:00"))
    late = StatedWindow("12:00", "13:00", 60, 1)

    def days(key: str, *weekdays: str, beside: bool = False, place: str = "p1") -> object:
        item = SlotDaysItem(key, place, weekdays, (late,), beside)  # type: ignore[arg-type]
        (outcome,) = set_slot_days(source, [item])
        return outcome

    assert days("d1", "tuesday") == UPDATED
    assert (starts(), len(plans()[0].windows)) == (["10:00:00x2"], 2)
    assert days("d2", "monday", beside=True) == UPDATED
    assert days("d3", "monday", beside=True) == UNCHANGED
    assert starts() == ["10:00:00x2", "12:00:00x1"]
    assert days("d4", "monday") == UPDATED
    assert starts() == ["12:00:00x1"]
    assert days("d5", "monday", place="p2") == CREATED
    assert days("d6", "monday", place="nowhere") == invalid("place: there is no place 'nowhere'.")


def test_the_same_key_again_returns_the_first_outcome(source: int) -> None:
    state(source, "k1", window())
    state(source, "k2", window(room=9))

    assert state(source, "k1", window()) == CREATED
    assert starts()[0] == "10:00:00x9"


def test_an_exception_is_stated_changed_and_removed(source: int) -> None:
    state(source, "k1", window(closes="12:00"))

    assert except_(source, "e1", MONDAY, StatedWindow("13:00", "14:00", 30, 4), note="late") == CREATED
    assert starts() == ["13:00:00x4", "13:30:00x4"]
    assert except_(source, "e2", MONDAY, StatedWindow("13:00", "14:00", 30, 4), note="late") == UNCHANGED
    assert except_(source, "e3", MONDAY, note="closed") == UPDATED
    assert starts() == []
    assert plans()[0].exceptions == (SlotException(MONDAY, (), "closed"),)
    assert except_(source, "e4", MONDAY, removed=True) == UPDATED
    assert except_(source, "e5", MONDAY, removed=True) == UNCHANGED
    assert starts() == ["10:00:00x2", "11:00:00x2"]
    assert counts_of(PlanException, PlanWindow) == [0, 1]


def test_exceptions_before_today_are_not_shown(source: int) -> None:
    state(source, "k1", window())
    for number in (-2, -1, 0, 1):
        except_(source, f"e{number}", MONDAY + timedelta(days=number))

    assert [one.date for one in plans()[0].exceptions] == [MONDAY, TUESDAY]


def test_exceptions_that_are_refused(source: int) -> None:
    outcomes = set_slot_exceptions(
        source,
        [
            SlotExceptionItem("e1", "nowhere", MONDAY),
            SlotExceptionItem("e2", "p1", MONDAY, (StatedWindow("11:00", "10:00", 30, 1),)),
            SlotExceptionItem("e3", "p1", MONDAY, note="x" * 201),
        ],
    )

    assert outcomes == [
        invalid("place: there is no place 'nowhere'."),
        invalid("windows: on 2026-03-02, 10:00 is not after 11:00."),
        invalid("note: Expected `str` of length <= 200."),
    ]
    assert PlanException.objects.count() == 0


def test_what_is_taken_follows_the_plan_and_stays_taken(source: int) -> None:
    state(source, "k1", window(room=3))
    take([(slot(), ref(1)), (slot(), ref(2)), (slot(1), ref(3))], confirm=True)

    state(source, "k2", window(closes="11:00", room=1))
    assert [figures(slot()), figures(slot(1))] == [(1, 2, 2), (0, 1, 1)]
    assert take([(slot(), ref(4)), (slot(1), ref(5))]) == [False, False]
    assert [reference for reference, _, _ in standings()] == [1, 2, 3]
    give_back(slot(), ref(1))
    give_back(slot(1), ref(3))
    assert [figures(slot()), figures(slot(1))] == [(1, 1, 1), (0, 0, 0)]
    state(source, "k3", window(room=4))
    assert [figures(slot()), figures(slot(1))] == [(4, 4, 1), (4, 4, 0)]
    assert take([(slot(), ref(4)), (slot(1), ref(5))]) == [True, True]
    assert faults_in_slots() == []


def test_a_date_closed_takes_no_more(source: int) -> None:
    state(source, "k1", window())
    take([(slot(), ref(1))])
    except_(source, "e1", MONDAY)

    assert figures(slot()) == (0, 1, 1)
    assert take([(slot(), ref(2))]) == [False]
    assert starts() == []


def test_a_slot_that_is_taken_keeps_its_times_and_an_empty_one_follows(source: int) -> None:
    state(source, "k1", window())
    take([(slot(), ref(1)), (slot(1), ref(2))])
    give_back(slot(1), ref(2))

    state(source, "k2", window(minutes=30, cutoff_minutes=15))
    ends = dict(Slot.objects.values_list("pk", "ends_at"))
    assert ends == {slot(): TEN + timedelta(hours=1), slot(1): TEN + timedelta(hours=1, minutes=30)}
    assert Slot.objects.get(pk=slot(1)).cutoff_at == TEN + timedelta(minutes=45)
    listed = open_slots(places_by_code(["p1"])["p1"], now=MORNING, days=1)
    assert [one.ends_at - one.starts_at for one in listed[:2]] == [timedelta(hours=1), timedelta(minutes=30)]


def test_slots_of_other_places_are_left_alone(source: int) -> None:
    state(source, "k1", window())
    state(source, "k2", window(), place="p2")
    take([(slot(), ref(1)), (slot(place="p2"), ref(2))])
    versions = dict(Slot.objects.values_list("pk", "version"))

    state(source, "k3", window(room=1))
    assert Slot.objects.get(pk=slot(place="p2")).version == versions[slot(place="p2")]
    assert Slot.objects.get(pk=slot()).version == versions[slot()] + 1


def test_each_change_is_an_event(source: int) -> None:
    state(source, "k1", window(room=7, cutoff_minutes=60))
    except_(source, "e1", MONDAY, note="closed")

    told = Event.objects.filter(type__startswith="slotplan.").order_by("id")
    assert list(told.values_list("type", "subject", "place_code")) == [
        ("slotplan.changed", "slotplan/p1", "p1"),
        ("slotplan.exception_changed", "slotplan/p1", "p1"),
    ]
    assert [json.loads(one.data) for one in told] == [
        {
            "place": "p1",
            "windows": [
                {
                    "weekday": "monday", "opens": "10:00", "closes": "18:00", "slot_minutes": 60, "capacity": 7,
                    "cutoff_minutes": 60,
                }
            ],
        },
        {"place": "p1", "date": "2026-03-02", "note": "closed", "windows": [], "removed": False},
    ]  # fmt: skip


def test_two_sources_may_use_the_same_key(source: int) -> None:
    state(source, "k1", window())

    assert state(enrol_source("other", actor="tests"), "k1", window(room=3)) == UPDATED


@pytest.mark.parametrize(
    "change",
    [
        {"weekday": None},
        {"weekday": 7},
        {"weekday": -1},
        {"date": MONDAY},
        {"to_minutes": 600},
        {"to_minutes": 1441},
        {"from_minutes": -1},
        {"slot_minutes": 0},
        {"capacity": -1},
        {"cutoff_minutes": -1},
    ],
)
def test_the_table_refuses_windows_that_are_none(source: int, change: dict[str, object]) -> None:
    state(source, "k1", window())

    with pytest.raises(IntegrityError), transaction.atomic():
        PlanWindow.objects.filter(place=Place.objects.get(code="p1")).update(**change)


def test_slots_follow_a_place_into_another_time_zone(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onebasket.channels.workers.following.database_now", lambda: MORNING)
    state(source, "k1", window())
    first, second = slot(0), slot(1)  # 10:00 and 11:00 in New York are 9:00 and 10:00 in Chicago
    take([(first, ref(1)), (second, ref(2))], confirm=True)
    post()
    assert [Slot.objects.get(pk=one).capacity for one in (first, second)] == [2, 2]
    (known,) = stated_places({"p1"})
    upsert_places(source, [PlaceItem("moved", "p1", known.name, known.currency, "America/Chicago")])
    # The control: nobody has heard of it yet.
    assert [Slot.objects.get(pk=one).capacity for one in (first, second)] == [2, 2]
    post()
    assert [(row.capacity, row.taken) for row in (Slot.objects.get(pk=one) for one in (first, second))] == [
        (1, 1), (2, 1),
    ]  # fmt: skip
    assert starts()[0] == "11:00:00x1"
    assert faults_in_slots() == []
