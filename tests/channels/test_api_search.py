"""Search over HTTP: pages, facets, suggestions; who may see what; and nothing typed is ever an error of ours."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from onebasket.channels.api import tokens
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.search.models import SearchState
from tests.channels.api import Answer, Caller, count_rows, token_for
from tests.searching import EAN, PRODUCTS, build, open_store

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Caller:
    tokens.forget()
    open_store()
    build()
    enrol_source("shop", actor="tests")
    return Caller(token_for("shop", scopes=["storefront"]))


def ask(caller: Caller, path: str = "search", **query: object) -> Answer:
    return caller.get(f"{path}?{urlencode(query)}")


def skus(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.json
    return [hit["sku"] for hit in answer.items]


def test_a_hit_says_what_it_costs_and_whether_it_is_here(shop: Caller) -> None:
    answer = ask(shop, text="choclate milk", place="p1", limit=1)
    assert answer.json == {
        "items": [
            {
                "product_id": answer.items[0]["product_id"], "sku": "milk3", "name": "Chocolate milk, 1 pt",
                "brand": "Moo", "department": "Grocery", "category": "Fluid milk products", "unit": "each",
                "decimals": 0, "weighed": False, "price": {"amount": 149, "per_quantity": 1, "currency": "USD"},
                "available": 10, "exact": False, "here": True,
            }
        ],
        "total": 2,
        "facets": {
            "departments": [{"value": "Grocery", "count": 2, "chosen": False}],
            "categories": [
                {"value": "Candy", "count": 1, "chosen": False},
                {"value": "Fluid milk products", "count": 1, "chosen": False},
            ],
            "brands": [
                {"value": "Moo", "count": 1, "chosen": False},
                {"value": "Sweet & Co", "count": 1, "chosen": False},
            ],
            "prices": [
                {"price_from": 0, "price_to": 99, "count": 1}, {"price_from": 100, "price_to": 199, "count": 1},
            ],
            "available": 1,
        },
        "suggestion": "chocolate milk",
        "relaxed": False,
        "offers": {
            "items": [], "total": 0, "suggestion": "", "relaxed": False, "order": ["own"], "reason": "no_offers",
            "above": [],
        },
        "next": "/api/v1/search?text=choclate+milk&place=p1&limit=1&offset=1",
    }  # fmt: skip


def test_every_part_of_a_search_can_be_stated(shop: Caller) -> None:
    assert skus(ask(shop, department="Grocery", category="Soft drinks", brand="Fizz", sort="price_desc")) == [
        "cola2", "cola1",
    ]  # fmt: skip
    assert skus(ask(shop, price_from=700, price_to=1250, sort="price")) == ["coffee", "cake"]
    assert skus(ask(shop, text="milk", place="p2", available="true")) == ["milk1", "candy"]
    assert skus(ask(shop, text=EAN)) == ["banana"]
    assert len(skus(ask(shop))) == len(PRODUCTS)


def test_pages_lead_to_the_next_until_the_last(shop: Caller) -> None:
    seen, address = [], "search?text=&limit=5&sort=price"
    while address:
        answer = shop.get(address)
        seen += skus(answer)
        address = answer.json["next"]
    assert seen == sorted(PRODUCTS, key=lambda sku: PRODUCTS[sku][-1])


def test_suggestions_as_one_types(shop: Caller) -> None:
    assert ask(shop, "search/suggestions", text="mil", place="p1").json == {
        "items": [
            {"text": "Chocolate milk", "kind": "product", "count": 1},
            {"text": "Fluid milk, white", "kind": "product", "count": 2},
            {"text": "Fluid milk products", "kind": "category", "count": 3},
        ],
        "offers": [],
        "order": ["own", "offers"],
    }
    assert ask(shop, "search/suggestions", text="").items == []


def test_who_may_not_read_stock_learns_only_whether(shop: Caller) -> None:
    reader = Caller(token_for("shop", scopes=["catalogue:read"]))
    (hit,) = ask(reader, text="bananas", place="p1", limit=1).items
    assert (hit["available"], hit["here"]) == (None, True)
    (hit,) = ask(reader, text="bananas", place="p2", limit=1).items
    assert (hit["available"], hit["here"]) == (None, False)
    keeper = Caller(token_for("shop", scopes=["catalogue:read", "stock:read"]))
    assert ask(keeper, text="bananas", place="p1", limit=1).items[0]["available"] == 10


def test_strangers_and_unknown_places(shop: Caller) -> None:
    stranger = Caller(token_for("shop", scopes=["orders:read", "stock:read"]))
    for path in ("search", "search/suggestions"):
        assert (ask(stranger, path, text="milk").status, ask(stranger, path, text="milk").json["code"]) == (
            403,
            "scope",
        )
        assert ask(shop, path, text="milk", place="nowhere").json["code"] == "unknown"
        bound = Caller(token_for("shop", scopes=["storefront"], places=["p2"]))
        assert ask(bound, path, text="milk", place="p1").json["code"] == "other_place"
        assert ask(bound, path, text="milk", place="p2").status == 200


@pytest.mark.parametrize(
    "text",
    [
        "x" * 5_000, "milk " * 1_000, "'; DROP TABLE x; --", 'name:"milk" AND (', "[a TO z]", "*", "%", "\\", "{{7*7}}",
        "<script>alert(1)</script>", "молоко", "牛乳", "👍", "\u202e\u0000"[:1], "\ufeff", "1/0 oz", "+milk -candy~2^9",
        "❶ pack", "1/" * 21 + "1 pack",
    ],
)  # fmt: skip
def test_whatever_is_typed_is_answered(shop: Caller, text: str) -> None:
    before = count_rows()
    for path in ("search", "search/suggestions"):
        answer = ask(shop, path, text=text, place="p1")
        assert answer.status == 200
        assert len(answer.items) < len(PRODUCTS)
        assert ask(shop, path, text="", place=text[:60]).status == 404
    for name in ("department", "category", "brand"):
        assert ask(shop, **{name: text[:80]}).json["total"] == 0
    assert count_rows() == before


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"text": "x" * 10_001}, "text"),
        ({"sort": "name"}, "sort"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 10_001}, "offset"),
        ({"price_from": -1}, "price_from"),
        ({"price_to": 10**16}, "price_to"),
        ({"available": "yes"}, "available"),
        ({"brand": "b" * 81}, "brand"),
        ({"words": "milk"}, "words"),
    ],
)
def test_what_is_not_as_described_is_refused(shop: Caller, query: dict[str, Any], field: str) -> None:
    answer = ask(shop, **query)
    assert (answer.status, answer.json["code"], answer.json["errors"][0]["field"]) == (422, "invalid", field)


def test_a_nul_character_is_refused_and_half_a_character_read(shop: Caller) -> None:
    assert shop.get("search?text=mi%00lk").status == 422
    assert shop.get("search?text=%ff%fe").json["total"] == 0
    assert shop.get(f"search?text={quote('milk')}%ed%a0%80").status == 200


def test_before_there_is_an_index_it_says_when_to_come_again(shop: Caller) -> None:
    SearchState.objects.update(token=1)
    for path in ("search", "search/suggestions"):
        answer = ask(shop, path, text="milk")
        assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "no_index", "3")
