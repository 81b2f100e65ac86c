"""What a chain is made of over HTTP: places, products, units, customers, prices; and its news."""

from typing import Any

import pytest

from onebasket.base.models import Event
from onebasket.base.outbox import number_events
from onebasket.base.webhooks import list_webhooks
from onebasket.commerce.access.rules import SCOPES
from onebasket.commerce.customers.queries import customers_by_loyalty_number
from onebasket.commerce.places.queries import places_by_code
from tests.builders import EAN
from tests.channels.api import Hub, make_hub, order_body

pytestmark = pytest.mark.django_db

CREATED, UPDATED, UNCHANGED = {"outcome": "created"}, {"outcome": "updated"}, {"outcome": "unchanged"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch, stock={"milk": 10})


def put(hub: Hub, path: str, *items: dict[str, Any], method: str = "PUT") -> list[Any]:
    answer = hub.shop.ask(method, path, {"items": list(items)})
    assert answer.status == 200, answer
    assert [item["key"] for item in answer.json["results"]] == [item["key"] for item in items]
    return answer.results


def test_places_are_put_and_listed(hub: Hub) -> None:
    stated = {"code": "p3", "name": "Third", "currency": "USD", "time_zone": "America/Chicago", "kind": "warehouse"}
    broken = stated | {"key": "k2", "time_zone": "Moon/Base"}
    results = put(hub, "places", stated | {"key": "k1"}, broken, stated | {"key": "k3"})
    assert [result["outcome"] for result in results] == ["created", "invalid", "unchanged"]
    assert results[1]["message"] == "time_zone: 'Moon/Base' is no IANA time zone, such as America/New_York."
    first = hub.shop.get("places?limit=2")
    assert [place["code"] for place in first.items] == ["p1", "p2"]
    assert hub.shop.get(first.json["next"]).items == [
        {
            "code": "p3", "name": "Third", "kind": "warehouse", "currency": "USD", "time_zone": "America/Chicago",
            "day_start_minutes": 0, "owner": "chain", "active": True, "street": "", "city": "", "postcode": "",
            "region": "", "country": "", "phone": "", "latitude": None, "longitude": None, "opening_hours": [],
            "distance_metres": None,
        }
    ]  # fmt: skip
    assert places_by_code(["p3"])["p3"].kind == "warehouse"


def test_products_are_put_found_and_retired(hub: Hub) -> None:
    tea = {"key": "k1", "sku": "tea", "name": "Green tea", "barcodes": [{"code": "96385074"}]}
    assert put(hub, "products", tea) == [CREATED]
    assert put(hub, "products", tea) == [CREATED]
    assert put(hub, "products", tea | {"key": "k2", "name": "Tea, green"}) == [UPDATED]
    shown = [found["sku"] for path in ("sku=tea", "barcode=96385074", "search=green+te") for found in find(hub, path)]
    assert shown == ["tea", "tea", "tea"]
    assert find(hub, f"barcode={EAN}")[0]["sku"] == "milk"
    assert put(hub, "products/retire", {"key": "k3", "sku": "tea"}, method="POST") == [UPDATED]
    assert find(hub, "sku=tea")[0]["active"] is False
    assert find(hub, "search=nothing") == []
    assert hub.shop.get("products?sku=tea&search=tea").json["code"] == "one_of"


def find(hub: Hub, query: str) -> list[Any]:
    return hub.shop.get(f"products?{query}").items


def test_units_are_put_and_listed(hub: Hub) -> None:
    results = put(hub, "units", {"key": "k1", "code": "gal", "decimals": 3}, {"key": "k2", "code": "kg", "decimals": 2})
    assert [result["outcome"] for result in results] == ["created", "invalid"]
    assert hub.shop.get("units").items == [
        {"code": "each", "decimals": 0, "name": ""},
        {"code": "gal", "decimals": 3, "name": ""},
        {"code": "kg", "decimals": 3, "name": ""},
    ]


def test_customers_are_put_and_retired(hub: Hub) -> None:
    assert put(hub, "customers", {"key": "k1", "loyalty_number": "77"}) == [CREATED]
    assert list(customers_by_loyalty_number(["77"])) == ["77"]
    assert put(hub, "customers/retire", {"key": "k2", "loyalty_number": "77"}, method="POST") == [UPDATED]
    assert customers_by_loyalty_number(["77"]) == {}


def test_prices_are_put_read_and_ended(hub: Hub) -> None:
    price = {"sku": "milk", "currency": "USD", "amount": 149, "valid_from": "2026-02-01T00:00:00Z", "place": "p1"}
    assert put(hub, "prices", price | {"key": "k1"}) == [CREATED]
    assert put(hub, "prices", price | {"key": "k1", "amount": 1})[0]["outcome"] == "conflict"
    rows = hub.shop.get("prices?sku=milk").items
    assert [(row["place"], row["amount"], row["per_quantity"]) for row in rows] == [("", 199, 1), ("p1", 149, 1)]
    assert [row["place"] for row in hub.caller(places=["p2"]).get("prices?sku=milk").items] == [""]
    assert [row["place"] for row in hub.shop.get("prices?sku=milk&place=p2").items] == [""]
    first = hub.shop.get("prices?sku=milk&limit=1")
    assert [row["place"] for row in hub.shop.get(first.json["next"]).items] == ["p1"]
    end = {"sku": "milk", "currency": "USD", "ends_at": "2026-02-02T00:00:00Z", "place": "p1", "key": "k2"}
    assert put(hub, "prices/end", end, method="POST") == [UPDATED]
    assert hub.shop.get("prices?sku=milk&place=p1").items[1]["valid_to"] == "2026-02-02T00:00:00Z"
    assert len(hub.shop.get("prices?sku=milk&current=false").items) == 3
    assert hub.shop.get("prices?sku=soap").status == 404
    assert put(hub, "prices", price | {"key": "card", "amount": 99, "kind": "loyalty"}) == [CREATED]
    assert [(row["kind"], row["amount"]) for row in hub.shop.get("prices?sku=milk&kind=loyalty").items] == [
        ("loyalty", 99)
    ]
    assert len(hub.shop.get("prices?sku=milk&kind=shelf&current=false").items) == 3


