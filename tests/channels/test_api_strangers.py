"""Nobody gets in without a token, without the scope, or into another's place; and nothing changes when refused.

The table names every endpoint: a new one without a row here fails the first test.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from onebasket.base.models import Event
from onebasket.channels.api.application import CONTRACTS
from onebasket.channels.api.urls import ENDPOINTS
from onebasket.commerce.access.actions import set_source_active
from onebasket.commerce.access.rules import SCOPES
from onebasket.commerce.sales.actions.journalising import journalise_all
from onebasket.commerce.sales.models import LineException, Receipt
from tests.channels.api import Caller, Hub, count_rows, fact_body, make_hub, order_body, receipt_body
from tests.paying import Pay, gift_card, give_back, open_order, settle

pytestmark = pytest.mark.django_db

REFUSED, HIDDEN, EMPTY, SHARED = 403, 404, "an empty list", "the chain's"
"""What a token of place p2 gets of place p1: the request refused, the row not found, or a list without p1's rows.
What belongs to the whole chain is shared by every place."""

ORDER = order_body({"milk": 1})
WHEN = "2026-03-02T15:00:00Z"


@dataclass(frozen=True)
class Door:
    """An endpoint with a request that its owner may make about place p1, and what a token of p2 gets."""

    method: str
    path: str
    foreign: object
    body: Any = None
    query: str = ""
    key: bool = field(default=False)


def batch(**item: object) -> dict[str, object]:
    return {"items": [{"key": "stranger", **item}]}


PRODUCT = {"sku": "tea", "name": "Tea"}
PLACE = {"code": "p1", "name": "Renamed", "currency": "USD", "time_zone": "America/New_York"}
PRICE = {"sku": "milk", "currency": "USD", "amount": 1, "valid_from": WHEN, "place": "p1"}
PRICE_END = {"sku": "milk", "currency": "USD", "ends_at": WHEN, "place": "p1"}
CONSENT = {"purpose": "offers_email", "given": True, "at": WHEN, "text_version": "1"}
CHECKOUT = {"version": 1, "expected_total": 199, "contact": {"name": "Eve", "phone": "1"}}

PROMOTION = {
    "code": "stranger", "name": "No", "saving": {"kind": "percent_off", "share": 100_000}, "valid_from": WHEN,
    "goods": {"everything": True},
}  # fmt: skip
CAMPAIGN = {"code": "c1", "name": "No", "valid_from": WHEN, "households": ["77"]}
TAX = {"code": "sales", "rate": 60_000, "valid_from": WHEN, "place": "p1"}
TERMS = {"valid_from": WHEN, "included": False, "place": "p1"}
PARTNER = {"code": "eve", "name": "Eve", "gateway": "feed", "currency": "USD"}
AGREEMENT = {"partner": "eve", "starts_on": "2026-01-01", "currency": "USD", "merchant": "agent"}
RETURN = {"place": "p1", "operator": "eve", "lines": [{"sku": "milk", "quantity": 1}]}

DOORS = (
    Door("POST", "/orders", REFUSED, ORDER, key=True),
    Door("POST", "/orders/batch", REFUSED, {"items": [ORDER | {"key": "stranger"}]}),
    Door("GET", "/orders", EMPTY),
    Door("GET", "/orders/{order_id}", HIDDEN),
    Door("POST", "/orders/{order_id}/cancel", HIDDEN, {}, key=True),
    Door("POST", "/orders/{order_id}/pick", HIDDEN, {}, key=True),
    Door("POST", "/orders/{order_id}/hand-over", HIDDEN, {}, key=True),
    Door("POST", "/orders/{order_id}/put-back", HIDDEN, {}, key=True),
    Door("POST", "/orders/{order_id}/confirm-payment", HIDDEN, {}, key=True),
    Door("POST", "/orders/{order_id}/reopen", HIDDEN, {}, key=True),
    Door("POST", "/baskets", REFUSED, {"place": "p1"}, key=True),
    Door("GET", "/baskets/{basket_id}", HIDDEN),
    Door("PUT", "/baskets/{basket_id}/lines/milk", HIDDEN, {"quantity": 0}, key=True),
    Door("PUT", "/baskets/{basket_id}/place", REFUSED, {"place": "p1"}, key=True),
    Door("PUT", "/baskets/{basket_id}/slot", HIDDEN, {"slot": None}, key=True),
    Door("PUT", "/baskets/{basket_id}/card", HIDDEN, {"loyalty_number": "44"}, key=True),
    Door("POST", "/baskets/{basket_id}/coupons", HIDDEN, {"code": "ten"}, key=True),
    Door("POST", "/baskets/{basket_id}/renew", HIDDEN, {}, key=True),
    Door("POST", "/baskets/{basket_id}/drop", HIDDEN, {}, key=True),
    Door("POST", "/baskets/{basket_id}/checkout", HIDDEN, CHECKOUT, key=True),
    Door("POST", "/holds", REFUSED, {"place": "p1", "lines": [{"sku": "milk", "quantity": 1}]}, key=True),
    Door("DELETE", "/holds/{hold_id}", HIDDEN),
    Door("POST", "/receipts", REFUSED, {"items": [receipt_body("stranger", {"milk": (1, 199)})]}),
    Door("GET", "/receipts", EMPTY),
    Door("GET", "/receipts/{receipt_id}", HIDDEN),
    Door("POST", "/stock/facts", REFUSED, {"items": [fact_body("stranger", "delivery", {"milk": 5})]}),
    Door("GET", "/search", REFUSED, query="?text=milk&place=p1"),
    Door("GET", "/search/suggestions", REFUSED, query="?text=milk&place=p1"),
    Door("GET", "/stock/availability", EMPTY, query="?sku=milk"),
    Door("GET", "/stock/shelves", EMPTY),
    Door("GET", "/stock/movements", EMPTY),
    Door("PUT", "/stock/buffers", REFUSED, batch(place="p1", sku="milk", quantity=2)),
    Door("GET", "/breaches", EMPTY),
    Door("GET", "/discrepancies", EMPTY),
    Door("GET", "/line-exceptions", EMPTY),
    Door("POST", "/line-exceptions/{exception_id}/mend", HIDDEN, {"sku": "milk"}, key=True),
    Door("POST", "/line-exceptions/{exception_id}/dismiss", HIDDEN, {"note": "no"}, key=True),
    Door("GET", "/quarantine", EMPTY),
    Door("GET", "/quarantine/{item_id}", HIDDEN),
    Door("POST", "/quarantine/{item_id}/mend", HIDDEN, {"message": {}}, key=True),
    Door("POST", "/quarantine/{item_id}/replay", HIDDEN, {}, key=True),
    Door("POST", "/quarantine/{item_id}/discard", HIDDEN, {"note": "no"}, key=True),
    Door("PUT", "/places", REFUSED, batch(**PLACE)),
    Door("GET", "/places", EMPTY),
    Door("GET", "/places/{place}/slots", HIDDEN),
    Door("PUT", "/slots/plans", REFUSED, batch(place="p1", windows=[])),
    Door("PUT", "/slots/exceptions", REFUSED, batch(place="p1", date="2026-12-24")),
    Door("GET", "/slots/plans", EMPTY),
    Door("GET", "/payments", EMPTY),
    Door("GET", "/payments/{payment_id}", HIDDEN),
    Door("POST", "/payments/{payment_id}/authorise", HIDDEN, {"token": "tok_approved"}, key=True),
    Door("GET", "/refunds", EMPTY),
    Door("POST", "/refunds", HIDDEN, {"order": "{order_id}", "amount": 1}, key=True),
    Door("POST", "/returns", REFUSED, RETURN, key=True),
    Door("GET", "/returns", EMPTY),
    Door("POST", "/gift-cards", REFUSED, batch(currency="USD", amount=5, place="p1")),
    Door("POST", "/gift-cards/activate", REFUSED, batch(code="{card}", currency="USD", amount=5, place="p1")),
    Door("POST", "/gift-cards/balance", SHARED, {"code": "{card}"}),
    Door("POST", "/gift-cards/block", REFUSED, {"code": "{card}", "reason": "no"}, key=True),
    Door("PUT", "/products", SHARED, batch(**PRODUCT)),
    Door("GET", "/products", SHARED, query="?sku=milk"),
    Door("POST", "/products/retire", SHARED, batch(sku="milk")),
    Door("PUT", "/units", SHARED, batch(code="box", decimals=0)),
    Door("GET", "/units", SHARED),
    Door("PUT", "/customers", SHARED, batch(loyalty_number="77")),
    Door("POST", "/customers/retire", SHARED, batch(loyalty_number="77")),
    Door("GET", "/customers", SHARED),
    Door("POST", "/customers/consents", SHARED, batch(loyalty_number="77", **CONSENT)),
    Door("GET", "/customers/doubles", REFUSED),
    Door("POST", "/customers/merge", REFUSED, {"keep": "77", "other": "78"}, key=True),
    Door("POST", "/customers/merges/{merge_id}/undo", REFUSED, key=True),
    Door("GET", "/customers/{loyalty_number}", SHARED),
    Door("POST", "/customers/{loyalty_number}/code", SHARED),
    Door("GET", "/customers/{loyalty_number}/history", EMPTY),
    Door("GET", "/customers/{loyalty_number}/export", REFUSED),
    Door("POST", "/customers/{loyalty_number}/erase", REFUSED, key=True),
    Door("PUT", "/prices", REFUSED, batch(**PRICE)),
    Door("POST", "/prices/end", REFUSED, batch(**PRICE_END)),
    Door("GET", "/prices", SHARED, query="?sku=milk"),
    Door("PUT", "/promotions", REFUSED, batch(promotion=PROMOTION, state="live")),
    Door("POST", "/promotions/launch", REFUSED, batch(code="deal")),
    Door("POST", "/promotions/end", REFUSED, batch(code="deal")),
    Door("GET", "/promotions", SHARED),
    Door("GET", "/promotions/{code}", SHARED),
    Door("PUT", "/campaigns", REFUSED, batch(**CAMPAIGN)),
    Door("GET", "/campaigns", SHARED),
    Door("PUT", "/coupons", REFUSED, batch(code="c1", medium="digital")),
    Door("POST", "/coupons/end", REFUSED, batch(code="c1")),
    Door("POST", "/coupons/serials", REFUSED, batch(coupon="c1", serials=["aaaaaaaaaa"])),
    Door("POST", "/coupons/clip", SHARED, batch(coupon="c1", loyalty_number="77")),
    Door("GET", "/coupons/offers", SHARED, query="?loyalty_number=77"),
    Door("GET", "/coupons", SHARED),
    Door("PUT", "/taxes", REFUSED, batch(**TAX)),
    Door("POST", "/taxes/end", REFUSED, batch(code="sales", ends_at=WHEN, place="p1")),
    Door("GET", "/taxes", EMPTY),
    Door("PUT", "/taxes/terms", REFUSED, batch(**TERMS)),
    Door("GET", "/taxes/terms", EMPTY),
    Door("PUT", "/taxes/classes", REFUSED, batch(tax_class="food", sku="milk")),
    Door("GET", "/taxes/classes", SHARED),
    Door("PUT", "/partners", REFUSED, batch(**PARTNER)),
    Door("GET", "/partners", REFUSED),
    Door("PUT", "/partners/agreements", REFUSED, batch(**AGREEMENT)),
    Door("GET", "/partners/agreements", REFUSED),
    Door("GET", "/partners/offers", REFUSED),
    Door("PUT", "/exchange-rates", REFUSED, batch(base="GBP", quote="USD", billionths=1, valid_from=WHEN)),
    Door("GET", "/exchange-rates", REFUSED),
    Door("GET", "/referrals", REFUSED),
    Door("GET", "/commissions", REFUSED),
    Door("GET", "/commissions/{line_id}", REFUSED),
    Door("GET", "/partner-parts", REFUSED),
    Door("GET", "/partner-parts/{part_id}", REFUSED),
    Door("GET", "/oddities", REFUSED),
    Door("POST", "/oddities/{oddity_id}/settle", REFUSED, {"note": "no"}, key=True),
    Door("PUT", "/baskets/{basket_id}/offers/{offer_id}", HIDDEN, {"quantity": 1}, key=True),
    Door("POST", "/baskets/{basket_id}/requote", HIDDEN, {}),
    Door("GET", "/offers", REFUSED, query="?text=lamp&place=p1"),
    Door("GET", "/offers/{offer_id}", REFUSED, query="?place=p1"),
    Door("GET", "/books/entries", EMPTY),
    Door("GET", "/books/balances", EMPTY),
    Door("GET", "/books/postings", EMPTY, query="?account=1000"),
    Door("GET", "/events", EMPTY),
    Door("PUT", "/webhooks", REFUSED, {"url": "https://example.com/in", "places": ["p1"]}, key=True),
    Door("GET", "/webhooks", SHARED),
    Door("DELETE", "/webhooks/{webhook_id}", HIDDEN),
)
"""Every endpoint of the API."""


@dataclass
class World:
    hub: Hub
    ids: dict[str, object]

    def knock(self, caller: Caller, door: Door, key: str = "stranger-knock") -> tuple[int, Any]:
        path = door.path.format(**self.ids)[1:] + door.query
        answer = caller.ask(door.method, path, filled(door.body, self.ids), key if door.key else "")
        return answer.status, answer.json


def filled(body: Any, ids: dict[str, object]) -> Any:
    """Return a body with the world's own ids where it names them."""
    if isinstance(body, dict):
        return {name: filled(value, ids) for name, value in body.items()}
    if isinstance(body, list):
        return [filled(value, ids) for value in body]
    return str(ids[body[1:-1]]) if isinstance(body, str) and body[1:-1] in ids else body


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    hub = make_hub(monkeypatch, stock={"milk": 10})
    hub.shop.put("customers", {"items": [{"key": "c1", "loyalty_number": "77"}]})
    order = hub.shop.post("orders", ORDER | {"loyalty_number": "77"}, "o1").json["id"]
    basket = hub.shop.post("baskets", {"place": "p1", "lines": [{"sku": "milk", "quantity": 1}]}, "k1").json["id"]
    hold = hub.shop.post("holds", {"place": "p1", "lines": [{"sku": "milk", "quantity": 1}]}, "h1").json["id"]
    untied = receipt_body("r2", {"milk": (1, 199)}) | {"tenders": []}
    found = hub.shop.post("receipts", {"items": [receipt_body("r1", {"gum": (1, 50), "milk": (20, 1)}), untied]})
    hub.shop.put("promotions", {"items": [{"key": "p1", "promotion": PROMOTION | {"code": "deal"}, "state": "live"}]})
    hub.shop.put("taxes", {"items": [{"key": "t1", **TAX}]})
    hub.shop.put("taxes/terms", {"items": [{"key": "t2", **TERMS}]})
    Event.objects.update(position=None)
    for position, event in enumerate(Event.objects.exclude(place_code="").order_by("id"), 1):
        event.position = position
        event.save(update_fields=["position"])
    hub.shop.put("slots/plans", batch(place="p1", windows=[]))
    (payment,) = open_order(Pay("at_collection", 199), order=UUID(order))
    settle(payment, "hand_over", 199)
    give_back(hub.source, payment, 50)
    hub.shop.post("returns", RETURN, "back1")
    journalise_all()
    ids = {
        "place": "p1",
        "loyalty_number": "77",
        "merge_id": 1,
        "order_id": order,
        "payment_id": payment,
        "card": gift_card(hub.source, 500).code,
        "basket_id": basket,
        "hold_id": hold,
        "receipt_id": Receipt.objects.get(till="1").pk,
        "exception_id": LineException.objects.get().pk,
        "item_id": found.results[1]["id"],
        "webhook_id": uuid4(),
        "line_id": 1,
        "part_id": uuid4(),
        "oddity_id": 1,
        "offer_id": 1,
        "code": "deal",
    }
    return World(hub, ids)


