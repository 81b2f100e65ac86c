"""Slots over the database: made when first asked for, taken, moved, confirmed, given back, expired."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from onebasket.base import bulk
from onebasket.base.locking import OutsideTransactionError
from onebasket.base.models import Event
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.slots.actions import expiring, open_slots_book, post_slots, release_expired_slots
from onebasket.commerce.slots.models import PlanException, PlanWindow, Slot, SlotPromise
from onebasket.commerce.slots.queries import open_slots, slots_by_id
from onebasket.commerce.slots.rules.facts import SlotFacts
from tests.builders import MORNING, Clock, at, counts_of, make_chain
from tests.slotting import TEN, faults_in_slots, figures, give_back, plan, ref, slot, standings, take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _chain() -> None:
    make_chain("p1", "p2")
    plan("p1")
    plan("p2", capacity=1)


def listed(days: int = 1, now: object = MORNING, place: str = "p1") -> list[SlotFacts]:
    return open_slots(places_by_code([place])[place], now=now, days=days)  # type: ignore[arg-type]


def test_slots_are_listed_without_a_row() -> None:
    found = listed()

    assert found[0] == SlotFacts(slot(), "p1", TEN, TEN + timedelta(hours=1), TEN - timedelta(minutes=30), 2, 2)
    assert [one.starts_at for one in found] == [TEN + timedelta(hours=hour) for hour in range(8)]
    assert Slot.objects.count() == 0


def test_what_is_past_its_cut_off_is_listed_no_more() -> None:
    assert [one.id for one in listed(now=at(29, seconds=59))][:1] == [slot(0)]
    assert [one.id for one in listed(now=at(30))][:1] == [slot(1)]


@pytest.mark.parametrize(("days", "number"), [(-1, 0), (0, 0), (1, 8), (2, 16), (31, 248), (400, 248)])
def test_so_many_days_are_listed(days: int, number: int) -> None:
    assert len(listed(days)) == number


def test_the_days_of_clock_changes_are_listed() -> None:
    """Seven days from Monday 2 March: on Sunday the 8th New York's clocks go forward, and ten is an hour earlier."""
    starts = [one.starts_at for one in listed(days=7)]

    assert starts[5 * 8] == TEN + timedelta(days=5)
    assert starts[6 * 8] == TEN + timedelta(days=6) - timedelta(hours=1)
    assert len(starts) == 7 * 8


def test_a_place_closed_for_good_or_without_a_plan_has_none() -> None:
    PlanWindow.objects.filter(place__code="p2").delete()
    Place.objects.filter(code="p1").update(active=False)

    assert (listed(), listed(place="p2")) == ([], [])


def test_listing_is_three_statements_and_writes_nothing() -> None:
    take([(slot(), ref(1))])
    place = places_by_code(["p1"])["p1"]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        open_slots(place, now=MORNING, days=31)

    assert [query["sql"].split()[0] for query in asked] == ["SELECT"] * 3


def test_a_slot_is_taken_until_it_is_full() -> None:
    assert take([(slot(), ref(number)) for number in (1, 2, 3)]) == [True, True, False]

    assert figures(slot()) == (2, 2, 2)
    assert standings() == [(1, "held", slot()), (2, "held", slot())]
    assert [(one.free, one.capacity) for one in listed()[:2]] == [(0, 2), (2, 2)]
    assert faults_in_slots() == []


def test_a_refusal_writes_no_promise_and_no_news() -> None:
    take([(slot(place="p2"), ref(1))])
    before = counts_of(SlotPromise, Event), figures(slot(place="p2"))

    assert take([(slot(place="p2"), ref(2))]) == [False]
    assert (counts_of(SlotPromise, Event), figures(slot(place="p2"))) == before


def test_taking_another_gives_the_first_back() -> None:
    take([(slot(), ref(1))])

    assert take([(slot(1), ref(1))]) == [True]
    assert (figures(slot()), figures(slot(1))) == ((2, 2, 0), (2, 2, 1))
    assert standings() == [(1, "held", slot(1))]


