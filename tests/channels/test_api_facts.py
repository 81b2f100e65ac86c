"""Receipts and stock facts over HTTP: booked once, or kept whole with words for a clerk; worked until settled."""

from functools import partial
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.base.models import QuarantineItem, TrailEntry
from onebasket.commerce.sales.models import Receipt
from tests.builders import EAN, faults_in_stock, on_hand, shelf
from tests.channels.api import Hub, fact_body, make_hub, order_body, receipt_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch, stock={"milk": 10, "bread": 3, "apples": 5_000})


def sell(hub: Hub, *receipts: Any) -> list[Any]:
    answer = hub.shop.post("receipts", {"items": list(receipts)})
    assert answer.status == 200, answer
    return answer.results


def quarantined(hub: Hub, item: Any) -> int:
    (result,) = sell(hub, item)
    assert result["outcome"] == "quarantined", result
    identity: int = result["id"]
    return identity


def test_receipts_are_booked_once_and_take_stock(hub: Hub) -> None:
    sale = receipt_body("r1", {EAN: (2, 398), "apples": (842, 253)})
    (first,) = sell(hub, sale)
    assert first == {
        "outcome": "booked",
        "receipt": Receipt.objects.get().pk,
        "exceptions": 0,
        "clock_suspect": False,
        "awaits_original": False,
    }
    assert sell(hub, sale) == [first]
    assert (on_hand("milk"), on_hand("apples")) == (8, 4_158)


def test_a_bad_receipt_never_blocks_its_neighbours(hub: Hub) -> None:
    good = receipt_body("good", {"milk": (1, 199)})
    wrong_type = receipt_body("wrong", {"milk": (1, 199)}) | {"till": 4}
    untied = receipt_body("untied", {"milk": (1, 199)}) | {"tenders": [{"kind": "cash", "amount": 100}]}
    answer = hub.shop.post("receipts", {"items": [wrong_type, good, untied, None, "text", [1.5]]})
    assert [item["key"] for item in answer.json["results"]] == ["wrong", "good", "untied", "", "", ""]
    assert [result["outcome"] for result in answer.results] == [
        "quarantined", "booked", "quarantined", "quarantined", "quarantined", "quarantined",
    ]  # fmt: skip
    assert answer.results[0]["explanation"] == (
        "This is no receipt. In till: Expected `str`, got `int`. Mend it and replay."
    )
    assert answer.results[2]["reason"] == "does_not_tie"
    assert on_hand("milk") == 9
    kept = QuarantineItem.objects.get(pk=answer.results[0]["id"])
    assert (kept.key, kept.place_code, msgspec.json.decode(kept.content)) == ("wrong", "p1", wrong_type)


def test_the_same_bad_receipt_is_kept_once(hub: Hub) -> None:
    broken = receipt_body("b", {"milk": (1, 199)}) | {"currency": "dollars"}
    assert quarantined(hub, broken) == quarantined(hub, broken)
    assert QuarantineItem.objects.count() == 1


def test_a_key_used_again_for_other_content_is_kept_as_a_conflict(hub: Hub) -> None:
    sell(hub, receipt_body("r1", {"milk": (1, 199)}))
    (result,) = sell(hub, receipt_body("r1", {"milk": (2, 398)}))
    assert (result["outcome"], result["reason"]) == ("quarantined", "conflict")
    assert on_hand("milk") == 9


def test_nul_characters_are_kept_as_they_were_written(hub: Hub) -> None:
    (result,) = sell(hub, receipt_body("nul", {"milk": (1, 199)}) | {"operator": "a\x00b"})
    assert (result["outcome"], result["reason"]) == ("quarantined", "nul")
    assert r"a\u0000b" in QuarantineItem.objects.get().content
    replayed = hub.shop.post(f"quarantine/{result['id']}/replay", {}, "m1")
    assert (replayed.status, replayed.json["outcome"], replayed.json["reason"]) == (200, "still_open", "nul")


