"""Returns over the API: taken back once, refused with a problem, read page by page."""

from typing import Any

import pytest

from onebasket.commerce.fulfilment.models import Return
from onebasket.commerce.fulfilment.rules.messages import ReturnRefusal
from tests.builders import faults_in_stock, on_hand
from tests.channels.api import Hub, count_rows, make_hub, receipt_body

pytestmark = pytest.mark.django_db

PRINTED = {"place": "p1", "till": "1", "business_day": "2026-03-02", "number": "s1"}
LINE = {"line": 1, "quantity": 1, "disposition": "sellable"}
BODY: dict[str, Any] = {"place": "p2", "operator": "eve", "receipt": PRINTED, "lines": [LINE], "reason": "sour"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = make_hub(monkeypatch, stock={"milk": 10})
    hub.shop.post("receipts", {"items": [receipt_body("s1", {"milk": (3, 500)})]})
    return hub


def test_goods_are_taken_back_once(hub: Hub) -> None:
    first = hub.shop.post("returns", BODY, "b1")
    assert first.status == 200
    assert {name: first.json[name] for name in ("outcome", "place", "currency", "total", "tax_total")} == {
        "outcome": "accepted", "place": "p2", "currency": "USD", "total": 167, "tax_total": 0,
    }  # fmt: skip
    assert first.json["tenders"] == [{"kind": "cash", "amount": 167, "reference": "", "code": ""}]
    assert on_hand("milk", place_code="p2") == 1
    assert hub.shop.post("returns", BODY, "b1").json == first.json
    conflict = hub.shop.post("returns", BODY | {"reason": "broken"}, "b1")
    assert (conflict.status, conflict.json["code"]) == (409, "key_conflict")
    assert Return.objects.count() == 1
    assert faults_in_stock() == []


def test_a_code_of_store_credit_is_told_once(hub: Hub) -> None:
    body = {"place": "p2", "operator": "eve", "lines": [{"sku": "milk", "quantity": 1}]}
    (first,) = hub.shop.post("returns", body, "b1").json["tenders"]
    (again,) = hub.shop.post("returns", body, "b1").json["tenders"]
    assert (first["kind"], first["amount"], bool(first["code"])) == ("store_credit", 199, True)
    assert again == first | {"code": ""}
    (listed,) = hub.shop.get("returns").items
    assert listed["tenders"] == [again]


def test_returns_are_read_page_by_page(hub: Hub) -> None:
    for number in range(3):
        assert hub.shop.post("returns", BODY, f"b{number}").status == 200
    page = hub.shop.get("returns?limit=2")
    rest = hub.shop.get(page.json["next"])
    read = [row["number"] for row in (*page.items, *rest.items)]
    assert (len(read), rest.json["next"]) == (3, None)
    assert read == sorted(read, key=lambda number: int(number[2:]), reverse=True)
    (last,) = rest.items
    assert (last["place"], last["policy"], last["accepted_by"], last["reason"]) == ("p2", "allocated", "eve", "sour")
    assert last["lines"] == [{"sku": "milk", "quantity": 1, "amount": 167, "tax_amount": 0, "disposition": "sellable"}]
    assert sum(row["total"] for row in (*page.items, *rest.items)) == 500
    assert hub.shop.get("returns?place=p1").items == []
    assert hub.shop.get(f"returns?order={last['id']}").items == []
    assert hub.caller(places=["p2"]).get("returns").items == [*page.items, *rest.items]


REFUSALS: list[tuple[dict[str, Any], ReturnRefusal]] = [
    ({"place": "p9"}, "unknown_place"),
    ({"receipt": PRINTED | {"number": "s9"}}, "unknown_original"),
    ({"lines": [LINE | {"line": 7}]}, "unknown_line"),
    ({"lines": [LINE, LINE]}, "doubled_line"),
    ({"lines": [LINE | {"quantity": 4}]}, "too_much"),
    ({"lines": [LINE | {"amount": 900}]}, "reason_needed"),
    ({"expected_total": 500}, "other_total"),
    ({"receipt": None}, "nothing_named"),
    ({"receipt": None, "lines": [{"sku": "caviar", "quantity": 1}]}, "unknown_product"),
]


@pytest.mark.parametrize(("change", "code"), REFUSALS, ids=[code for _, code in REFUSALS])
def test_a_refusal_is_a_problem_and_changes_nothing(hub: Hub, change: dict[str, Any], code: str) -> None:
    answer = hub.shop.post("returns", BODY | change, "b1")
    assert (answer.status, answer.json["code"]) == (422, code)
    assert Return.objects.count() == 0
    assert on_hand("milk", place_code="p2") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"lines": []}, {"lines": [LINE | {"quantity": 0}]}, {"lines": [LINE | {"quantity": -1}]},
        {"lines": [LINE | {"amount": -1}]}, {"policy": "repriced"}, {"order": "nonsense"}, {"operator": ""},
    ],
)  # fmt: skip
def test_what_is_not_as_described_is_invalid(hub: Hub, change: dict[str, Any]) -> None:
    before = count_rows()
    assert hub.shop.post("returns", BODY | change, "b1").status == 422
    assert hub.shop.post("returns", BODY).status == 422
    assert count_rows() == before