def test_taking_one_at_another_place_gives_the_first_back() -> None:
    take([(slot(), ref(1))])

    assert take([(slot(place="p2"), ref(1))]) == [True]
    assert (figures(slot()), figures(slot(place="p2"))) == ((2, 2, 0), (1, 1, 1))
    assert standings() == [(1, "held", slot(place="p2"))]
    assert SlotPromise.objects.get().place.code == "p2"
    assert take([(slot(), ref(1))]) == [True]
    assert faults_in_slots() == []


def test_a_full_one_leaves_the_first_as_it_was() -> None:
    take([(slot(), ref(1)), (slot(place="p2"), ref(2))])

    assert take([(slot(place="p2"), ref(1))]) == [False]
    assert standings() == [(1, "held", slot()), (2, "held", slot(place="p2"))]


@pytest.mark.parametrize(
    "strange",
    [
        lambda: slot() + 30,  # between two slots
        lambda: slot(12),  # when the place is closed
        lambda: slot(24 * 31 + 1),  # farther ahead than anybody may ask
        lambda: slot(-1),  # past
        lambda: slot() + 90 * 100_000_000,  # no such place
        lambda: 0,
        lambda: -1,
        lambda: 2**53,
        lambda: 2**80,
    ],
)
def test_ids_that_name_no_slot_are_refused(strange: Callable[[], int]) -> None:
    assert take([(strange(), ref(1)), (strange(), ref(2))], confirm=False) == [False, False]
    assert take([(strange(), ref(1))], confirm=True) == [False]
    assert counts_of(Slot, SlotPromise, Event)[:2] == [0, 0]


def test_a_date_that_is_closed_has_no_slot_to_take() -> None:
    PlanException.objects.create(place=Place.objects.get(code="p1"), date=MORNING.date(), note="stocktaking")

    assert take([(slot(), ref(1)), (slot(24), ref(2))]) == [False, True]
    assert [one.id for one in listed(days=2)][:1] == [slot(24)]


def test_at_the_cut_off_nobody_takes_it() -> None:
    assert take([(slot(), ref(1))], now=at(29)) == [True]
    assert take([(slot(), ref(2))], now=at(30)) == [False]


def test_a_hold_expires_half_open_and_is_met_by_the_next() -> None:
    take([(slot(1), ref(1)), (slot(1), ref(2))])

    assert take([(slot(1), ref(3))], now=at(14, seconds=59)) == [False]
    assert [one.free for one in listed(now=at(14, seconds=59))][1] == 0
    assert [one.free for one in listed(now=at(15))][1] == 2
    assert take([(slot(1), ref(3))], now=at(15)) == [True]
    assert standings() == [(1, "expired", slot(1)), (2, "expired", slot(1)), (3, "held", slot(1))]
    assert figures(slot(1)) == (2, 2, 1)


def test_a_hold_ends_with_the_cut_off() -> None:
    take([(slot(), ref(1))], now=at(20))

    assert SlotPromise.objects.get().expires_at == at(30)
    assert take([(slot(), ref(1))], now=at(30), confirm=True) == [False]
    assert figures(slot()) == (2, 2, 0)


def test_confirming_makes_it_firm_and_nothing_expires_it(monkeypatch: pytest.MonkeyPatch) -> None:
    take([(slot(1), ref(1))])
    assert take([(slot(1), ref(1))], confirm=True) == [True]

    monkeypatch.setattr(expiring, "database_now", Clock(at(60)))
    assert release_expired_slots() == 0
    assert standings() == [(1, "firm", slot(1))]


def test_confirming_an_expired_hold_takes_it_anew_where_there_is_room() -> None:
    take([(slot(1), ref(1)), (slot(1, "p2"), ref(2))])
    take([(slot(1, "p2"), ref(3))], now=at(15))

    assert take([(slot(1), ref(1)), (slot(1, "p2"), ref(2))], now=at(16), confirm=True) == [True, False]
    assert standings() == [(1, "firm", slot(1)), (2, "expired", slot(1, "p2")), (3, "held", slot(1, "p2"))]
    assert faults_in_slots() == []


