"""Mixed baskets over HTTP: offers put in, asked anew, checked out with where they go; orders with their parts."""

from datetime import timedelta
from typing import Any

import pytest

from onebasket.base.clock import database_now
from onebasket.commerce.orders.actions import requoting
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.models import Offer, PartnerPart
from tests.channels.api import Answer, Hub, make_hub
from tests.mixing import standings
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db

CONTACT = {"name": "Ada", "email": "ada@example.org"}
HOME = {"street": "1 Acacia Avenue", "city": "Cincinnati", "postcode": "45202", "country": "US"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(requoting, "refresh_offers", lambda _ids, **_: None)
    return make_hub(monkeypatch, stock={"milk": 10})


@pytest.fixture
def offers(hub: Hub) -> dict[str, int]:
    return add_offers(make_partner("lantern"), {"lamp": {"shipping_amount": 150}, "vase": {"price": 2500}})


def opened(hub: Hub, offers: dict[int, int], **more: Any) -> dict[str, Any]:
    stated = [{"offer": offer, "quantity": quantity} for offer, quantity in offers.items()]
    body = {"place": "p1", "lines": [{"sku": "milk", "quantity": 1}], "offers": stated, "loyalty_number": "4711"} | more
    answer = hub.shop.post("baskets", body, "b")
    assert answer.status == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def check_out(hub: Hub, basket: dict[str, Any], key: str = "c", **more: Any) -> Answer:
    body = {
        "version": basket["version"], "expected_total": 199, "offers_total": 2150, "contact": CONTACT, "ship_to": HOME,
        "offers_method": "invoice",
    } | more  # fmt: skip
    return hub.shop.post(f"baskets/{basket['id']}/checkout", body, key)


def test_a_mixed_basket_is_filled_read_and_placed(hub: Hub, offers: dict[str, int]) -> None:
    basket = opened(hub, {offers["vase"]: 1})
    set_to = hub.shop.put(f"baskets/{basket['id']}/offers/{offers['lamp']}", {"quantity": 2, "seen": 1000}, "o1")
    assert set_to.status == 200, set_to.json
    basket = hub.shop.put(f"baskets/{basket['id']}/offers/{offers['vase']}", {"quantity": 0}, "o2").json
    assert [(one["offer"], one["quantity"], one["amount"], one["shipping"]) for one in basket["offers"]] == [
        (offers["lamp"], 2, 1000, 150)
    ]
    read = hub.shop.get(f"baskets/{basket['id']}").json
    assert (read["priced"]["total"], read["offered"]["total"], read["offered"]["changes"]) == (199, 2150, [])
    (part,) = read["offered"]["parts"]
    assert (part["partner"], part["merchant"], part["lines"][0]["title"]) == ("lantern", "agent", "Lamp")

    answer = check_out(hub, basket)

    assert answer.status == 201, answer.json
    placed = answer.json["order"]
    assert (placed["total"], placed["status"], [one["total"] for one in placed["parts"]]) == (199, "placed", [2150])
    assert [one["method"] for one in placed["parts"][0]["payments"]] == ["invoice"]
    assert check_out(hub, basket).json == answer.json
    assert standings() == [("lantern", "due", 2150)]
    order = hub.shop.get(f"orders/{placed['id']}").json
    assert [(part["partner"], part["status"], part["total"]) for part in order["parts"]] == [("lantern", "due", 2150)]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"offers_total": 2149}, "price_changed"),
        ({"offers_total": 0}, "price_changed"),
        ({"ship_to": None}, "address_needed"),
        ({"offers_method": None}, "paid_ahead"),
        ({"version": 9}, "basket_changed"),
    ],
)
def test_what_was_not_seen_is_not_placed(hub: Hub, offers: dict[str, int], more: dict[str, Any], code: str) -> None:
    basket = opened(hub, {offers["lamp"]: 2})
    refused = check_out(hub, basket, **more)
    assert (refused.status, refused.json["code"]) == (422, code)
    assert (Order.objects.count(), PartnerPart.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "more",
    [
        {"offers_total": -1}, {"ship_to": HOME | {"country": "usa"}}, {"ship_to": {"street": "x"}},
        {"offers_method": "at_collection"}, {"ship_to": HOME | {"secret": "x"}},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(hub: Hub, offers: dict[str, int], more: dict[str, Any]) -> None:
    refused = check_out(hub, opened(hub, {offers["lamp"]: 2}), **more)
    assert (refused.status, refused.json["code"]) == (422, "invalid")
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    ("offer", "body", "status", "code"),
    [
        ("lamp", {"quantity": -1}, 422, "invalid"), ("lamp", {"quantity": 1000}, 422, "invalid"),
        ("lamp", {"quantity": 1, "price": 1}, 422, "invalid"), ("lamp", {"quantity": 6}, 422, "offer_changed"),
        ("lamp", {"quantity": 1, "seen": 999}, 422, "offer_changed"), ("nobody", {"quantity": 1}, 422, "offer_changed"),
        ("zero", {"quantity": 1}, 404, "unknown"), ("lamp", {"quantity": 1, "version": 7}, 422, "basket_changed"),
    ],
)  # fmt: skip
def test_an_offer_is_not_put_in(
    hub: Hub, offers: dict[str, int], offer: str, body: dict[str, Any], status: int, code: str
) -> None:
    basket = opened(hub, {})
    known = offers | {"nobody": 10**9, "zero": 0}
    refused = hub.shop.put(f"baskets/{basket['id']}/offers/{known[offer]}", body, "o1")
    assert (refused.status, refused.json["code"]) == (status, code)
    assert hub.shop.get(f"baskets/{basket['id']}").json["basket"]["offers"] == []


def test_more_offers_than_a_basket_takes_are_refused_whole(hub: Hub, offers: dict[str, int]) -> None:
    many = [{"offer": number, "quantity": 1} for number in range(1, 201)]
    refused = hub.shop.post("baskets", {"place": "p1", "offers": many}, "b")
    assert (refused.status, refused.json["code"]) == (422, "invalid")


def test_an_offer_that_went_up_is_named_with_both_prices(hub: Hub, offers: dict[str, int]) -> None:
    basket = opened(hub, {offers["lamp"]: 2})
    Offer.objects.filter(pk=offers["lamp"]).update(price=1100)
    refused = check_out(hub, basket)
    assert (refused.status, refused.json["code"]) == (422, "offers_changed")
    assert refused.json["offers"] == [
        {
            "offer": offers["lamp"], "title": "Lamp", "partner": "Lantern", "why": "dearer", "quantity": 2,
            "before": 1000, "after": 1100, "shipping_before": 150, "shipping_after": 150, "stock": 5,
        }
    ]  # fmt: skip
    agreed = hub.shop.put(f"baskets/{basket['id']}/offers/{offers['lamp']}", {"quantity": 2}, "o").json
    assert check_out(hub, agreed, "c2", offers_total=2350).status == 201


def test_a_stale_offer_is_asked_for_anew(hub: Hub, offers: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    basket = opened(hub, {offers["lamp"]: 2})
    Offer.objects.update(stated_at=database_now() - timedelta(days=1))
    silent = hub.shop.post(f"baskets/{basket['id']}/requote", {}).json
    assert [one["why"] for one in silent["offered"]["changes"]] == ["silent"]
    assert check_out(hub, basket).json["code"] == "offers_changed"
    monkeypatch.setattr(
        requoting, "refresh_offers",
        lambda ids, **_: Offer.objects.filter(pk__in=ids).update(stated_at=database_now()),
    )  # fmt: skip
    assert hub.shop.post(f"baskets/{basket['id']}/requote", {}).json["offered"]["changes"] == []
    assert check_out(hub, basket, "c2").status == 201


def test_a_stranger_s_basket_takes_no_offers(hub: Hub, offers: dict[str, int]) -> None:
    basket = opened(hub, {})
    stranger = hub.caller(source="erp")
    refused = stranger.put(f"baskets/{basket['id']}/offers/{offers['lamp']}", {"quantity": 1}, "o1")
    assert (refused.status, refused.json["code"]) == (404, "unknown")
    assert stranger.post(f"baskets/{basket['id']}/requote", {}).status == 404
    assert hub.shop.get(f"baskets/{basket['id']}").json["basket"]["offers"] == []
