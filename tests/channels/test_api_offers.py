"""Partners' offers over HTTP: found, one by its id, beside the products of a search; who may see them; odd wishes."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.channels.api import tokens
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.partners.models import Agreement, Offer
from onebasket.commerce.search.actions import rebuild_offers
from onebasket.front import stores
from tests.channels.api import Answer, Caller, token_for
from tests.partnering import add_offers, make_partner
from tests.searching import EAN, build, open_store

pytestmark = pytest.mark.django_db
OFFERS: dict[str, dict[str, Any]] = {
    "lamp": {"title": "Desk lamp, brass", "price": 4500, "shipping_amount": 499, "days_from": 3, "days_to": 7},
    "candy": {"title": "Candy tin", "price": 700, "stock": 0},
    "banana": {"title": "Bananas, dried", "price": 300, "gtin": f"0{EAN}"},
}


@pytest.fixture
def shop() -> Caller:
    tokens.forget()
    stores.forget_stores()
    open_store()
    build()
    enrol_source("shop", actor="tests")
    return Caller(token_for("shop", scopes=["storefront"]))


@pytest.fixture
def lantern(shop: Caller) -> dict[str, int]:
    ids = add_offers(make_partner(), OFFERS)
    rebuild_offers()
    return ids


def ask(caller: Caller, path: str, **query: object) -> Answer:
    return caller.get(f"{path}?{urlencode(query)}")


def test_an_offer_is_told_with_its_age(shop: Caller, lantern: dict[str, int]) -> None:
    answer = ask(shop, f"offers/{lantern['lamp']}", place="p1")
    assert answer.status == 200
    assert answer.json.pop("refer").startswith("/go/")
    stated_at = Offer.objects.get(pk=lantern["lamp"]).stated_at
    assert answer.json.pop("stated_at") == stated_at.isoformat().replace("+00:00", "Z")
    assert answer.json == {
        "id": lantern["lamp"], "partner": "lantern", "partner_name": "Lantern", "title": "Desk lamp, brass",
        "brand": "", "category": "", "gtin": "", "model": "", "seller": "", "description": "",
        "price": {"amount": 4500, "currency": "USD"}, "shipping": {"amount": 499, "currency": "USD"},
        "cost": {"amount": 4500, "currency": "USD"}, "days_from": 3, "days_to": 7, "stock": 5, "available": True,
        "fresh": True, "can_buy": True, "refused": None, "merchant": "agent", "return_days": 30,
    }  # fmt: skip
    sold = ask(shop, f"offers/{lantern['candy']}").json
    assert (sold["can_buy"], sold["refused"], sold["shipping"]) == (False, "out_of_stock", None)


@pytest.mark.parametrize("ships", [True, False])
def test_what_has_ended_is_gone_and_what_never_was_is_unknown(
    shop: Caller, lantern: dict[str, int], *, ships: bool
) -> None:
    Agreement.objects.update(ships=ships)
    assert ask(shop, f"offers/{lantern['lamp']}").json["refused"] == (None if ships else "not_shipped")
    Offer.objects.filter(pk=lantern["lamp"]).update(gone=True)
    assert (ask(shop, f"offers/{lantern['lamp']}").status, ask(shop, "offers/987654").status) == (410, 404)
    Agreement.objects.update(ends_on="2026-01-02")
    assert ask(shop, f"offers/{lantern['candy']}").json["code"] == "ended"


def test_offers_are_found_narrowed_and_paged(shop: Caller, lantern: dict[str, int]) -> None:
    answer = ask(shop, "offers", text="desk lmap")
    assert [thing["offers"][0]["id"] for thing in answer.items] == [lantern["lamp"]]
    assert (answer.json["suggestion"], answer.json["total"], answer.json["next"]) == ("desk lamp", 1, None)
    assert answer.json["partners"] == [{"code": "lantern", "name": "Lantern", "count": 1, "chosen": False}]
    first = ask(shop, "offers", limit=2, sort="price")
    assert [thing["offers"][0]["title"] for thing in first.items] == ["Bananas, dried", "Candy tin"]
    rest = shop.get(first.json["next"].removeprefix("/api/v1/"))
    assert [thing["offers"][0]["title"] for thing in rest.items] == ["Desk lamp, brass"]
    assert ask(shop, "offers", price_from=701).json["total"] == 1
    assert ask(shop, "offers", partner="harbour").json["total"] == 0
    (thing,) = ask(shop, "offers", text=EAN).items
    assert (thing["why"], thing["count"], thing["product_id"] is not None) == ("same_gtin", 1, True)


def test_a_search_has_them_beside_its_products_and_says_which_comes_first(
    shop: Caller, lantern: dict[str, int]
) -> None:
    def told(**query: object) -> tuple[list[str], list[str], str]:
        offers = ask(shop, "search", **query).json["offers"]
        return [thing["offers"][0]["title"] for thing in offers["items"]], offers["order"], offers["reason"]

    assert told(text="lamp") == (["Desk lamp, brass"], ["offers"], "not_sold_here")
    assert told(text="candy", place="p1") == (["Candy tin"], ["offers", "own"], "nothing_here")
    assert told(text="candy", place="p2") == (["Candy tin"], ["own", "offers"], "own_fits")
    assert told(text="milk") == ([], ["own"], "no_offers")
    assert told(text="lamp", offers=0) == ([], ["own"], "no_offers")
    assert told(text="candy", department="Grocery") == ([], ["own"], "no_offers")


def test_a_search_says_which_products_go_above_everything(shop: Caller, lantern: dict[str, int]) -> None:
    """Their names lack the word, an offer of the same GTIN has it, and the place has them."""

    def above(caller: Caller = shop, **query: object) -> list[tuple[str, int | None, bool]]:
        told = ask(caller, "search", **query).json["offers"]["above"]
        return [(hit["sku"], hit["available"], hit["here"]) for hit in told]

    assert ask(shop, "search", text="dried", place="p1").items == []
    assert above(text="dried", place="p1") == [("banana", 10, True)]
    assert above(Caller(token_for("shop", scopes=["catalogue:read"])), text="dried", place="p1") == [
        ("banana", None, True)
    ]
    assert above(text="dried", place="p2") == []  # it has none
    assert above(text="dried") == []
    assert above(text="banana", place="p1") == []  # it is among the hits


@pytest.mark.parametrize(
    ("query", "status"),
    [("limit=0", 422), ("limit=97", 422), ("offset=2401", 422), ("sort=x", 422), ("place=nowhere", 404),
     ("price_to=-1", 422), ("text=%00", 422), ("partner=A", 422), ("brand=%00", 422), ("text=%F0%9F", 200),
     ("odd=1", 422), ("text=" + "x" * 10_001, 422)],
)  # fmt: skip
def test_odd_wishes(shop: Caller, lantern: dict[str, int], query: str, status: int) -> None:
    assert shop.get(f"offers?{query}").status == status


def test_odd_ids(shop: Caller) -> None:
    odd = ("0", "-1", "x", "9223372036854775808", "9223372036854775807")
    assert [shop.get(f"offers/{one}").status for one in odd] == [404] * 5


def test_who_may_read_them(shop: Caller, lantern: dict[str, int]) -> None:
    reader = Caller(token_for("shop", scopes=["catalogue:read"]))
    stranger = Caller(token_for("shop", scopes=["stock:read"]))
    for path in ("offers", f"offers/{lantern['lamp']}"):
        assert [caller.get(path).status for caller in (reader, stranger)] == [200, 403]


def test_before_there_is_an_index(shop: Caller) -> None:
    answer = shop.get("offers?text=lamp")
    assert (answer.status, answer.json["code"]) == (503, "no_index")
    assert shop.get("search?text=milk").json["offers"]["total"] == 0


def test_a_search_costs_eight_statements_more_at_the_most(shop: Caller, lantern: dict[str, int]) -> None:
    def statements(**query: object) -> int:
        ask(shop, "search", **query)
        with CaptureQueriesContext(connection) as captured:
            ask(shop, "search", **query)
        return len(captured)

    assert statements(text="banana", place="p1") - statements(text="banana", place="p1", offers=0) == 8
    assert statements(text="milk", place="p1") - statements(text="milk", place="p1", offers=0) == 6


def test_offers_are_suggested_by_words_as_they_are_typed(shop: Caller, lantern: dict[str, int]) -> None:
    lamp = {"id": lantern["lamp"], "title": "Desk lamp, brass", "partner": "lantern", "partner_name": "Lantern"}

    def suggested(text: str, **more: object) -> Any:
        answer = ask(shop, "search/suggestions", text=text, **more).json
        return answer["offers"], answer["order"]

    assert suggested("lam", place="p1") == ([lamp], ["own", "offers"])
    assert suggested("lam", offers=0) == ([], ["own", "offers"])
    assert suggested("la") == ([], ["own", "offers"])
    assert suggested("banan") == ([], ["own", "offers"])  # the same thing is ours
    assert suggested("lamq")[0] == []  # not as typed


def test_offers_come_first_where_own_goods_are_found_by_mended_words_alone(shop: Caller) -> None:
    add_offers(make_partner(), {"scarf": {"title": "Bandana, red", "price": 900}})
    rebuild_offers()
    answer = ask(shop, "search/suggestions", text="bandana").json
    assert [one["title"] for one in answer["offers"]] == ["Bandana, red"]
    assert (answer["order"], answer["items"][0]["text"]) == (["offers", "own"], "Bananas")