def test_giving_back_frees_it_once() -> None:
    take([(slot(), ref(1))], confirm=True)

    assert [give_back(slot(1), ref(1)), give_back(slot(), ref(1)), give_back(slot(), ref(1))] == [False, True, False]
    assert (figures(slot()), standings()) == ((2, 2, 0), [(1, "given_back", slot())])
    assert give_back(slot(), ref(9)) is False


def test_expired_holds_that_nobody_meets_are_released(monkeypatch: pytest.MonkeyPatch) -> None:
    take([(slot(1), ref(1)), (slot(1), ref(2)), (slot(2), ref(3))])
    take([(slot(3), ref(4))], minutes=20)
    monkeypatch.setattr(expiring, "database_now", Clock(at(15)))

    assert [release_expired_slots(1), release_expired_slots(), release_expired_slots()] == [2, 1, 0]
    assert [standing for _, standing, _ in standings()] == ["expired"] * 3 + ["held"]
    assert faults_in_slots() == []


def test_a_plan_cut_meanwhile_refuses_no_one_who_has_it() -> None:
    take([(slot(), ref(1)), (slot(), ref(2))], confirm=True)
    with transaction.atomic():
        book = open_slots_book([slot()], references=[], now=MORNING)
        book.figures[slot()].replan(1)
        post_slots(book, now=MORNING)

    assert figures(slot()) == (1, 2, 2)
    give_back(slot(), ref(1))
    assert figures(slot()) == (1, 1, 1)
    assert take([(slot(), ref(3))]) == [False]


def test_what_changed_is_told_per_place() -> None:
    take([(slot(), ref(1)), (slot(1), ref(2)), (slot(place="p2"), ref(3))])

    told = Event.objects.filter(type="slots.changed").order_by("id")
    assert list(told.values_list("subject", "place_code")) == [("slots/p1", "p1"), ("slots/p2", "p2")]
    assert json.loads(told[0].data)["slots"][1] == {
        "id": slot(1),
        "starts_at": "2026-03-02T16:00:00+00:00",
        "ends_at": "2026-03-02T17:00:00+00:00",
        "order_until": "2026-03-02T15:30:00+00:00",
        "capacity": 2,
        "taken": 1,
    }


def test_slots_that_baskets_name_are_found_by_id() -> None:
    take([(slot(), ref(1)), (slot(), ref(2))])

    assert slots_by_id([slot(), slot(1), 5], now=at(15)) == {
        slot(): SlotFacts(slot(), "p1", TEN, TEN + timedelta(hours=1), TEN - timedelta(minutes=30), 2, 2)
    }
    assert slots_by_id([], now=MORNING) == {}


def test_a_batch_of_many_takes_a_fixed_number_of_statements() -> None:
    def statements(numbers: range) -> int:
        with CaptureQueriesContext(connection) as asked:
            take([(slot(24 + number % 8), ref(number)) for number in numbers])
        return len(asked) - len(numbers)  # each looks its place up, in the test

    few, many = statements(range(1, 3)), statements(range(10, 26))
    assert (few, many) == (many, few)


def test_nothing_is_locked_outside_a_transaction(transactional_db: None) -> None:
    with pytest.raises(OutsideTransactionError):
        open_slots_book([], references=[], now=MORNING)


@pytest.mark.parametrize("table", [Slot, SlotPromise])
def test_the_guard_keeps_what_was_changed_meanwhile(table: type[Slot | SlotPromise]) -> None:
    take([(slot(), ref(1))])

    def spoil() -> None:
        with transaction.atomic():
            book = open_slots_book([slot(1)], references=[ref(1)], now=MORNING)
            table.objects.update(version=9)
            book.take(slot(1), ref(1), at(15))
            post_slots(book, now=MORNING)

    with pytest.raises(bulk.GuardError):
        spoil()
    assert (figures(slot()), standings()) == ((2, 2, 1), [(1, "held", slot())])


@pytest.mark.parametrize("change", [{"taken": 3}, {"taken": -1}, {"capacity": 0}, {"planned": -1}])
def test_the_table_itself_refuses_more_than_there_is_room_for(change: dict[str, int]) -> None:
    take([(slot(), ref(1)), (slot(), ref(2))])

    with pytest.raises(IntegrityError), transaction.atomic():
        Slot.objects.filter(pk=slot()).update(**change)
