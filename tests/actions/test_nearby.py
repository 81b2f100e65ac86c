"""What the places near a place have, over the database."""

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.sourcing.queries import LOOKED_AT, NearbyFindings, Wanted, nearby_with_all, whereabouts
from onebasket.commerce.sourcing.queries import nearby as nearby_queries
from onebasket.commerce.sourcing.rules import Lacking, Nearby, Standing, Whereabouts
from onebasket.commerce.stock.actions import set_buffers
from onebasket.commerce.stock.rules.buffers import BufferSetting
from tests.builders import MORNING, Clock, at, basket, deliver, make_chain, take_holds

pytestmark = pytest.mark.django_db

CODES = ("p1", "p2", "p3", "p4")


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    """Four stores on a line, about 1.1 km apart; p1 has little, p2 lacks bread, p3 and p4 have all."""
    Clock().hold_still(monkeypatch)
    source = make_chain(*CODES, stock={"milk": 1})
    for number, code in enumerate(CODES):
        Place.objects.filter(code=code).update(latitude=39_100_000 + 10_000 * number, longitude=-84_500_000)
    deliver(source, {"milk": 5}, place="p2")
    for code in ("p3", "p4"):
        deliver(source, {"milk": 5, "bread": 5, "apples": 900}, place=code)
    return source


def find(lines: dict[str, int], *, now: datetime = MORNING, place: str = "p1", channel: str = "web") -> NearbyFindings:
    known = products_by_sku(lines)
    wanted = [Wanted(known[sku], quantity) for sku, quantity in lines.items()]
    return nearby_with_all(places_by_code([place])[place], wanted, channel=channel, now=now)


def where(lines: dict[str, int], *, now: datetime = MORNING, place: str = "p1") -> dict[str, Whereabouts]:
    known = products_by_sku(lines)
    wanted = [Wanted(known[sku], quantity) for sku, quantity in lines.items()]
    found = whereabouts(places_by_code([place])[place], wanted, channel="web", now=now)
    return {sku: found[known[sku].id] for sku in lines}


def codes(found: NearbyFindings) -> list[str]:
    return [one.place.place.code for one in found.found]


def test_the_nearest_places_that_have_all(source: int) -> None:
    found = find({"milk": 2, "bread": 1, "fuel": 9})

    assert codes(found) == ["p3", "p4"]
    assert found.nearest == Nearby("p3", 2_224, "p3 is the nearest that has all; 1 nearer place lacks something")
    assert found.looked_at == 3
    assert found.found[0].place.distance_metres == 2_224
    assert codes(find({"milk": 2})) == ["p2", "p3", "p4"]


def test_the_place_that_comes_closest_is_named_with_its_lacks(source: int) -> None:
    found = find({"milk": 2, "bread": 6})

    assert found.found == ()
    assert found.nearest == Lacking("p2", (2,), "none of 3 places has all; p2 lacks 1 line")


def test_buffers_and_holds_are_no_goods_and_expired_holds_are(source: int) -> None:
    set_buffers(source, [BufferSetting("b", "p3", 4, "web", sku="bread")])
    take_holds(source, basket("h", {"bread": 4}, place="p4", seconds=900))

    assert codes(find({"bread": 2})) == []
    assert codes(find({"bread": 1})) == ["p3", "p4"]
    assert codes(find({"bread": 2}, channel="kiosk")) == ["p3"]
    assert codes(find({"bread": 2}, now=at(15))) == ["p4"]


def test_closed_places_warehouses_and_other_currencies_are_not_named(source: int) -> None:
    Place.objects.filter(code="p2").update(active=False)
    Place.objects.filter(code="p3").update(kind="warehouse")
    assert codes(find({"milk": 2})) == ["p4"]
    Place.objects.filter(code="p4").update(currency="CAD")
    assert codes(find({"milk": 2})) == []


def test_a_place_that_nobody_can_place_has_no_neighbours(source: int) -> None:
    Place.objects.filter(code="p1").update(latitude=None, longitude=None)

    assert find({"milk": 2}) == NearbyFindings((), Lacking("", (1,), "no other place is near"), 0)
    assert where({"milk": 2})["milk"].standing == Standing.NOWHERE


def test_only_the_nearest_are_looked_at(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LOOKED_AT == 30
    monkeypatch.setattr(nearby_queries, "LOOKED_AT", 1)

    assert find({"milk": 2, "bread": 1}).looked_at == 1
    assert codes(find({"milk": 2, "bread": 1})) == []


def test_where_products_are(source: int) -> None:
    found = where({"milk": 1, "bread": 1, "apples": 901, "fuel": 1})

    assert {sku: (one.standing, one.available) for sku, one in found.items()} == {
        "milk": (Standing.HERE, 1),
        "bread": (Standing.NEARBY, 0),
        "apples": (Standing.NOWHERE, 0),
        "fuel": (Standing.ALWAYS, 0),
    }
    assert [one.place for one in found["bread"].nearby] == ["p3", "p4"]


@pytest.mark.parametrize("skus", [["milk"], ["milk", "bread", "apples", "fuel"]])
def test_five_statements_whatever_is_asked(source: int, skus: list[str]) -> None:
    known = products_by_sku(skus).values()
    place = places_by_code(["p1"])["p1"]
    for ask in (nearby_with_all, whereabouts):
        with CaptureQueriesContext(connection) as asked:
            ask(place, [Wanted(product, 1) for product in known], channel="web", now=MORNING)
        assert [query["sql"].split()[0] for query in asked] == ["SELECT"] * 5