@pytest.mark.parametrize("number", [b"1e400", b"-1E999", b"7" * 5_000])
@pytest.mark.parametrize("path", ["receipts", "stock/facts"])
def test_a_number_that_nothing_can_hold_is_kept_and_blocks_no_neighbour(hub: Hub, path: str, number: bytes) -> None:
    body = receipt_body if path == "receipts" else partial(fact_body, kind="delivery")
    lines: Any = {"milk": (1, 199)} if path == "receipts" else {"milk": 1}
    good, other = msgspec.json.encode(body("good", lines=lines)), msgspec.json.encode(body("huge", lines=lines))
    known, unknown = other.replace(b'"quantity":1', b'"quantity":' + number), other[:-1] + b',"more":' + number + b"}"
    nul = other[:-1] + b',"text":"\\u0000","more":' + number + b"}"
    answer = hub.shop.ask("POST", path, b'{"items":[' + b",".join([known, good, unknown, nul, number]) + b"]}")
    assert answer.status == 200
    assert [item["key"] for item in answer.json["results"]] == ["huge", "good", "huge", "huge", ""]
    assert [result.get("reason", "") for result in answer.results] == [
        "unreadable", "", "unreadable", "nul", "unreadable",
    ]  # fmt: skip
    kept = list(QuarantineItem.objects.order_by("pk").values_list("content", "place_code"))
    assert sorted(kept) == sorted([(item.decode(), "p1") for item in (known, unknown, nul)] + [(number.decode(), "")])


def test_a_key_or_place_that_is_such_a_number_is_none(hub: Hub) -> None:
    answer = hub.shop.ask("POST", "receipts", b'{"items":[{"key":1e400,"place":"p1"},{"key":"k","place":1e400}]}')
    assert [item["key"] for item in answer.json["results"]] == ["", "k"]
    assert list(QuarantineItem.objects.order_by("key").values_list("place_code", flat=True)) == ["p1", ""]


def test_what_cannot_be_split_into_items_is_no_json(hub: Hub) -> None:
    for body in (b'{"items":[{"key":"a","change":1e400}', b'{"items":[{"key":"a","change":1e}]}'):
        answer = hub.shop.ask("POST", "receipts", body)
        assert (answer.status, answer.json["code"]) == (400, "malformed")
    assert QuarantineItem.objects.count() == 0


def test_receipts_are_listed_and_read_whole(hub: Hub) -> None:
    line = {
        "code": EAN, "quantity": 2, "list_amount": 398, "paid_amount": 348,
        "discounts": [{"kind": "loyalty", "funder": "manufacturer", "amount": 50, "reference": "C1"}],
        "taxes": [{"rate": 80_000, "base": 322, "amount": 26, "code": "A"}],
    }  # fmt: skip
    body = receipt_body("r1", {"milk": (1, 1)}) | {"lines": [line], "tenders": [{"kind": "card", "amount": 348}]}
    sell(hub, body, receipt_body("r2", {"bread": (1, 250)}, till="2"))
    assert [head["number"] for head in hub.shop.get("receipts").items] == ["r2", "r1"]
    (head,) = hub.shop.get("receipts?till=1&kind=sale&business_day=2026-03-02&place=p1&number=r1").items
    assert (head["paid_total"], head["discount_total"], head["tax_total"], head["effect"]) == (348, 50, 26, 1)
    whole = hub.shop.get(f"receipts/{head['id']}").json
    assert whole["head"] == head
    assert whole["tenders"] == [{"kind": "card", "amount": 348, "reference": ""}]
    assert whole["lines"] == [
        {
            "line": 1, "code": EAN, "sku": "milk", "quantity": 2, "unit": "each", "list_amount": 398,
            "discount_amount": 50, "paid_amount": 348, "disposition": "",
            "discounts": [{"kind": "loyalty", "funder": "manufacturer", "amount": 50, "reference": "C1"}],
            "taxes": [{"code": "A", "rate": 80_000, "base": 322, "amount": 26}],
        }
    ]  # fmt: skip
    assert hub.shop.get("receipts/999999").status == 404


