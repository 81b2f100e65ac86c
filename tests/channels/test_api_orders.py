"""Orders over HTTP: placed once, refused with figures, read in pages, moved on in their life; holds."""

from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.commerce.orders.models import Order
from tests.builders import faults_in_stock, shelf
from tests.channels.api import Caller, Hub, make_hub, order_body, receipt_body
from tests.offers import add_codes, add_coupon, put, worth

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch, stock={"milk": 10, "bread": 3, "apples": 5_000})


def place(caller: Caller, key: str, lines: dict[str, int], *places: str, **more: object) -> str:
    answer = caller.post("orders", order_body(lines, *places, **more), key)
    assert answer.status == 201, answer
    identity: str = answer.json["id"]
    return identity


def test_an_order_is_placed_and_promised(hub: Hub) -> None:
    answer = hub.shop.post("orders", order_body({"milk": 2, "apples": 1_500}, loyalty_number="77"), "k1")
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v1/orders/{answer.json['id']}"
    stated = {name: answer.json[name] for name in ("outcome", "number", "place", "status", "currency", "total")}
    assert stated == {
        "outcome": "placed",
        "number": "p1-0001",
        "place": "p1",
        "status": "placed",
        "currency": "USD",
        "total": 848,
    }
    assert answer.json["lines"] == [
        {
            "line": 1, "sku": "milk", "ordered": 2, "promised": 2, "unit_amount": 199, "per_quantity": 1,
            "amount": 398, "owner": "chain", "list_amount": 398, "reduced_amount": 0, "tax_amount": 0,
        },
        {
            "line": 2, "sku": "apples", "ordered": 1_500, "promised": 1_500, "unit_amount": 300, "per_quantity": 1_000,
            "amount": 450, "owner": "chain", "list_amount": 450, "reduced_amount": 0, "tax_amount": 0,
        },
    ]  # fmt: skip
    assert shelf("milk") == (10, 2, 0)


def test_an_order_is_priced_with_its_coupon_and_comes_to_what_was_expected(hub: Hub) -> None:
    add_coupon(hub.source, "paper")
    put(hub.source, worth("fifty", "paper", amount=50))
    body = order_body({"milk": 2}, coupons=["paper"])

    other = hub.shop.post("orders", {**body, "expected_total": 398}, "k1")
    assert (other.status, other.json["code"], other.json["total"]) == (422, "price_changed", 348)
    assert shelf("milk") == (10, 0, 0)
    placed = hub.shop.post("orders", {**body, "expected_total": 348}, "k2")

    assert (placed.status, placed.json["total"], placed.json["lines"][0]["reduced_amount"]) == (201, 348, 50)
    assert hub.shop.post("orders", {**body, "coupons": [""]}, "k3").status == 422
    assert hub.shop.post("orders", {**body, "coupons": ["x"] * 51}, "k4").status == 422


def test_a_receipt_s_coupon_counts_over_http(hub: Hub) -> None:
    """A till's code is not good on the web a second later."""
    add_coupon(hub.source, "single", "single_use")
    add_codes(hub.source, "single", "aaaaaaaaaa")
    put(hub.source, worth("code", "single"))
    cut = {"kind": "coupon", "funder": "manufacturer", "amount": 50, "reference": "aaaaaaaaaa"}
    sale = receipt_body("r1", {"milk": (1, 149)})
    sale["lines"][0] |= {"discounts": [cut], "list_amount": 199}

    assert hub.shop.post("receipts", {"items": [sale]}).results[0]["outcome"] == "booked"

    placed = hub.shop.post("orders", order_body({"milk": 1}, coupons=["aaaaaaaaaa"]), "k1")
    assert (placed.status, placed.json["total"]) == (201, 199)


def test_the_same_again_answers_the_same_and_changes_nothing(hub: Hub) -> None:
    first = hub.shop.post("orders", order_body({"milk": 2}), "k1")
    again = hub.shop.post("orders", order_body({"milk": 2}), "k1")
    assert (again.status, again.json) == (first.status, first.json)
    assert shelf("milk") == (10, 2, 0)
    assert Order.objects.count() == 1


def test_the_same_key_with_other_content_is_a_conflict(hub: Hub) -> None:
    place(hub.shop, "k1", {"milk": 2})
    answer = hub.shop.post("orders", order_body({"milk": 3}), "k1")
    assert (answer.status, answer.json["code"]) == (409, "key_conflict")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert shelf("milk") == (10, 2, 0)


def test_keys_of_two_sources_are_two_keys(hub: Hub) -> None:
    place(hub.shop, "k1", {"milk": 2})
    place(hub.caller(source="erp"), "k1", {"milk": 3})
    assert shelf("milk") == (10, 5, 0)