def test_the_table_names_every_endpoint() -> None:
    assert ENDPOINTS
    named = {(door.method, door.path.replace("/lines/milk", "/lines/{sku}")) for door in DOORS}
    assert named == CONTRACTS.keys()


@pytest.mark.parametrize("token", ["", "ob_" + "x" * 43, "secret"])
def test_without_a_token_nothing_opens(world: World, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onebasket.channels.api.tokens.MOST_FAILURES", len(DOORS) + 1)
    before = count_rows()
    answers = {
        (door.method, door.path): world.knock(Caller(token, address=f"198.51.100.{number}"), door)
        for number, door in enumerate(DOORS)
    }
    assert {status for status, _ in answers.values()} == {401}
    assert {json["code"] for _, json in answers.values()} == {"token_invalid" if token else "token_missing"}
    assert count_rows() == before


def test_with_every_other_scope_nothing_opens(world: World) -> None:
    callers = {
        scopes: world.hub.caller(scopes=[other for other in SCOPES if other not in scopes])
        for scopes in {contract.scopes for contract in CONTRACTS.values()}
    }
    before = count_rows()
    for door in DOORS:
        scopes = CONTRACTS[door.method, door.path.replace("/lines/milk", "/lines/{sku}")].scopes
        status, json = world.knock(callers[scopes], door)
        assert (status, json["code"]) == (403, "scope"), door
    assert count_rows() == before


def test_another_place_is_closed(world: World) -> None:
    stranger = world.hub.caller(source="erp", places=["p2"])
    before = count_rows()
    opened = []
    for door in DOORS:
        status, json = world.knock(stranger, door) if door.foreign != SHARED else (0, None)
        if door.foreign == EMPTY:
            closed = status == 200 and not [row for row in rows_of(json) if "p2" not in str(row)]
        else:
            closed = (status, json and json["code"]) in {(REFUSED, "other_place"), (HIDDEN, "unknown"), (0, None)}
            closed = closed and door.foreign in {status, SHARED}
        if not closed or count_rows() != before:
            opened.append((door.method, door.path, status, json))
    assert opened == []


def test_a_list_that_hides_from_strangers_shows_its_owner_something(world: World) -> None:
    """The control of the test above: an empty list must not be empty for everybody."""
    owner = world.hub.caller(places=["p1"])
    answers = {door.path: world.knock(owner, door) for door in DOORS if door.foreign == EMPTY}
    assert {path for path, (status, json) in answers.items() if status != 200 or not rows_of(json)} == set()


def rows_of(json: Any) -> list[Any]:
    rows: list[Any] = json if isinstance(json, list) else json.get("items", json.get("places"))
    return rows


@pytest.mark.parametrize(
    "path",
    [
        "orders",
        "receipts",
        "stock/shelves",
        "breaches",
        "discrepancies",
        "line-exceptions",
        "quarantine",
        "payments",
        "returns",
        "books/entries",
        "books/balances",
    ],
)
def test_a_list_of_a_place_that_the_token_is_not_bound_to_is_refused(world: World, path: str) -> None:
    answer = world.hub.caller(places=["p2"]).get(f"{path}?place=p1")
    assert (answer.status, answer.json["code"], answer.json["place"]) == (403, "other_place", "p1")


def test_one_foreign_item_refuses_the_whole_request(world: World) -> None:
    stranger = world.hub.caller(source="erp", places=["p2"])
    own = receipt_body("s1", {"milk": (1, 199)}) | {"place": "p2"}
    before = count_rows()
    broken = {"key": "s2", "place": "p1", "nonsense": True}
    for foreign in (receipt_body("s2", {"milk": (1, 199)}), broken):
        assert stranger.post("receipts", {"items": [own, foreign]}).status == 403
    transfer = fact_body("t1", "transfer", {"milk": 1}) | {"place": "p2", "to_place": "p1"}
    assert stranger.post("stock/facts", {"items": [transfer]}).status == 403
    several = order_body({"milk": 1}, "p2", "p1")
    assert stranger.post("orders", several, "s3").status == 403
    assert count_rows() == before


def test_the_chains_price_is_for_tokens_of_every_place(world: World) -> None:
    bound = world.hub.caller(places=["p1"])
    before = count_rows()
    everywhere = {name: value for name, value in PRICE.items() if name != "place"}
    answer = bound.put("prices", batch(**everywhere))
    assert (answer.status, answer.json["code"]) == (403, "other_place")
    assert count_rows() == before


def test_a_quarantined_message_without_a_place_is_its_senders_business(world: World) -> None:
    sender = world.hub.caller(source="erp", places=["p2"])
    item = sender.post("receipts", {"items": [7]}).results[0]["id"]
    assert sender.get(f"quarantine/{item}").status == 200
    assert world.hub.caller(source="shop", places=["p2"]).get(f"quarantine/{item}").status == 404
    assert world.hub.shop.get(f"quarantine/{item}").status == 200


def test_a_replay_books_at_no_place_that_the_token_is_not_bound_to(world: World) -> None:
    sender = world.hub.caller(source="erp", places=["p2"])
    item = sender.post("receipts", {"items": [7]}).results[0]["id"]
    sender.post(f"quarantine/{item}/mend", {"message": receipt_body("r9", {"milk": (1, 199)})}, "m1")
    answer = sender.post(f"quarantine/{item}/replay", {}, "m2")
    assert (answer.status, answer.json["outcome"], answer.json["reason"]) == (200, "still_open", "other_place")
    assert Receipt.objects.filter(till="1").count() == 1


def test_who_guesses_tokens_is_slowed_down_and_others_are_not(world: World) -> None:
    guesser = Caller("ob_" + "y" * 43, address="198.51.100.7")
    world.hub.shop.address = "198.51.100.7"
    assert world.hub.shop.get("units").status == 200
    answers = [guesser.get("units") for _ in range(61)]
    assert [answer.status for answer in answers] == [401] * 60 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert world.hub.shop.get("units").status == 200
    assert Caller("ob_" + "y" * 43).get("units").status == 401


def test_a_revoked_token_and_a_closed_source_open_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onebasket.channels.api.tokens.REMEMBERED_SECONDS", 0.0)
    assert world.hub.shop.get("units").status == 200
    set_source_active("shop", active=False, actor="tests")
    assert world.hub.shop.get("units").status == 401
