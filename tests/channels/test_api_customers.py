"""Customers over the API: people, merges, histories, exports and erasures."""

from typing import Any

import pytest

from onebasket.base.models import InboxEntry, TrailEntry
from onebasket.commerce.customers.models import CardCode, Customer, CustomerConsent
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import Receipt
from tests.channels.api import Answer, Hub, make_hub, order_body, receipt_body

pytestmark = pytest.mark.django_db

WHEN = "2026-03-02T15:00:00Z"
ANN: dict[str, Any] = {
    "key": "c1", "loyalty_number": "900", "name": "Ann Lee", "email": "ann@shop.example", "phone": "5135550100",
    "segments": [{"name": "vip"}], "addresses": [{"line1": "1 Main St", "postcode": "45202", "country": "US"}],
}  # fmt: skip
BOB: dict[str, Any] = {"key": "c2", "loyalty_number": "901", "email": "ANN@shop.example"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = make_hub(monkeypatch, stock={"milk": 50})
    hub.shop.put("customers", {"items": [ANN, BOB]})
    return hub


def bought(hub: Hub) -> None:
    """Let Ann order and buy at p1, and Bob buy at p2."""
    hub.shop.post("orders", order_body({"milk": 1}) | {"loyalty_number": "900"}, "o1")
    mine = receipt_body("r1", {"milk": (1, 199)}) | {"loyalty_number": "900"}
    elsewhere = receipt_body("r2", {"milk": (1, 199)}) | {"loyalty_number": "901", "place": "p2"}
    hub.shop.post("receipts", {"items": [mine, elsewhere]})


def test_a_customer_is_read_whole(hub: Hub) -> None:
    found = hub.shop.get("customers/900")

    assert found.status == 200
    assert found.json["head"]["name"] == "Ann Lee"
    assert found.json["numbers"] == ["900"]
    assert found.json["segments"] == [{"name": "vip"}]
    assert found.json["addresses"][0]["line1"] == "1 Main St"
    for nobody in ("999", "erased", "%00", "9" * 65, "9" * 64):
        assert hub.shop.get(f"customers/{nobody}").status == 404


def test_customers_are_listed_and_found(hub: Hub) -> None:
    first = hub.shop.get("customers?limit=1")
    assert len(first.items) == 1
    second = hub.shop.get(first.json["next"])
    assert {row["loyalty_number"] for row in (*first.items, *second.items)} == {"900", "901"}
    assert second.json["next"] is None
    assert [row["loyalty_number"] for row in hub.shop.get("customers?phone=%2B1%20513%20555%200100").items] == ["900"]
    assert len(hub.shop.get("customers?email=Ann@Shop.example").items) == 2
    assert hub.shop.get("customers?number=999").items == []
    assert hub.shop.get("customers?name=Ann").status == 422


@pytest.mark.parametrize(
    ("item", "outcome"),
    [
        ({"email": "nobody"}, "invalid"), ({"name": "x" * 121}, 422), ({"language": "English!"}, 422),
        ({"addresses": [{"line1": ""}]}, 422), ({"segments": [{"name": "a", "valid_from": "yesterday"}]}, 422),
        ({"staff": "yes"}, 422), ({"nickname": "A"}, 422), ({"name": None}, "unchanged"), ({"staff": True}, "updated"),
    ],
)  # fmt: skip
def test_what_an_item_may_say(hub: Hub, item: dict[str, Any], outcome: int | str) -> None:
    answer = hub.shop.put("customers", {"items": [{"key": "c9", "loyalty_number": "900", **item}]})
    assert (answer.status if answer.status != 200 else answer.results[0]["outcome"]) == outcome


def test_consents_are_stated(hub: Hub) -> None:
    said = {
        "key": "s1",
        "loyalty_number": "900",
        "purpose": "offers_email",
        "given": True,
        "at": WHEN,
        "text_version": "3",
    }
    for _ in range(2):
        assert hub.shop.post("customers/consents", {"items": [said]}).results == [{"outcome": "created"}]
    assert CustomerConsent.objects.count() == 1
    assert hub.shop.get("customers/900").json["consents"][0]["text_version"] == "3"
    other = hub.shop.post("customers/consents", {"items": [said | {"given": False}]})
    assert other.results[0]["outcome"] == "conflict"


def test_doubles_are_merged_and_parted(hub: Hub) -> None:
    assert hub.shop.get("customers/doubles").items == [
        {"loyalty_number": "900", "other": "901", "signs": ["email"], "weight": 3}
    ]
    body = {"keep": "900", "other": "901", "reason": "same mail box"}

    made = hub.shop.post("customers/merge", body, "m1")

    assert (made.status, made.json["loyalty_number"], made.json["other"]) == (200, "900", "901")
    assert hub.shop.post("customers/merge", body, "m1").json == made.json
    assert TrailEntry.objects.filter(action="customer.merge").count() == 1
    assert hub.shop.get("customers/901").json["numbers"] == ["900", "901"]
    assert hub.shop.get("customers/doubles").items == []
    again = hub.shop.post("customers/merge", body, "m2")
    assert (again.status, again.json["code"]) == (422, "merge_same")
    unknown = hub.shop.post("customers/merge", {"keep": "900", "other": "999"}, "m3")
    assert (unknown.status, unknown.json["code"]) == (422, "merge_unknown")
    assert hub.shop.post("customers/merge", {"keep": "901", "other": "900"}, "m1").json["code"] == "key_conflict"

    undo = f"customers/merges/{made.json['id']}/undo"
    assert hub.shop.post(undo, None, "u1").json == made.json
    assert hub.shop.post(undo, None, "u1").json == made.json
    assert hub.shop.post(undo, None, "u2").json["code"] == "merge_stands"
    assert hub.shop.post("customers/merges/0/undo", None, "u3").status == 404
    assert hub.shop.get("customers/901").json["numbers"] == ["901"]


def test_the_history_is_over_till_and_web_and_all_numbers(hub: Hub) -> None:
    bought(hub)
    hub.shop.post("customers/merge", {"keep": "900", "other": "901"}, "m1")

    first = hub.shop.get("customers/901/history?limit=2")
    rest = hub.shop.get(first.json["next"])

    rows = [*first.items, *rest.items]
    assert sorted(row["kind"] for row in rows) == ["order", "receipt", "receipt"]
    assert rest.json["next"] is None
    assert {row["place"] for row in hub.caller(places=["p2"]).get("customers/900/history").items} == {"p2"}
    assert hub.shop.get("customers/999/history").status == 404
    assert hub.shop.get("customers/900/history?cursor=W10").status == 422


def test_a_code_is_made_and_kept_as_a_digest(hub: Hub) -> None:
    made = hub.shop.post("customers/900/code", None)
    assert made.status == 200
    assert made.headers["Cache-Control"] == "no-store"
    code = made.json["code"]
    assert (len(code), code[5]) == (11, "-")
    assert code not in str(list(CardCode.objects.values()))
    assert code not in str(list(InboxEntry.objects.values()))
    assert hub.shop.post("customers/900/code", None).json["code"] != code
    assert CardCode.objects.count() == 1
    assert hub.shop.post("customers/999/code", None).status == 404


def test_everything_is_exported(hub: Hub) -> None:
    bought(hub)
    found = hub.shop.get("customers/900/export")
    assert (found.status, found.json["form"]) == (200, "onebasket.person/1")
    assert [len(found.json[name]) for name in ("receipts", "orders", "accounts")] == [1, 1, 0]
    assert found.headers["Cache-Control"] == "no-store"
    assert hub.caller(places=["p1"]).get("customers/900/export").status == 403
    assert hub.shop.get("customers/999/export").status == 404


def test_a_person_is_erased_once(hub: Hub) -> None:
    bought(hub)

    def erase(number: str, key: str) -> Answer:
        return hub.shop.post(f"customers/{number}/erase", None, key)

    waiting = erase("900", "e1")
    assert (waiting.status, waiting.json["code"]) == (409, "open_orders")
    assert "p1-0001" in waiting.json["detail"]
    assert Customer.objects.filter(loyalty_number="900").exists()

    Order.objects.update(status="handed_over")
    gone = erase("900", "e1")

    assert gone.status == 200
    assert (gone.json["receipts"], gone.json["orders"], gone.json["numbers"]) == (1, 1, 1)
    assert erase("900", "e1").json == gone.json
    assert erase("900", "e2").status == 404
    assert erase("999", "e3").status == 404
    assert hub.shop.get("customers/900").status == 404
    assert sorted(Receipt.objects.values_list("loyalty_number", flat=True)) == ["901", "erased"]
    back = hub.shop.put("customers", {"items": [ANN | {"key": "c9"}]})
    assert back.results[0]["outcome"] == "invalid"
    assert Customer.objects.get().loyalty_number == "901"