def test_a_refusal_names_each_short_line_and_is_remembered(hub: Hub) -> None:
    answer = hub.shop.post("orders", order_body({"milk": 12, "bread": 4, "apples": 1}), "k1")
    assert answer.status == 422
    assert answer.json == {
        "title": answer.json["title"],
        "status": 422,
        "code": "short",
        "detail": answer.json["detail"],
        "place": "p1",
        "shortfalls": [
            {"line": 1, "sku": "milk", "requested": 12, "available": 10, "missing": 2},
            {"line": 2, "sku": "bread", "requested": 4, "available": 3, "missing": 1},
        ],
    }
    assert hub.shop.post("orders", order_body({"milk": 12, "bread": 4, "apples": 1}), "k1").json == answer.json
    assert shelf("milk") == (10, 0, 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (order_body({"soap": 1}), "unknown_product"),
        (order_body({"milk": 1}, "p9"), "unknown_place"),
        (order_body({"fuel": 1}), "untracked_product"),
        (order_body({"milk": 1}, hold=str(uuid4())), "hold_not_usable"),
    ],
)
def test_what_cannot_be_promised_is_refused(hub: Hub, body: object, code: str) -> None:
    answer = hub.shop.post("orders", body, "k1")
    assert (answer.status, answer.json["code"]) == (422, code)
    assert Order.objects.count() == 0


def test_a_batch_answers_each_item_by_itself(hub: Hub) -> None:
    items = [
        order_body({"milk": 8}) | {"key": "a"},
        order_body({"milk": 8}) | {"key": "b"},
        order_body({"milk": 2}) | {"key": "c"},
        order_body({"milk": 8}) | {"key": "a"},
        order_body({"milk": 1}) | {"key": "a"},
    ]
    answer = hub.shop.post("orders/batch", {"items": items})
    assert answer.status == 200
    assert [item["key"] for item in answer.json["results"]] == ["a", "b", "c", "a", "a"]
    assert [result["outcome"] for result in answer.results] == ["placed", "refused", "placed", "placed", "conflict"]
    assert answer.results[1]["shortfalls"][0] == {
        "line": 1, "sku": "milk", "requested": 8, "available": 2, "missing": 6,
    }  # fmt: skip
    assert answer.results[3]["id"] == answer.results[0]["id"]
    assert shelf("milk") == (10, 10, 0)


def test_an_order_is_read_whole(hub: Hub) -> None:
    identity = place(hub.shop, "k1", {"milk": 2}, note="Ring twice")
    answer = hub.shop.get(f"orders/{identity}")
    assert answer.status == 200
    line = answer.json["lines"][0]
    assert (line["sku"], line["promised"], line["picked"], line["amount"]) == ("milk", 2, None, 398)
    part = answer.json["fulfilments"][0]
    assert (part["place"], part["owner"], part["status"]) == ("p1", "chain", "placed")
    assert line["fulfilment"] == part["id"]
    assert (answer.json["number"], answer.json["note"], answer.json["channel"]) == ("p1-0001", "Ring twice", "web")
    assert answer.json["reason"] == "p1 was the only place considered and serves it whole"


def test_orders_are_listed_newest_first_in_pages_that_new_orders_do_not_move(hub: Hub) -> None:
    made = [place(hub.shop, f"k{n}", {"milk": 1}) for n in range(5)]
    first = hub.shop.get("orders?limit=2&place=p1")
    assert [order["id"] for order in first.items] == [made[4], made[3]]
    place(hub.shop, "late", {"milk": 1})
    second = hub.shop.get(first.json["next"])
    third = hub.shop.get(second.json["next"])
    assert [order["id"] for order in second.items + third.items] == [made[2], made[1], made[0]]
    assert third.json["next"] is None


def test_orders_are_filtered(hub: Hub) -> None:
    kiosk = place(hub.shop, "k1", {"milk": 1}, channel="kiosk")
    web = place(hub.shop, "k2", {"milk": 1})
    hub.shop.post(f"orders/{web}/cancel", {}, "c")
    assert [o["id"] for o in hub.shop.get("orders?channel=kiosk").items] == [kiosk]
    assert [o["id"] for o in hub.shop.get("orders?status=cancelled").items] == [web]
    assert hub.shop.get("orders?place=p2").items == []
    assert hub.shop.get("orders?since=2999-01-01T00:00:00Z").items == []
    assert len(hub.shop.get("orders?since=0001-01-01T00:00:00%2B14:00").items) == 2


def test_a_page_of_orders_takes_three_statements(hub: Hub) -> None:
    for number in range(4):
        place(hub.shop, f"k{number}", {"milk": 1, "apples": 10})
    hub.shop.get("orders?limit=1")
    counts = []
    for limit in (1, 4):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            hub.shop.get(f"orders?limit={limit}")
        counts.append(len(captured))
    assert counts == [3, 3]


