"""The journal over the API: entries, statements and balances, page by page, and bad questions."""

from typing import Any

import pytest

from onebasket.base import bulk
from onebasket.commerce.sales.actions.journalising import journalise_all
from onebasket.commerce.sales.models import Receipt
from tests.channels.api import Hub, make_hub, receipt_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = make_hub(monkeypatch, stock={"milk": 10})
    for place in ("p1", "p2"):
        items = [receipt_body(f"{place}-{number}", {"milk": (1, 199)}) | {"place": place} for number in range(3)]
        assert hub.shop.post("receipts", {"items": items}).status == 200
    journalise_all()
    return hub


def test_entries_stand_with_their_postings(hub: Hub) -> None:
    newest = hub.shop.get("books/entries?limit=1&place=p2").items[0]
    booked = Receipt.objects.get(number="p2-2")
    lines = [
        {"account": 1000, "name": "Takings", "part": "cash", "unit": "USD", "amount": 199},
        {"account": 4000, "name": "Sales at tills", "part": "0 %", "unit": "USD", "amount": -199},
    ]
    del newest["id"], newest["occurred_at"], newest["booked_at"]
    assert newest == {
        "fact": f"receipt/{booked.pk}", "kind": "sale", "place": "p2", "version": 1, "reverses": None,
        "business_day": booked.business_day.isoformat(), "lines": lines,
    }  # fmt: skip


def pages(hub: Hub, path: str) -> list[Any]:
    found: list[Any] = []
    address = path
    while address:
        answer = hub.shop.get(address)
        found.append(answer.items)
        address = answer.json["next"] or ""
    return found


def test_lists_go_page_by_page(hub: Hub) -> None:
    entries = pages(hub, "books/entries?limit=4")
    assert [len(page) for page in entries] == [4, 2]
    ids = [entry["id"] for page in entries for entry in page]
    assert ids == sorted(ids, reverse=True)
    statement = pages(hub, "books/postings?account=1000&part=cash&limit=4")
    assert [[line["amount"] for line in page] for page in statement] == [[199] * 4, [199] * 2]
    bulk.execute("UPDATE books_posting SET part = 'till ' || id WHERE account = 1000")
    parts = pages(hub, "books/balances?account=1000&limit=4")
    assert [len(page) for page in parts] == [4, 2]
    assert len({part["part"] for page in parts for part in page}) == 6


def test_entries_are_found_by_fact_kind_and_day(hub: Hub) -> None:
    booked = Receipt.objects.get(number="p1-0")
    assert len(hub.shop.get(f"books/entries?fact=receipt/{booked.pk}").items) == 1
    assert hub.shop.get("books/entries?kind=return").items == []
    day = booked.business_day.isoformat()
    assert len(hub.shop.get(f"books/entries?first_day={day}&last_day={day}").items) == 6
    assert hub.shop.get("books/entries?last_day=2001-01-01").items == []


def test_balances_add_up_by_account_and_by_part(hub: Hub) -> None:
    assert hub.shop.get("books/balances").json == {
        "items": [
            {
                "account": 1000, "name": "Takings", "nature": "asset", "part": "", "unit": "USD", "debit": 1194,
                "credit": 0, "balance": 1194,
            },
            {
                "account": 4000, "name": "Sales at tills", "nature": "revenue", "part": "", "unit": "USD", "debit": 0,
                "credit": 1194, "balance": -1194,
            },
        ],
        "next": None,
    }  # fmt: skip
    (cash,) = hub.shop.get("books/balances?account=1000&place=p1").items
    assert (cash["part"], cash["balance"]) == ("cash", 597)
    assert hub.shop.get("books/balances?unit=POINTS").items == []


def test_a_token_of_a_place_adds_up_its_own_alone(hub: Hub) -> None:
    own = hub.caller(places=["p2"])
    assert [line["balance"] for line in own.get("books/balances").items] == [597, -597]
    assert {entry["place"] for entry in own.get("books/entries").items} == {"p2"}
    assert {line["place"] for line in own.get("books/postings?account=4000").items} == {"p2"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("books/postings", "invalid"), ("books/postings?account=1234", "unknown_account"),
        ("books/balances?account=12", "invalid"), ("books/balances?unit=usd", "invalid"),
        ("books/entries?first_day=soon", "invalid"), ("books/entries?cursor=made-up", "cursor"),
        ("books/entries?fact=", "invalid"), ("books/entries?color=red", "invalid"),
    ],
)  # fmt: skip
def test_a_bad_question_is_answered_with_a_problem(hub: Hub, query: str, code: str) -> None:
    answer = hub.shop.get(query)
    assert (answer.status, answer.json["code"]) == (422, code)
