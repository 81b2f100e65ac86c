"""The store finder: nearest places, places by a text, and the spots that postcodes and towns mean."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.rules import UNCHANGED, UPDATED
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.queries import (
    addresses_of,
    find_spots,
    nearest,
    places_by_code,
    search_places,
    spots,
    stated_places,
)
from onebasket.commerce.places.rules import OpeningHours, PlaceAddress, PlaceItem, Spot

pytestmark = pytest.mark.django_db

HOURS = (OpeningHours("monday", "07:00", "22:00"), OpeningHours("tuesday", "07:00", "22:00"))
CINCINNATI = Spot(39_107_200, -84_502_000)


def place(code: str, name: str, *where: int, **more: object) -> PlaceItem:
    latitude, longitude = where or (None, None)
    stated = {"region": "OH", "country": "US", "latitude": latitude, "longitude": longitude} | more
    return PlaceItem(str(stated.pop("key", f"k-{code}")), code, name, "USD", "America/New_York", **stated)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _chain() -> None:
    upsert_places(
        enrol_source("erp", actor="tests"),
        [
            place(
                "1", "Vine Street", 39_108_000, -84_515_000, city="Cincinnati", postcode="45202", opening_hours=HOURS
            ),
            place("2", "Örtlich", 39_161_000, -84_457_000, city="Norwood", postcode="45212"),
            place("3", "High Street", 39_961_000, -82_999_000, city="Columbus", postcode="43215"),
            place("4", "Second High", 39_990_000, -83_001_000, city="Columbus", postcode="43201"),
            place("5", "Nowhere yet", city="Dayton"),
            place("6", "Vine warehouse", 39_108_000, -84_515_000, city="Cincinnati", kind="warehouse"),
            place("7", "Vine, closed", 39_108_000, -84_515_000, city="Cincinnati", active=False),
            place("8", "Vine twin", 39_108_000, -84_515_000, city="Cincinnati", postcode="45202"),
        ],
    )


def codes(found: object) -> list[str]:
    return [one.place.code for one in found]  # type: ignore[attr-defined]


def test_the_nearest_active_stores_come_first_ties_by_code() -> None:
    found = nearest(CINCINNATI, limit=10)

    assert codes(found) == ["1", "8", "2", "3", "4"]
    assert [one.distance_metres for one in found] == [1_125, 1_125, 7_131, 160_081, 161_856]
    assert codes(nearest(CINCINNATI, limit=2)) == ["1", "8"]
    assert codes(nearest(CINCINNATI, limit=10, codes=["4", "2"])) == ["2", "4"]
    assert codes(nearest(CINCINNATI, limit=10, kind="warehouse")) == ["6"]
    assert nearest(CINCINNATI, limit=0) == []


def test_the_nearest_are_found_in_two_statements() -> None:
    with CaptureQueriesContext(connection) as asked:
        nearest(CINCINNATI, limit=10)
    assert len(asked) == 2


def test_an_address_is_kept_whole_and_changed() -> None:
    first = places_by_code(["1"])["1"].id
    stated = PlaceAddress("", "Cincinnati", "45202", "OH", "US", "", 39_108_000, -84_515_000, HOURS)
    assert addresses_of([first, -1]) == {first: stated}
    source = enrol_source("other", actor="tests")
    same = place("1", "Vine Street", 39_108_000, -84_515_000, city="Cincinnati", postcode="45202", opening_hours=HOURS)

    assert upsert_places(source, [same]) == [UNCHANGED]
    moved = place("1", "Vine Street", 39_100_000, -84_500_000, street="1 Vine St", phone="+1 513 555 0100", key="k")
    assert upsert_places(source, [moved]) == [UPDATED]
    changed = PlaceAddress("1 Vine St", "", "", "OH", "US", "+1 513 555 0100", 39_100_000, -84_500_000, ())
    assert addresses_of([first]) == {first: changed}
    assert [one.code for one in stated_places(["1", "2", "nobody"])] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["3", "5", "4", "1", "8", "2"]),
        ("  vine ", ["1", "8"]),
        ("HIGH", ["3", "4"]),
        ("street", ["3", "1"]),
        ("treet", []),
        ("colum", ["3", "4"]),
        ("452", ["1", "8", "2"]),
        ("örtlich", ["2"]),
        ("ÖRT", ["2"]),
        ("4", ["3", "4", "1", "8", "2"]),  # its code, or a postcode that begins so
        ("%", []),
        ("_", []),
        ("closed", []),
    ],
)
def test_places_are_searched_by_what_begins_a_word(text: str, expected: list[str]) -> None:
    assert codes(search_places(text)) == expected


def test_a_search_is_bounded_and_narrowed() -> None:
    assert codes(search_places("", limit=2)) == ["3", "5"]
    assert codes(search_places("", codes=["1", "2"])) == ["1", "2"]
    assert search_places("", limit=-1) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45212", [Spot(39_161_000, -84_457_000, "45212")]),  # the chain's own place goes before the list's
        ("43085", [Spot(40_099_900, -83_015_700, "43085")]),
        ("43085-1234", [Spot(40_099_900, -83_015_700, "43085-1234")]),
        ("99999", []),
        ("columbus, oh", [Spot(39_975_500, -83_000_000, "Columbus, OH")]),
        ("  COLUMBUS ,OH", [Spot(39_975_500, -83_000_000, "Columbus, OH")]),
        ("Columbus, XX", []),
        ("39.1072,-84.502", [Spot(39_107_200, -84_502_000, "39.1072,-84.502")]),
        ("91,0", []),
        ("0,181", []),
        ("", []),
        ("   ", []),
        ("x" * 121, []),
        ("Cincin\x00nati", []),
    ],
)
def test_spots_that_a_text_may_mean(text: str, expected: list[Spot]) -> None:
    assert find_spots(text) == expected


def test_towns_of_one_name_come_with_the_chains_own_first() -> None:
    names = [spot.name for spot in find_spots("Columbus")]

    assert names[:2] == ["Columbus, OH", "Columbus, GA"]
    assert len(names) == 5


def test_without_the_list_of_zip_codes_the_chains_own_towns_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spots, "zipcodes", None)

    assert [spot.name for spot in find_spots("Columbus")] == ["Columbus, OH"]
    assert [spot.name for spot in find_spots("45202")] == ["45202"]
    assert find_spots("43085") == []


@pytest.mark.parametrize("change", [{"latitude": 90_000_001}, {"longitude": None}, {"longitude": -180_000_001}])
def test_the_table_refuses_coordinates_that_are_none(change: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Place.objects.filter(code="1").update(**change)