def test_an_order_lives(hub: Hub) -> None:
    identity = place(hub.shop, "k1", {"milk": 2, "bread": 1}, payment_minutes=15)
    steps = [
        ("pick", {}, 422, "not_open"),
        ("confirm-payment", {}, 200, "placed"),
        ("pick", {"lines": [{"line": 1, "quantity": 2}], "finish": False}, 200, "picking"),
        ("pick", {"lines": [{"line": 2, "quantity": 0}]}, 200, "ready"),
        ("hand-over", {"reason": "collected"}, 200, "handed_over"),
        ("cancel", {}, 422, "not_open"),
    ]
    found = []
    for number, (step, body, _, _) in enumerate(steps):
        answer = hub.shop.post(f"orders/{identity}/{step}", body, f"s{number}")
        found.append((step, body, answer.status, answer.json["status" if answer.status == 200 else "code"]))
    assert found == steps
    assert hub.shop.get(f"orders/{identity}").json["total"] == 398
    assert shelf("milk") == (8, 0, 0)
    assert faults_in_stock() == []


def test_a_refused_step_says_where_the_order_stands(hub: Hub) -> None:
    identity = place(hub.shop, "k1", {"milk": 2})
    answer = hub.shop.post(f"orders/{identity}/hand-over", {}, "s1")
    assert (answer.status, answer.json["code"], answer.json["order_status"]) == (422, "not_open", "placed")


def test_a_cancelled_order_is_put_back_after_the_pick(hub: Hub) -> None:
    identity = place(hub.shop, "k1", {"milk": 2})
    hub.shop.post(f"orders/{identity}/pick", {}, "s1")
    assert hub.shop.post(f"orders/{identity}/cancel", {}, "s2").json["status"] == "cancelled"
    assert shelf("milk") == (8, 0, 0)
    assert hub.shop.post(f"orders/{identity}/put-back", {}, "s3").status == 200
    assert hub.shop.post(f"orders/{identity}/put-back", {}, "s3").status == 200
    assert shelf("milk") == (10, 0, 0)


def test_a_step_is_taken_once_and_its_key_used_for_nothing_else(hub: Hub) -> None:
    identity = place(hub.shop, "k1", {"milk": 2})
    first = hub.shop.post(f"orders/{identity}/cancel", {}, "s1")
    assert hub.shop.post(f"orders/{identity}/cancel", {}, "s1").json == first.json
    assert hub.shop.post(f"orders/{identity}/put-back", {}, "s1").status == 409
    assert hub.shop.post(f"orders/{identity}/cancel", {}, "k1").status == 409


def test_unknown_orders_are_not_found(hub: Hub) -> None:
    nobody = UUID(int=7)
    assert hub.shop.get(f"orders/{nobody}").json["code"] == "unknown"
    assert hub.shop.post(f"orders/{nobody}/cancel", {}, "s1").status == 404
    assert hub.shop.get("orders/seven").status == 404


def test_a_hold_is_taken_used_by_an_order_and_given_back(hub: Hub) -> None:
    body = {"place": "p1", "lines": [{"sku": "milk", "quantity": 4}], "seconds": 600}
    first = hub.shop.post("holds", body, "h1")
    second = hub.shop.post("holds", body, "h2")
    assert (first.status, first.json["outcome"], first.json["place"]) == (201, "held", "p1")
    assert hub.shop.post("holds", body, "h1").json == first.json
    assert shelf("milk") == (10, 0, 8)
    short = hub.shop.post("holds", body, "h3")
    assert (short.status, short.json["shortfalls"]) == (
        422,
        [{"line": 1, "sku": "milk", "requested": 4, "available": 2, "missing": 2}],
    )
    place(hub.shop, "k1", {"milk": 4}, hold=first.json["id"])
    assert shelf("milk") == (10, 4, 4)
    assert [hub.shop.delete(f"holds/{second.json['id']}").status for _ in range(2)] == [204, 204]
    assert shelf("milk") == (10, 4, 0)


def test_another_source_cannot_give_a_hold_back(hub: Hub) -> None:
    made = hub.shop.post("holds", {"place": "p1", "lines": [{"sku": "milk", "quantity": 4}]}, "h1")
    assert hub.caller(source="erp").delete(f"holds/{made.json['id']}").status == 404
    assert shelf("milk") == (10, 0, 4)


def test_pages_cover_everything_once(hub: Hub) -> None:
    for number in range(7):
        place(hub.shop, f"k{number}", {"milk": 1})
    seen: list[str] = []
    address = "orders?limit=3"
    while address:
        answer = hub.shop.get(address)
        seen += [order["placed_at"] + order["id"] for order in answer.items]
        address = answer.json["next"]
    assert len(seen) == len(set(seen)) == 7
    assert all(newer > older for newer, older in pairwise(seen))
