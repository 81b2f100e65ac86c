"""The storefront over HTTP: from an empty basket to a placed order, and what is refused on the way."""

from typing import Any
from uuid import UUID

import pytest

from onebasket.base.clock import database_now
from onebasket.commerce.access.models import Source
from onebasket.commerce.orders.actions import CheckoutCall, check_out
from onebasket.commerce.orders.models import Order, OrderContact
from onebasket.commerce.orders.queries.audit import audit_orders
from onebasket.commerce.orders.queries.baskets import read_basket
from onebasket.commerce.orders.queries.following import order_by_code, order_by_secret
from onebasket.commerce.orders.queries.quoting import quote_basket
from onebasket.commerce.orders.rules.baskets import Checkout, Contact
from onebasket.commerce.payments.actions import issue_gift_cards
from onebasket.commerce.payments.queries import find_balance
from onebasket.commerce.payments.rules.messages import GiftCardIssue
from tests.builders import add_prices, counts_of, faults_in_stock, shelf
from tests.channels.api import Answer, Hub, make_hub

pytestmark = pytest.mark.django_db

CONTACT = {"name": "Ada", "email": "ada@example.org"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch, stock={"milk": 10, "bread": 5, "apples": 5_000})


def opened(hub: Hub, key: str = "b", **lines: int) -> dict[str, Any]:
    stated = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    answer = hub.shop.post("baskets", {"place": "p1", "lines": stated}, key)
    assert answer.status == 201, answer.json
    assert answer.headers["Location"] == f"/api/v1/baskets/{answer.json['id']}"
    found: dict[str, Any] = answer.json
    return found


def checked_out(hub: Hub, basket: dict[str, Any], total: int, key: str = "c", **more: Any) -> Answer:
    body = {"version": basket["version"], "expected_total": total, "contact": CONTACT} | more
    return hub.shop.post(f"baskets/{basket['id']}/checkout", body, key)


def test_a_guest_fills_a_basket_and_places_it(hub: Hub) -> None:
    basket = opened(hub)
    for number, (sku, quantity) in enumerate({"milk": 2, "bread": 1, "apples": 1_250}.items()):
        answer = hub.shop.put(f"baskets/{basket['id']}/lines/{sku}", {"quantity": quantity}, f"l{number}")
        assert answer.status == 200, answer.json
        basket = answer.json
    assert basket["lines"] == [
        {"sku": "milk", "quantity": 2, "held": 2},
        {"sku": "bread", "quantity": 1, "held": 1},
        {"sku": "apples", "quantity": 1_250, "held": 1_250},
    ]
    read = hub.shop.get(f"baskets/{basket['id']}").json
    assert (read["priced"]["total"], read["basket"]["version"]) == (1023, 4)

    answer = checked_out(hub, basket, 1023)

    assert answer.status == 201, answer.json
    placed = answer.json["order"]
    assert (placed["id"], placed["number"], placed["total"], placed["status"]) == (
        basket["id"], "p1-0001", 1023, "placed",
    )  # fmt: skip
    assert len(answer.json["secret"]) == len(answer.json["collection_code"]) == 26
    assert answer.json["secret"] not in str(Order.objects.values().get())
    assert (shelf("milk"), shelf("bread"), shelf("apples")) == ((10, 2, 0), (5, 1, 0), (5_000, 1_250, 0))
    assert OrderContact.objects.values_list("order_id", "name", "email").get() == (
        Order.objects.get().pk, "Ada", "ada@example.org",
    )  # fmt: skip
    assert faults_in_stock() == []
    assert [finding.check for finding in audit_orders() if finding.differences] == []


def test_the_same_checkout_again_gives_the_same_order(hub: Hub) -> None:
    basket = opened(hub, milk=2)
    first = checked_out(hub, basket, 398)
    again = checked_out(hub, basket, 398)
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert counts_of(Order) == [1]
    other = checked_out(hub, basket, 398, "c2")
    assert (other.status, other.json["code"]) == (422, "basket_closed")
    assert checked_out(hub, basket, 398, note="Ring.").json["code"] == "key_conflict"
    assert shelf("milk") == (10, 2, 0)


def test_what_the_shopper_did_not_see_is_not_placed(hub: Hub) -> None:
    basket = opened(hub, milk=2)
    changed = hub.shop.put(f"baskets/{basket['id']}/lines/milk", {"quantity": 3}, "l1").json
    stale = checked_out(hub, basket, 398)
    assert (stale.status, stale.json["code"]) == (422, "basket_changed")
    wrong = checked_out(hub, changed, 398, "c2")
    assert (wrong.status, wrong.json["code"], wrong.json["total"]) == (422, "price_changed", 597)
    assert counts_of(Order) == [0]
    assert shelf("milk") == (10, 0, 3)
    assert checked_out(hub, changed, 597, "c3").status == 201


def test_prices_are_locked_while_the_basket_holds(hub: Hub) -> None:
    basket = opened(hub, milk=2)
    add_prices(hub.source, {"milk": (199, 1)}, place="p1")
    read = hub.shop.get(f"baskets/{basket['id']}").json
    assert read["priced"]["total"] == 398


def test_a_basket_that_lacks_something_is_not_placed(hub: Hub) -> None:
    basket = opened(hub, milk=12, bread=1)
    assert basket["lines"][0] == {"sku": "milk", "quantity": 12, "held": 10}
    answer = checked_out(hub, basket, 12 * 199 + 250)
    assert (answer.status, answer.json["code"]) == (422, "short")
    assert answer.json["shortfalls"] == [{"line": 1, "sku": "milk", "requested": 12, "available": 10, "missing": 2}]
    assert (counts_of(Order), shelf("milk")) == ([0], (10, 0, 10))