def test_reading_takes_a_fixed_number_of_statements(hub: Hub) -> None:
    sell(hub, *(receipt_body(f"r{n}", {"milk": (1, 199), "gum": (1, 50), "bread": (1, 250)}) for n in range(4)))
    hub.shop.post("orders", order_body({"apples": 1}), "o1")
    hub.shop.get("units")
    counts = {}
    for path in ("receipts", "receipts/1", "line-exceptions", "stock/shelves", "stock/movements", "discrepancies"):
        with CaptureQueriesContext(connection) as captured:
            assert hub.shop.get(path).status in {200, 404}
        counts[path] = len(captured)
    pages = dict.fromkeys(("receipts", "line-exceptions", "stock/shelves", "stock/movements", "discrepancies"), 1)
    assert counts == pages | {"receipts/1": counts["receipts/1"]}
    assert counts["receipts/1"] in {1, 5}, "five when there is such a receipt"


def test_a_mended_message_is_replayed_once_and_the_original_stays(hub: Hub) -> None:
    broken = receipt_body("r1", {"milk": (1, 199)}) | {"till": 4}
    item = quarantined(hub, broken)
    failed = hub.shop.post(f"quarantine/{item}/replay", {}, "m0")
    assert (failed.status, failed.json["outcome"]) == (200, "still_open")
    assert "till" in failed.json["explanation"]
    mended = hub.shop.post(f"quarantine/{item}/mend", {"message": broken | {"till": "4"}}, "m1")
    assert (mended.status, msgspec.json.decode(mended.json["content"])) == (200, broken)
    replayed = hub.shop.post(f"quarantine/{item}/replay", {}, "m2")
    assert replayed.json == {"id": item, "outcome": "booked", "reason": "", "explanation": ""}
    assert hub.shop.post(f"quarantine/{item}/replay", {}, "m2").json == replayed.json
    again = hub.shop.post(f"quarantine/{item}/replay", {}, "m3")
    assert (again.status, again.json["code"]) == (409, "settled_before")
    assert (on_hand("milk"), Receipt.objects.count()) == (9, 1)
    assert [row["id"] for row in hub.shop.get("quarantine?state=replayed").items] == [item]
    assert hub.shop.get("quarantine").items == []
    assert TrailEntry.objects.filter(action__startswith="quarantine.", actor__endswith="(shop)").count() == 3


def test_a_number_that_nothing_can_hold_may_stand_in_a_mended_message(hub: Hub) -> None:
    item = quarantined(hub, receipt_body("r1", {"milk": (1, 199)}) | {"till": 4})
    nul = hub.shop.ask("POST", f"quarantine/{item}/mend", b'{"message":{"key":"\\u0000","x":1e400}}', "m1")
    assert (nul.status, nul.json["code"]) == (422, "invalid")
    assert "NUL" in nul.json["detail"]
    mended = hub.shop.ask("POST", f"quarantine/{item}/mend", b'{"message":{"key":"a","x":1e400}}', "m1")
    assert (mended.status, mended.json["mended"]) == (200, '{"key":"a","x":1e400}')
    assert hub.shop.post(f"quarantine/{item}/replay", {}, "m2").json["outcome"] == "still_open"


def test_a_message_is_discarded_with_a_note(hub: Hub) -> None:
    item = quarantined(hub, 7)
    assert hub.shop.post(f"quarantine/{item}/discard", {"note": ""}, "d0").status == 422
    answer = hub.shop.post(f"quarantine/{item}/discard", {"note": "A test message."}, "d1")
    head = answer.json["head"]
    assert (answer.status, head["state"], head["note"]) == (200, "discarded", "A test message.")
    assert hub.shop.post(f"quarantine/{item}/discard", {"note": "A test message."}, "d1").json == answer.json
    assert hub.shop.post(f"quarantine/{item}/discard", {"note": "Other."}, "d1").json["code"] == "key_conflict"
    assert hub.shop.post(f"quarantine/{item}/mend", {"message": 1}, "d2").json["code"] == "settled_before"


