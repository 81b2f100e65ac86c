"""Slots and the store finder over HTTP: plans stated and read, slots listed, stores found by where one is."""

from typing import Any

import pytest

from onebasket.commerce.places.models import Place
from onebasket.commerce.slots.models import PlanException, PlanWindow, Slot
from tests.builders import MORNING
from tests.channels.api import Hub, count_rows, make_hub
from tests.slotting import ref, slot, take

pytestmark = pytest.mark.django_db

WINDOW = {
    "weekday": "monday", "opens": "10:00", "closes": "12:00", "slot_minutes": 60, "capacity": 2, "cutoff_minutes": 30,
}  # fmt: skip


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Monday 2 March 2026, nine o'clock in New York."""
    for module in ("channels.api.slots", "commerce.access.actions.intake"):
        monkeypatch.setattr(f"onebasket.{module}.database_now", lambda: MORNING)
    return make_hub(monkeypatch)


def put(hub: Hub, path: str, *items: dict[str, Any]) -> list[Any]:
    answer = hub.shop.put(path, {"items": list(items)})
    assert answer.status == 200, answer
    return [result["outcome"] for result in answer.results]


def plan(key: str = "k1", place: str = "p1", *windows: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "place": place, "windows": list(windows or [WINDOW])}


def test_slots_are_listed_as_the_places_clock_shows_them(hub: Hub) -> None:
    assert put(hub, "slots/plans", plan()) == ["created"]
    take([(slot(), ref(1))])

    answer = hub.caller(scopes=["storefront"]).get("places/p1/slots?days=1")
    assert answer.json == {
        "place": "p1",
        "time_zone": "America/New_York",
        "slots": [
            {
                "id": slot(), "starts_at": "2026-03-02T10:00:00-05:00", "ends_at": "2026-03-02T11:00:00-05:00",
                "order_until": "2026-03-02T09:30:00-05:00", "capacity": 2, "free": 1,
            },
            {
                "id": slot(1), "starts_at": "2026-03-02T11:00:00-05:00", "ends_at": "2026-03-02T12:00:00-05:00",
                "order_until": "2026-03-02T10:30:00-05:00", "capacity": 2, "free": 2,
            },
        ],
    }  # fmt: skip
    assert len(hub.shop.get("places/p1/slots").json["slots"]) == 2
    assert len(hub.shop.get("places/p1/slots?days=8").json["slots"]) == 4
    assert hub.shop.get("places/p1/slots?days=8").json["slots"][2]["starts_at"] == "2026-03-09T10:00:00-04:00"
    assert hub.shop.get("places/p2/slots").json["slots"] == []


def test_listing_makes_no_rows(hub: Hub) -> None:
    put(hub, "slots/plans", plan())
    before = count_rows()

    hub.shop.get("places/p1/slots?days=31")
    assert count_rows() == before


@pytest.mark.parametrize("query", ["days=0", "days=32", "days=x", "days=1&days=2", "weeks=1"])
def test_a_query_that_means_nothing_is_refused(hub: Hub, query: str) -> None:
    assert hub.shop.get(f"places/p1/slots?{query}").status == 422


@pytest.mark.parametrize("place", ["nowhere", "%00", "x" * 65, "p1%20"])
def test_a_place_that_is_not_there_answers_404(hub: Hub, place: str) -> None:
    assert hub.shop.get(f"places/{place}/slots").status == 404


