"""Promotions, campaigns, coupons and taxes over HTTP: set, read by pages, launched, ended, put on cards."""

from typing import Any

import pytest

from onebasket.commerce.pricing.models import CouponClip, CouponSerial, Promotion
from tests.channels.api import Hub, make_hub
from tests.channels.test_api_chain import CREATED, UNCHANGED, UPDATED, put
from tests.offers import add_customers

pytestmark = pytest.mark.django_db

WHEN = "2026-01-01T00:00:00Z"
DEAL: dict[str, Any] = {
    "code": "deal", "name": "Three for five", "saving": {"kind": "multi_buy", "units": 3, "amount": 500},
    "valid_from": WHEN, "currency": "USD", "goods": {"skus": ["milk"]},
}  # fmt: skip


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch)


def test_promotions_are_drafted_launched_ended_and_read(hub: Hub) -> None:
    assert put(hub, "promotions", {"key": "k1", "promotion": DEAL}) == [CREATED]
    assert put(hub, "promotions", {"key": "k1", "promotion": DEAL}) == [CREATED]
    assert put(hub, "promotions", {"key": "k1", "promotion": DEAL, "state": "live"})[0]["outcome"] == "conflict"
    assert put(hub, "promotions/launch", {"key": "l1", "code": "deal"}, method="POST") == [UPDATED]
    assert put(hub, "promotions", {"key": "k2", "promotion": DEAL | {"name": "New"}}) == [UPDATED]

    live, draft = hub.shop.get("promotions/deal").json["versions"]
    assert (live["state"], live["version"], live["kind"], live["name"]) == ("live", 2, "multi_buy", "Three for five")
    assert (draft["state"], draft["version"], draft["name"]) == ("draft", 3, "New")
    assert live["terms"]["saving"] == DEAL["saving"]
    assert live["recorded_by"].endswith("(shop)")
    assert [row["version"] for row in hub.shop.get("promotions?state=live").items] == [2]
    assert len(hub.shop.get("promotions?current=false").items) == 3
    first = hub.shop.get("promotions?current=false&limit=2")
    assert [row["version"] for row in hub.shop.get(first.json["next"]).items] == [3]
    assert put(hub, "promotions/end", {"key": "e1", "code": "deal"}, method="POST") == [UPDATED]
    assert [row["state"] for row in hub.shop.get("promotions/deal").json["versions"]] == ["ended"]
    assert hub.shop.get("promotions/none").status == 404


def test_a_long_list_is_read_back_as_it_was_stated(hub: Hub) -> None:
    skus = [f"sku-{number}" for number in range(60)]
    put(hub, "products", *({"key": f"p-{sku}", "sku": sku, "name": sku} for sku in skus))
    goods = {"skus": skus, "without_skus": skus[:30], "groups": ["department:Dairy"]}
    assert put(hub, "promotions", {"key": "k1", "promotion": DEAL | {"goods": goods}}) == [CREATED]

    (whole,) = hub.shop.get("promotions/deal").json["versions"]
    assert sorted(whole["terms"]["goods"]["skus"]) == sorted(skus)
    assert sorted(whole["terms"]["goods"]["without_skus"]) == sorted(skus[:30])
    assert whole["terms"]["goods"]["groups"] == ["department:Dairy"]
    (listed,) = hub.shop.get("promotions").items
    assert listed["terms"]["goods"]["skus"] == []
    assert sorted(name.partition(":")[0] for name in listed["terms"]["goods"]["groups"]) == ["department", "list"]


@pytest.mark.parametrize(
    ("promotion", "said"),
    [
        (DEAL | {"saving": {"kind": "free"}}, "items[0].promotion.saving.kind"),
        (DEAL | {"saving": {"kind": "multi_buy", "units": 3}}, "items[0].promotion.saving.amount"),
        (DEAL | {"goods": {"skus": ["milk"], "brand": "x"}}, "items[0].promotion.goods.brand"),
        (DEAL | {"valid_from": "2026-01-01T00:00:00"}, "items[0].promotion.valid_from"),
        (DEAL | {"limits": {"per_customer": -1}}, "items[0].promotion.limits.per_customer"),
        (DEAL | {"code": "x" * 65}, "items[0].promotion.code"),
    ],
)
def test_terms_of_another_shape_name_the_field(hub: Hub, promotion: dict[str, Any], said: str) -> None:
    answer = hub.shop.put("promotions", {"items": [{"key": "k1", "promotion": promotion}]})
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert answer.json["errors"][0]["field"] == said
    assert Promotion.objects.count() == 0


