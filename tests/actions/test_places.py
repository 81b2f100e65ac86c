"""Places: made, changed, refused, each item once."""

import json

import pytest

from onebasket.base.models import Event, InboxEntry
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.rules import CONFLICT, CREATED, UNCHANGED, UPDATED, ItemOutcome
from onebasket.commerce.places import queries
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.rules import PlaceItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> int:
    return enrol_source("erp", actor="tests")


def place(key: str, code: str, name: str = "One", currency: str = "USD") -> PlaceItem:
    return PlaceItem(key, code, name, currency, "America/New_York", day_start_minutes=300)


def test_a_place_is_made_changed_and_left_alone(source: int) -> None:
    assert upsert_places(source, [place("k1", "s1"), place("k2", "s2", "Two")]) == [CREATED, CREATED]
    assert upsert_places(source, [place("k3", "s1", "Uno"), place("k4", "s2", "Two")]) == [UPDATED, UNCHANGED]

    found = queries.places_by_code(["s1", "s2", "s9"])
    assert {code: facts.name for code, facts in found.items()} == {"s1": "Uno", "s2": "Two"}
    one = found["s1"]
    assert (one.kind, one.currency, one.time_zone, one.day_start_minutes, one.owner, one.active) == (
        "store", "USD", "America/New_York", 300, "chain", True,
    )  # fmt: skip
    assert queries.places_by_id([one.id]) == {one.id: one}
    assert [facts.code for facts in queries.all_places()] == ["s1", "s2"]


def test_each_change_is_an_event(source: int) -> None:
    upsert_places(source, [place("k1", "s1"), place("k2", "s1"), place("k3", "s1", "Uno")])

    events = list(Event.objects.order_by("id").values_list("type", "subject", "place_code", "data"))
    assert [row[:3] for row in events] == [("place.changed", "place/s1", "s1")] * 2
    assert json.loads(events[1][3]) == {
        "code": "s1",
        "name": "Uno",
        "kind": "store",
        "currency": "USD",
        "time_zone": "America/New_York",
        "day_start_minutes": 300,
        "owner": "chain",
        "active": True,
        "street": "",
        "city": "",
        "postcode": "",
        "region": "",
        "country": "",
        "phone": "",
        "latitude": None,
        "longitude": None,
        "opening_hours": [],
    }


def test_the_same_key_again_returns_the_first_outcome(source: int) -> None:
    first = upsert_places(source, [place("k1", "s1"), place("k2", "s2", currency="XX1")])
    upsert_places(source, [place("k3", "s1", "Uno")])

    assert upsert_places(source, [place("k1", "s1"), place("k2", "s2", currency="XX1")]) == first
    assert Place.objects.get().name == "Uno"
    assert Event.objects.count() == 2


def test_the_same_key_with_other_content_is_a_conflict_and_changes_nothing(source: int) -> None:
    upsert_places(source, [place("k1", "s1")])

    assert upsert_places(source, [place("k1", "s1", "Uno"), place("k2", "s2")]) == [CONFLICT, CREATED]
    assert queries.places_by_code(["s1"])["s1"].name == "One"


def test_doubled_in_one_batch(source: int) -> None:
    batch = [place("k1", "s1"), place("k1", "s1"), place("k1", "s1", "Uno")]

    assert upsert_places(source, batch) == [CREATED, CREATED, CONFLICT]
    assert Place.objects.get().name == "One"
    assert Event.objects.count() == 1
    assert InboxEntry.objects.count() == 1


def test_two_sources_may_use_the_same_key(source: int) -> None:
    other = enrol_source("erp-2", actor="tests")
    upsert_places(source, [place("k1", "s1")])

    assert upsert_places(other, [place("k1", "s1", "Uno")]) == [UPDATED]


def test_a_refused_item_stands_alone(source: int) -> None:
    upsert_places(source, [place("k0", "s1")])
    outcomes = upsert_places(
        source,
        [
            place("k1", "s1", currency="CAD"),
            place("k2", "s" * 65),
            place("k3", "s3\x00"),
            place("", "s4"),
            place("k" * 121, "s5"),
            place("k6", "s\ud800"),
            place("k7", "s7"),
        ],
    )

    assert outcomes == [
        ItemOutcome(
            "invalid",
            "currency: s1 trades in USD, and what is booked there is counted in it. "
            "Close the place and open one with another code.",
        ),
        ItemOutcome("invalid", "code: Expected `str` of length <= 64."),
        ItemOutcome("invalid", "A text holds a NUL character, which no screen shows. Remove it."),
        ItemOutcome("invalid", "A key has 1 to 120 characters."),
        ItemOutcome("invalid", "A key has 1 to 120 characters."),
        ItemOutcome("invalid", "The item holds a number or a text that JSON cannot carry."),
        CREATED,
    ]
    assert sorted(Place.objects.values_list("code", flat=True)) == ["s1", "s7"]
    assert set(InboxEntry.objects.values_list("key", flat=True)) == {"k0", "k1", "k2", "k3", "k7"}


def test_nothing_sent_is_nothing_done(source: int) -> None:
    assert upsert_places(source, []) == []


def test_a_batch_that_fails_leaves_nothing(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the line is cut")

    monkeypatch.setattr("onebasket.base.outbox.record", fail)
    with pytest.raises(RuntimeError):
        upsert_places(source, [place("k1", "s1")])
    monkeypatch.undo()

    assert (Place.objects.count(), InboxEntry.objects.count()) == (0, 0)
    assert upsert_places(source, [place("k1", "s1")]) == [CREATED]