def test_plans_and_exceptions_are_read_back(hub: Hub) -> None:
    later = WINDOW | {"weekday": "friday", "capacity": 5, "cutoff_minutes": 0}
    assert put(hub, "slots/plans", plan("k1", "p1", later, WINDOW), plan("k2", "p2")) == ["created", "created"]
    exceptional = {"opens": "14:00", "closes": "24:00", "slot_minutes": 120, "capacity": 1}
    stated: list[dict[str, Any]] = [
        {"key": "e1", "place": "p1", "date": "2026-12-24", "windows": [exceptional], "note": "Christmas Eve"},
        {"key": "e2", "place": "p1", "date": "2026-12-25"},
        {"key": "e3", "place": "p1", "date": "2026-03-01"},
        {"key": "e4", "place": "p2", "date": "2026-12-25", "removed": True},
    ]
    assert put(hub, "slots/exceptions", *stated) == ["created", "created", "created", "unchanged"]

    first = hub.shop.get("slots/plans?limit=1")
    assert first.items == [
        {
            "place": "p1",
            "windows": [WINDOW, later],
            "exceptions": [
                {"date": "2026-12-24", "windows": [exceptional | {"cutoff_minutes": 0}], "note": "Christmas Eve"},
                {"date": "2026-12-25", "windows": [], "note": ""},
            ],
        }
    ]
    assert hub.shop.get(first.json["next"]).items == [{"place": "p2", "windows": [WINDOW], "exceptions": []}]


@pytest.mark.parametrize(
    "broken",
    [
        {"weekday": "Monday"},
        {"weekday": 0},
        {"opens": "9:00"},
        {"opens": "25:00"},
        {"closes": "24:30"},
        {"slot_minutes": 0},
        {"slot_minutes": 60.5},
        {"capacity": -1},
        {"capacity": 10_001},
        {"cutoff_minutes": 10_081},
        {"room": 1},
    ],
)
def test_a_window_of_another_shape_is_refused_whole(hub: Hub, broken: dict[str, object]) -> None:
    answer = hub.shop.put("slots/plans", {"items": [plan(), plan("k2", "p2", WINDOW | broken)]})

    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert answer.json["errors"][0]["field"].startswith("items[1].windows[0]")
    assert PlanWindow.objects.count() == 0


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ([WINDOW | {"closes": "10:00"}], "windows: on monday, 10:00 is not after 10:00."),
        ([WINDOW, WINDOW | {"opens": "11:30", "closes": "13:00"}], "windows: those of monday overlap."),
    ],
)
def test_windows_that_cannot_be_are_refused_one_by_one(hub: Hub, windows: list[Any], message: str) -> None:
    answer = hub.shop.put("slots/plans", {"items": [plan("k1", "p1", *windows), plan("k2", "p2")]})

    assert answer.results == [{"outcome": "invalid", "message": message}, {"outcome": "created"}]
    assert set(PlanWindow.objects.values_list("place__code", flat=True)) == {"p2"}


@pytest.mark.parametrize("day", ["2026-02-30", "24.12.2026", "", 7, None])
def test_a_date_that_is_none_is_refused(hub: Hub, day: object) -> None:
    answer = hub.shop.put("slots/exceptions", {"items": [{"key": "e", "place": "p1", "date": day}]})

    assert answer.status == 422
    assert PlanException.objects.count() == 0


def test_the_same_again_answers_the_same(hub: Hub) -> None:
    assert [put(hub, "slots/plans", plan()) for _ in range(2)] == [["created"], ["created"]]
    assert put(hub, "slots/plans", plan("k1", "p1", WINDOW | {"capacity": 9})) == ["conflict"]
    assert set(PlanWindow.objects.values_list("capacity", flat=True)) == {2}


def test_a_plan_cut_by_the_owner_takes_no_more(hub: Hub) -> None:
    put(hub, "slots/plans", plan())
    take([(slot(), ref(1))])
    put(hub, "slots/plans", plan("k2", "p1", WINDOW | {"capacity": 1}))

    assert [one["free"] for one in hub.shop.get("places/p1/slots?days=1").json["slots"]] == [0, 1]
    assert Slot.objects.get().planned == 1