def test_events_are_read_by_position(hub: Hub) -> None:
    order = hub.shop.post("orders", order_body({"milk": 2}), "o1").json["id"]
    assert hub.shop.get("events").json == [], "nothing has a position before the relay has been"
    number_events()
    answer = hub.shop.get("events?types=order.placed,com.onebasket.order.cancelled")
    assert answer.headers["Content-Type"] == "application/cloudevents-batch+json"
    (event,) = answer.json
    row = Event.objects.get(type="order.placed")
    assert event == {
        "specversion": "1.0",
        "id": str(row.event_id),
        "source": "/onebasket/hub",
        "type": "com.onebasket.order.placed",
        "subject": f"order/{order}",
        "time": event["time"],
        "datacontenttype": "application/json",
        "position": row.position,
        "data": {
            "order": order, "number": "p1-0001", "place": "p1", "channel": "web", "status": "placed",
            "currency": "USD", "total": 398, "lines": [["milk", 2]],
        },
    }  # fmt: skip


def test_a_reader_of_events_misses_nothing(hub: Hub) -> None:
    number_events()
    seen: list[int] = []
    while events := hub.shop.get(f"events?limit=3&after={seen[-1] if seen else 0}").json:
        seen += [event["position"] for event in events]
    assert seen == list(range(1, Event.objects.count() + 1))


def test_a_reader_that_events_were_deleted_before_is_told(hub: Hub) -> None:
    number_events()
    last = Event.objects.count()
    Event.objects.filter(position__in=[1, 2, 4]).delete()

    for after, oldest in ((0, 3), (1, 3), (3, 5)):
        gone = hub.shop.get(f"events?after={after}&types=order.placed")
        assert (gone.status, gone.json["code"], gone.json["oldest"]) == (410, "pruned", oldest)
        assert f"position {oldest}" in gone.json["detail"]
    assert hub.shop.get("events?after=2&limit=1").json[0]["position"] == 3
    assert hub.shop.get("events?after=4&limit=1").json[0]["position"] == 5
    assert hub.shop.get("events?limit=1").json[0]["position"] == 3, "who has read nothing has missed nothing"
    assert hub.shop.get(f"events?after={last}").json == hub.shop.get(f"events?after={last + 7}").json == []


def test_a_token_of_a_place_reads_its_events_and_the_chains(hub: Hub) -> None:
    put(hub, "customers", {"key": "k1", "loyalty_number": "77"})
    hub.shop.post("orders", order_body({"milk": 2}), "o1")
    number_events()
    bound = hub.caller(places=["p2"]).get("events?limit=500").json
    assert {event["data"].get("place") or event["data"].get("code") for event in bound} == {
        None, "p2", "each", "kg",
    }  # fmt: skip
    assert "com.onebasket.customer.changed" in {event["type"] for event in bound}
    scopes = [scope for scope in SCOPES if scope != "customers:read"]
    types = {event["type"] for event in hub.caller(scopes=scopes).get("events?limit=500").json}
    assert "com.onebasket.order.placed" in types
    assert "com.onebasket.customer.changed" not in types


def test_webhooks_are_registered_listed_and_ended(hub: Hub) -> None:
    body = {"url": "https://example.com/in", "types": ["order.placed"], "places": ["p1"]}
    made = hub.shop.put("webhooks", body, "w1")
    assert made.status == 200, made
    assert made.json["secret"].startswith("whsec_")
    assert hub.shop.put("webhooks", body, "w1").json == made.json
    (row,) = hub.shop.get("webhooks").items
    assert (row["id"], row["url"], row["types"], row["places"]) == (
        made.json["id"], "https://example.com/in", ["order.placed"], ["p1"],
    )  # fmt: skip
    assert "secret" not in row
    stranger = hub.caller(source="erp")
    assert stranger.get("webhooks").items == []
    assert stranger.delete(f"webhooks/{row['id']}").status == 404
    assert hub.shop.delete(f"webhooks/{row['id']}").status == 204
    assert list_webhooks() == []


def test_a_webhook_hears_no_more_than_its_token_may_read(hub: Hub) -> None:
    body = {"url": "https://example.com/in"}
    assert hub.caller(places=["p2"]).put("webhooks", body, "w1").status == 200
    assert list_webhooks()[0].places == ("", "p2")
    blind = hub.caller(scopes=["webhooks:write", "webhooks:read"])
    assert blind.put("webhooks", body, "w2").json["code"] == "scope"
    nosy = hub.caller(scopes=[scope for scope in SCOPES if scope != "customers:read"])
    assert nosy.put("webhooks", body, "w3").json["code"] == "scope"
    assert nosy.put("webhooks", body | {"types": ["customer.changed"]}, "w3").json["code"] == "scope"
    assert nosy.put("webhooks", body | {"types": ["order.placed"]}, "w3").status == 200
    assert hub.shop.put("webhooks", {"url": "ftp://example.com"}, "w4").json["code"] == "webhook"