def test_a_line_that_nobody_knew_is_mended_by_one_movement(hub: Hub) -> None:
    (result,) = sell(hub, receipt_body("r1", {"gum": (2, 100)}))
    assert result["exceptions"] == 1
    (row,) = hub.shop.get("line-exceptions?place=p1").items
    assert (row["code"], row["quantity"], row["reason"], row["receipt_number"], row["sku"]) == (
        "gum", 2, "unknown_product", "r1", None,
    )  # fmt: skip
    address = f"line-exceptions/{row['id']}"
    assert hub.shop.post(f"{address}/mend", {"sku": "soap"}, "m0").json["code"] == "unknown_product"
    mended = hub.shop.post(f"{address}/mend", {"sku": "milk"}, "m1")
    assert (mended.status, mended.json["state"], mended.json["sku"]) == (200, "mended", "milk")
    assert hub.shop.post(f"{address}/mend", {"sku": "milk"}, "m1").json == mended.json
    assert hub.shop.post(f"{address}/mend", {"sku": "milk"}, "m2").json["code"] == "settled_before"
    assert on_hand("milk") == 8
    assert hub.shop.get("line-exceptions").items == []
    assert faults_in_stock() == []


def test_nobody_can_block_a_mend_with_a_key_of_its_own(hub: Hub) -> None:
    sell(hub, receipt_body("r1", {"gum": (2, 100)}))
    (row,) = hub.shop.get("line-exceptions").items
    hub.shop.post("orders", order_body({"milk": 1}), f"line-exception-{row['id']}")
    assert hub.shop.post(f"line-exceptions/{row['id']}/mend", {"sku": "milk"}, "m1").status == 200


def test_a_line_is_dismissed_with_a_note(hub: Hub) -> None:
    sell(hub, receipt_body("r1", {"gum": (2, 100)}))
    (row,) = hub.shop.get("line-exceptions").items
    answer = hub.shop.post(f"line-exceptions/{row['id']}/dismiss", {"note": "A service."}, "d1")
    assert (answer.status, answer.json["state"], answer.json["note"]) == (200, "dismissed", "A service.")
    assert [found["id"] for found in hub.shop.get("line-exceptions?state=dismissed").items] == [row["id"]]


def test_stock_facts_are_booked_and_bad_ones_kept(hub: Hub) -> None:
    answer = hub.shop.post(
        "stock/facts",
        {
            "items": [
                fact_body("d1", "delivery", {"milk": 6, "bread": 2}),
                fact_body("bad", "delivery", {"soap": 1}),
                fact_body("e1", "count", {"bread": 4}, occurred_at="2026-03-02T16:00:00Z"),
                {"key": "odd", "place": "p1"},
            ]
        },
    )
    assert answer.status == 200
    assert answer.results[0] == {"outcome": "booked", "movements": 2, "corrections": 0, "clock_suspect": False}
    assert (answer.results[1]["outcome"], answer.results[1]["reason"]) == ("quarantined", "unknown_product")
    assert answer.results[2]["movements"] == 1
    assert answer.results[3]["explanation"] == (
        "This is no stock fact. In kind: This field is missing. Mend it and replay."
    )
    assert (on_hand("milk"), on_hand("bread")) == (16, 4)
    assert [row["kind"] for row in hub.shop.get("quarantine?kind=stock").items] == ["stock", "stock"]
    again = hub.shop.post("stock/facts", {"items": [fact_body("d1", "delivery", {"milk": 6, "bread": 2})]})
    assert again.results == answer.results[:1]
    assert on_hand("milk") == 16


def test_a_quarantined_stock_fact_is_replayed(hub: Hub) -> None:
    answer = hub.shop.post("stock/facts", {"items": [fact_body("d1", "delivery", {"soap": 6})]})
    item = answer.results[0]["id"]
    hub.shop.put("products", {"items": [{"key": "soap", "sku": "soap", "name": "Soap"}]})
    assert hub.shop.post(f"quarantine/{item}/replay", {}, "m1").json["outcome"] == "booked"
    assert on_hand("soap") == 6