def test_coupons_are_set_clipped_and_read(hub: Hub) -> None:
    add_customers(hub.source, "1001", "1002")
    campaign = {"key": "c1", "code": "26", "name": "March", "valid_from": WHEN, "households": ["1001"]}
    assert put(hub, "campaigns", campaign) == [CREATED]
    assert put(hub, "campaigns", campaign | {"key": "c2"}) == [UNCHANGED]
    coupons = [
        {"key": "k1", "code": "d1", "medium": "digital"},
        {"key": "k2", "code": "once", "medium": "single_use"},
        {"key": "k3", "code": "paper", "medium": "paper", "barcode": "512345000123"},
    ]
    assert put(hub, "coupons", *coupons) == [CREATED] * 3
    digital = DEAL | {
        "saving": {"kind": "amount_off", "amount": 50}, "coupon": {"code": "d1", "uses": 0}, "funder": "manufacturer",
        "audience": {"who": "members", "segments": ["campaign:26"]}, "limits": {"per_customer": 2},
    }  # fmt: skip
    assert put(hub, "promotions", {"key": "p1", "promotion": digital, "state": "live"}) == [CREATED]

    serials = {"key": "s1", "coupon": "once", "serials": ["AAAA-BBBB-CC", "DDDD-EEEE-FF"]}
    assert put(hub, "coupons/serials", serials, method="POST") == [CREATED]
    assert CouponSerial.objects.count() == 2
    clips = [{"key": f"n{number}", "coupon": "d1", "loyalty_number": number} for number in ("1001", "1002")]
    assert [one["outcome"] for one in put(hub, "coupons/clip", *clips, method="POST")] == ["created", "invalid"]
    assert list(CouponClip.objects.values_list("loyalty_number", "coupon_code")) == [("1001", "d1")]

    (offer,) = hub.shop.get("coupons/offers?loyalty_number=1001").items
    assert offer == {
        "coupon": "d1", "promotion": "deal", "name": "Three for five", "valid_from": WHEN, "valid_to": None,
        "clipped": True, "left": 2,
    }  # fmt: skip
    assert hub.shop.get("coupons/offers?loyalty_number=1002").items == []
    assert hub.shop.get("coupons/offers?loyalty_number=9999").items == []
    shown = {row["code"]: row for row in hub.shop.get("coupons").items}
    assert {code: (row["medium"], row["promotions"], row["serials"], row["used"]) for code, row in shown.items()} == {
        "d1": ("digital", ["deal"], 0, 0),
        "once": ("single_use", [], 2, 0),
        "paper": ("paper", [], 0, 0),
    }
    assert [row["code"] for row in hub.shop.get("coupons?medium=paper").items] == ["paper"]
    (shown_campaign,) = hub.shop.get("campaigns").items
    assert (shown_campaign["households"], shown_campaign["version"]) == (1, 1)
    assert "1001" not in str(shown_campaign)
    assert put(hub, "coupons/end", {"key": "e1", "code": "d1"}, method="POST") == [UPDATED]


def test_taxes_are_set_read_and_ended(hub: Hub) -> None:
    chain = {"key": "t1", "code": "sales", "rate": 60_000, "valid_from": WHEN}
    own = chain | {"key": "t2", "rate": 88_750, "place": "p1", "tax_class": "general"}
    assert put(hub, "taxes", chain, own) == [CREATED, CREATED]
    assert [(row["place"], row["rate"]) for row in hub.shop.get("taxes").items] == [("", 60_000), ("p1", 88_750)]
    assert [row["place"] for row in hub.caller(places=["p2"]).get("taxes").items] == [""]
    assert [row["place"] for row in hub.shop.get("taxes?place=p1").items] == ["p1"]
    terms = {"key": "r1", "valid_from": WHEN, "included": False, "rounding": "receipt", "cash_step": 5}
    assert put(hub, "taxes/terms", terms) == [CREATED]
    assert [(row["included"], row["rounding"], row["cash_step"]) for row in hub.shop.get("taxes/terms").items] == [
        (False, "receipt", 5)
    ]
    classes = [
        {"key": "g1", "tax_class": "food", "department": "Dairy"},
        {"key": "g2", "tax_class": "x", "sku": "milk"},
    ]
    assert put(hub, "taxes/classes", *classes) == [CREATED, CREATED]
    assert [(row["subject"], row["name"], row["tax_class"]) for row in hub.shop.get("taxes/classes").items] == [
        ("product", "milk", "x"),
        ("department", "Dairy", "food"),
    ]
    ended = {"key": "e1", "code": "sales", "ends_at": "2026-06-01T00:00:00Z"}
    assert put(hub, "taxes/end", ended, method="POST") == [UPDATED]
    assert [row["valid_to"] for row in hub.shop.get("taxes").items] == [None, "2026-06-01T00:00:00Z"]


def test_what_is_the_chains_is_for_tokens_of_every_place(hub: Hub) -> None:
    bound = hub.caller(places=["p1"])
    for path, item in (
        ("promotions", {"promotion": DEAL, "state": "live"}),
        ("taxes", {"code": "sales", "rate": 1, "valid_from": WHEN}),
        ("taxes/terms", {"valid_from": WHEN, "included": True}),
    ):
        answer = bound.put(path, {"items": [{"key": "k1", **item}]})
        assert (answer.status, answer.json["code"]) == (403, "other_place")
    assert bound.put(
        "taxes", {"items": [{"key": "k2", "code": "s", "rate": 1, "valid_from": WHEN, "place": "p1"}]}
    ).results == [CREATED]