def test_how_to_reach_the_shopper_is_needed(hub: Hub) -> None:
    basket = opened(hub, milk=1)
    answer = checked_out(hub, basket, 199, contact={"name": "Ada"})
    assert (answer.status, answer.json["code"]) == (422, "no_contact")
    empty = opened(hub, "b2")
    assert checked_out(hub, empty, 0, "c2").json["code"] == "basket_empty"


def test_a_stranger_finds_no_basket(hub: Hub) -> None:
    basket = opened(hub, milk=1)
    path = f"baskets/{basket['id']}"
    elsewhere = hub.caller(places=("p2",))
    other = hub.caller(source="erp")
    for stranger in (elsewhere, other):
        assert stranger.get(path).status == 404
        assert stranger.put(f"{path}/lines/milk", {"quantity": 0}, "x").status == 404
        body = {"version": 1, "expected_total": 199, "contact": CONTACT}
        assert stranger.post(f"{path}/checkout", body, "y").status == 404
    without = hub.caller(scopes=("orders:write", "orders:read"))
    assert without.get(path).status == 403
    assert elsewhere.post("baskets", {"place": "p1"}, "z").json["code"] == "other_place"
    assert shelf("milk") == (10, 0, 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("lines/milk", {"quantity": -1}),
        ("lines/milk", {"quantity": 1.5}),
        ("lines/milk", {"quantity": "1"}),
        ("lines/milk", {}),
        ("place", {"place": ""}),
        ("slot", {"slot": 0}),
    ],
)
def test_odd_changes_are_refused(hub: Hub, path: str, body: dict[str, Any]) -> None:
    basket = opened(hub, milk=1)
    answer = hub.shop.put(f"baskets/{basket['id']}/{path}", body, "odd")
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert shelf("milk") == (10, 0, 1)


def test_an_order_is_followed_by_its_secret_alone(hub: Hub) -> None:
    basket = opened(hub, milk=2)
    done = checked_out(hub, basket, 398).json
    followed = order_by_secret(done["secret"].lower())
    assert followed is not None
    assert (followed.number, followed.total, followed.name, followed.email) == (
        "p1-0001", 398, "Ada", "ada@example.org",
    )  # fmt: skip
    assert [(line.name, line.ordered, line.amount) for line in followed.lines] == [("Milk", 2, 398)]
    for wrong in ("", done["collection_code"], done["order"]["id"], done["secret"][:-1]):
        assert order_by_secret(wrong) is None
    assert order_by_code(done["collection_code"], places=frozenset({"p1"})) == followed
    assert order_by_code(done["collection_code"], places=frozenset({"p2"})) is None
    assert order_by_code(done["secret"], places=None) is None


def test_an_order_is_changed_by_opening_it_again(hub: Hub) -> None:
    placed = checked_out(hub, opened(hub, milk=2), 398).json["order"]
    again = hub.shop.post(f"orders/{placed['id']}/reopen", {}, "r1")
    assert (again.status, again.json["lines"]) == (201, [{"sku": "milk", "quantity": 2, "held": 2}])
    refused = hub.shop.post(f"orders/{placed['id']}/reopen", {}, "r2")
    assert (refused.status, refused.json["code"], refused.json["order_status"]) == (422, "not_open", "cancelled")


def gift_card(hub: Hub, amount: int) -> str:
    """Issue a gift card and return its code."""
    (outcome,) = issue_gift_cards(hub.source, [GiftCardIssue("g1", "USD", amount)])
    assert outcome.outcome == "issued", outcome
    return outcome.code


def test_a_gift_card_pays_first_and_the_rest_is_paid_at_collection(hub: Hub) -> None:
    code = gift_card(hub, 300)
    done = checked_out(hub, opened(hub, milk=2), 398, balances=[code])
    assert done.status == 201, done.json
    paid = [(one["method"], one["amount"]) for one in done.json["order"]["payments"]]
    assert paid == [("gift_card", 300), ("at_collection", 98)]
    left = find_balance(code)
    assert left is not None
    assert left.balance == 0
    empty = checked_out(hub, opened(hub, "b2", milk=1), 199, "c2", balances=[code])
    assert (empty.status, empty.json["code"]) == (422, "balance_not_usable")
    unknown = checked_out(hub, opened(hub, "b3", milk=1), 199, "c3", balances=["nonsense"])
    assert (unknown.status, unknown.json["code"]) == (422, "balance_not_usable")
    assert shelf("milk") == (10, 2, 2)
    assert [finding.check for finding in audit_orders() if finding.differences] == []


def test_what_is_not_offered_is_refused(hub: Hub) -> None:
    basket = opened(hub, milk=2)
    for key, method in (("c1", "invoice"), ("c2", "card")):
        answer = checked_out(hub, basket, 398, key, method=method)
        assert (answer.status, answer.json["code"]) == (422, "method_not_offered")
    assert counts_of(Order) == [0]


def test_two_checkouts_of_one_basket_in_a_batch_make_one_order(hub: Hub) -> None:
    found = opened(hub, milk=2)
    now = database_now()
    source = Source.objects.get(code="shop").pk
    basket = read_basket(source, UUID(found["id"]), now=now)
    assert basket is not None
    requests = [Checkout(f"c{n}", basket.id, basket.version, 398, Contact("Ada", phone="1")) for n in range(2)]
    quoted = quote_basket(basket, now=now)
    outcomes = check_out([CheckoutCall(source, request, basket.version, quoted) for request in requests])
    assert [getattr(outcome, "code", "placed") for outcome in outcomes] == ["placed", "basket_closed"]
    assert (counts_of(Order), shelf("milk")) == ([1], (10, 2, 0))