def test_shelves_and_the_ledger_are_read(hub: Hub) -> None:
    hub.shop.post("orders", order_body({"milk": 4}), "o1")
    sell(hub, receipt_body("r1", {"milk": (1, 199)}))
    assert hub.shop.get("stock/shelves?place=p1&sku=milk&state=sellable").items == [
        {
            "place": "p1", "sku": "milk", "state": "sellable", "on_hand": 9, "reserved": 4, "held": 0,
            "counted_at": None, "breached": False, "discrepant": False,
        }
    ]  # fmt: skip
    assert [row["sku"] for row in hub.shop.get("stock/shelves?place=p1").items] == ["apples", "bread", "milk"]
    rows = hub.shop.get("stock/movements?place=p1&sku=milk").items
    assert [(row["kind"], row["origin"], row["target"], row["quantity"], row["reference"]) for row in rows] == [
        ("sale", "sellable", "customer", 1, "r1"),
        ("delivery", "supplier", "sellable", 10, ""),
    ]
    assert len(hub.shop.get("stock/movements").items) == 4
    first = hub.shop.get("stock/movements?limit=3")
    assert len(hub.shop.get(first.json["next"]).items) == 1
    assert hub.shop.get("stock/movements?sku=milk").json["code"] == "place_needed"


def test_what_is_available_is_told_for_every_place_by_sku_and_barcode(hub: Hub) -> None:
    hub.shop.post("orders", order_body({"milk": 4}), "o1")
    hub.shop.post("holds", {"place": "p1", "lines": [{"sku": "milk", "quantity": 1}]}, "h1")
    settings = [{"key": "b1", "place": "p1", "sku": "milk", "quantity": 2, "channel": "web"}]
    set_ = hub.shop.put("stock/buffers", {"items": settings})
    assert (set_.status, set_.results) == (200, [{"outcome": "set", "message": ""}])
    hub.shop.post("stock/facts", {"items": [fact_body("d2", "delivery", {"milk": 7}) | {"place": "p2"}]})
    shown = [
        {"place": "p1", "on_hand": 10, "reserved": 4, "held": 1, "buffer": 2, "available": 3},
        {"place": "p2", "on_hand": 7, "reserved": 0, "held": 0, "buffer": 0, "available": 7},
    ]
    answer = hub.shop.get("stock/availability?sku=milk")
    assert answer.json == {
        "sku": "milk", "name": "Milk", "unit": "each", "decimals": 0, "channel": "web", "places": shown,
    }  # fmt: skip
    assert hub.shop.get(f"stock/availability?barcode={EAN}&place=p2").json["places"] == shown[1:]
    assert hub.shop.get("stock/availability?sku=milk&channel=kiosk&place=p1").json["places"][0]["available"] == 5
    assert hub.shop.get("stock/availability?sku=soap").status == 404
    assert hub.shop.get("stock/availability").json["code"] == "one_of"


def test_availability_takes_a_fixed_number_of_statements(hub: Hub) -> None:
    hub.shop.get("stock/availability?sku=milk")
    with CaptureQueriesContext(connection) as captured:
        hub.shop.get("stock/availability?sku=milk")
    assert len(captured) == 3, "the catalogue's revision, the database's clock, the shelves"


def test_breaches_name_the_promises_at_risk_and_discrepancies_the_shelves(hub: Hub) -> None:
    first = hub.shop.post("orders", order_body({"milk": 6}), "o1").json["id"]
    last = hub.shop.post("orders", order_body({"milk": 4}), "o2").json["id"]
    sell(hub, receipt_body("r1", {"milk": (5, 995), "bread": (4, 1_000)}))
    (breach,) = hub.shop.get("breaches?place=p1").items
    assert (breach["sku"], breach["shortfall"], breach["closed_at"]) == ("milk", 5, None)
    assert [(risk["order"], risk["line"], risk["quantity"], risk["short"]) for risk in breach["at_risk"]] == [
        (last, 1, 4, 4),
        (first, 1, 6, 1),
    ]
    (odd,) = hub.shop.get("discrepancies").items
    assert (odd["sku"], odd["state"], odd["quantity"]) == ("bread", "sellable", -1)
    with CaptureQueriesContext(connection) as captured:
        hub.shop.get("breaches")
    assert len(captured) == 2
    hub.shop.post("stock/facts", {"items": [fact_body("d2", "delivery", {"milk": 5, "bread": 1})]})
    assert (hub.shop.get("breaches").items, hub.shop.get("discrepancies").items) == ([], [])
    assert hub.shop.get("breaches?state=closed").items[0]["at_risk"] == []
    assert shelf("milk") == (10, 10, 0)