@pytest.fixture
def spread(hub: Hub) -> Hub:
    stated = {"currency": "USD", "time_zone": "America/New_York", "city": "Columbus", "region": "OH", "country": "US"}
    places = [
        stated | {"code": "c1", "latitude": 39_961_000, "longitude": -82_999_000, "postcode": "43215"},
        stated | {"code": "c2", "latitude": 39_990_000, "longitude": -83_001_000, "postcode": "43201"},
        stated | {"code": "c3", "latitude": 39_990_000, "longitude": -83_001_000, "active": False},
        stated | {"code": "c4", "latitude": 39_108_000, "longitude": -84_515_000, "city": "Cincinnati"},
    ]
    hours = [{"weekday": "monday", "opens": "07:00", "closes": "22:00"}]
    rows = [place | {"key": f"k-{place['code']}", "name": place["code"], "opening_hours": hours} for place in places]
    assert put(hub, "places", *rows) == ["created"] * 4
    return hub


def near(hub: Hub, query: str) -> list[tuple[str, int]]:
    return [(place["code"], place["distance_metres"]) for place in hub.shop.get(f"places?{query}").items]


def test_stores_are_found_by_where_one_is(spread: Hub) -> None:
    assert near(spread, "near=39.9612,-82.9988") == [("c1", 28), ("c2", 3_208), ("c4", 160_954)]
    assert near(spread, "near=39.9612,+-82.9988")[0] == ("c1", 28)
    assert near(spread, "postcode=43201") == [("c2", 0), ("c1", 3_229), ("c4", 162_690)]
    assert near(spread, "postcode=columbus,+oh")[0][0] in {"c1", "c2"}
    assert spread.shop.get("places?near=0,0&limit=1").items[0]["opening_hours"] == [
        {"weekday": "monday", "opens": "07:00", "closes": "22:00"}
    ]


def test_the_nearest_are_paged(spread: Hub) -> None:
    first = spread.shop.get("places?near=39.9612,-82.9988&limit=2")
    assert [place["code"] for place in first.items] == ["c1", "c2"]
    second = spread.shop.get(first.json["next"])
    assert ([place["code"] for place in second.items], second.json["next"]) == (["c4"], None)


def test_a_bound_token_finds_its_own_places(spread: Hub) -> None:
    bound = spread.caller(places=["c4", "p1"])
    assert [place["code"] for place in bound.get("places?postcode=43201").items] == ["c4"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("near=39.9", "invalid"),
        ("near=north", "invalid"),
        ("near=91,0", "unknown_spot"),
        ("near=1e3,0", "invalid"),
        ("near=" + "1" * 41, "invalid"),
        ("postcode=", "invalid"),
        ("postcode=99999", "unknown_spot"),
        ("postcode=Atlantis", "unknown_spot"),
        ("near=0,0&postcode=43201", "one_of"),
    ],
)
def test_nowhere_is_refused(spread: Hub, query: str, code: str) -> None:
    answer = spread.shop.get(f"places?{query}")
    assert (answer.status, answer.json["code"]) == (422, code)


@pytest.mark.parametrize(
    ("broken", "status", "told"),
    [
        ({"latitude": 90_000_001, "longitude": 0}, 422, "items[0].latitude"),
        ({"latitude": 39.1, "longitude": 0}, 422, "items[0].latitude"),
        ({"country": "usa"}, 422, "items[0].country"),
        ({"opening_hours": [{"weekday": "monday", "opens": "7", "closes": "22:00"}]}, 422, "items[0].opening_hours[0]"),
        ({"latitude": 1}, 200, "latitude, longitude: state both or neither."),
        (
            {"opening_hours": [{"weekday": "monday", "opens": "22:00", "closes": "07:00"}]},
            200,
            "opening_hours: monday closes at 07:00, which is not after 22:00.",
        ),
    ],
)
def test_addresses_that_cannot_be_are_refused(hub: Hub, broken: dict[str, Any], status: int, told: str) -> None:
    stated = {"key": "k", "code": "c1", "name": "c1", "currency": "USD", "time_zone": "America/New_York"}
    answer = hub.shop.put("places", {"items": [stated | broken]})

    assert answer.status == status
    if status == 200:
        assert answer.results == [{"outcome": "invalid", "message": told}]
    else:
        assert answer.json["errors"][0]["field"].startswith(told)
    assert not Place.objects.filter(code="c1").exists()
