"""Partners over HTTP: stated, agreed with, and what comes of them read."""

from typing import Any
from uuid import uuid4

import pytest

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.models import CommissionEntry, CommissionLine, Partner, PartnerPart, Referral
from onebasket.commerce.partners.queries.partners import partner_by_code
from tests.channels.api import Hub, make_hub
from tests.channels.test_api_chain import CREATED, UNCHANGED, UPDATED, put
from tests.partnering import add_offers

pytestmark = pytest.mark.django_db

PARTNER: dict[str, Any] = {"code": "lantern", "name": "Lantern & Loom", "gateway": "feed", "currency": "GBP"}
AGREEMENT: dict[str, Any] = {
    "partner": "lantern", "starts_on": "2026-01-01", "currency": "USD", "merchant": "agent",
    "commission": [{"rate": 70_000}, {"rate": 90_000, "category": "Home"}],
}  # fmt: skip
WHEN = "2026-01-01T00:00:00Z"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch)


def test_partners_and_agreements_are_stated_and_read(hub: Hub) -> None:
    assert put(hub, "partners", {"key": "k1", **PARTNER}) == [CREATED]
    assert put(hub, "partners", {"key": "k2", **PARTNER}) == [UNCHANGED]
    assert put(hub, "partners", {"key": "k3", **PARTNER, "name": "L & L"}) == [UPDATED]
    (told,) = hub.shop.get("partners").items
    assert {name: told[name] for name in ("code", "name", "place", "endpoint")} == {
        "code": "lantern", "name": "L & L", "place": "partner-lantern", "endpoint": "",
    }  # fmt: skip
    assert put(hub, "partners/agreements", {"key": "a1", **AGREEMENT}) == [CREATED]
    assert put(hub, "partners/agreements", {"key": "a2", **AGREEMENT, "return_days": 14, "counter_returns": False}) == [
        UPDATED
    ]
    (agreed,) = hub.shop.get("partners/agreements?partner=lantern").items
    assert (agreed["return_days"], agreed["merchant"], agreed["counter_returns"]) == (14, "agent", False)
    assert agreed["commission"] == [{"category": "", "rate": 70_000}, {"category": "Home", "rate": 90_000}]


@pytest.mark.parametrize(
    ("path", "item", "said"),
    [
        ("partners", PARTNER | {"gateway": "pigeon"}, "gateway: there is no 'pigeon'. Use one of: feed"),
        ("partners", PARTNER | {"currency": "GPB"}, "currency: 'GPB' is no ISO 4217 currency code"),
        ("partners/agreements", AGREEMENT, "partner: there is no 'lantern'. State the partner first."),
        ("exchange-rates", {"base": "GBX", "quote": "USD", "billionths": 1, "valid_from": WHEN}, "'GBX' is no ISO"),
    ],
)
def test_what_cannot_be_is_refused_in_words(hub: Hub, path: str, item: dict[str, Any], said: str) -> None:
    (outcome,) = put(hub, path, {"key": "k1", **item})
    assert outcome["outcome"] == "invalid"
    assert outcome["message"].startswith(said)
    assert Partner.objects.count() == 0


def test_an_agent_adds_nothing_to_the_partner_s_price(hub: Hub) -> None:
    assert put(hub, "partners", {"key": "k1", **PARTNER}) == [CREATED]
    stated = AGREEMENT | {"merchant": "principal", "markup": 1}
    assert put(hub, "partners/agreements", {"key": "a1", **stated}) == [CREATED]
    (refused,) = put(hub, "partners/agreements", {"key": "a2", **AGREEMENT, "markup": 1})
    assert (refused["outcome"], refused["message"]) == (
        "invalid", "markup: as the partner's agent the chain adds nothing to its price. State 0, or be principal.",
    )  # fmt: skip
    (agreed,) = hub.shop.get("partners/agreements").items
    assert (agreed["merchant"], agreed["markup"]) == ("principal", 1)


def test_rates_stay_as_they_were_stated(hub: Hub) -> None:
    rate = {"base": "GBP", "quote": "USD", "billionths": 1_250_000_000, "valid_from": WHEN}
    assert put(hub, "exchange-rates", {"key": "r1", **rate}, {"key": "r2", **rate}) == [CREATED, UNCHANGED]
    (refused,) = put(hub, "exchange-rates", {"key": "r3", **rate, "billionths": 2})
    assert refused["outcome"] == "invalid"
    assert [row["billionths"] for row in hub.shop.get("exchange-rates").items] == [1_250_000_000]


def test_what_comes_of_partners_is_read(hub: Hub) -> None:
    put(hub, "partners", {"key": "k1", **PARTNER})
    now = database_now()
    facts = partner_by_code("lantern", at=now)
    assert facts is not None
    add_offers(facts, {"lamp": {}, "rug": {"stock": None}})
    assert [row["reference"] for row in hub.shop.get("partners/offers?limit=1").items] == ["lamp"]
    assert hub.shop.get("partners/offers?reference=rug").items[0]["stock"] is None
    referral, part, order = uuid4(), uuid4(), uuid4()
    Referral.objects.create(
        id=referral, partner_id=facts.id, click="c", ticket="t", channel="kiosk", shown_at=now, clicked_at=now
    )
    assert hub.shop.get("referrals?status=bought").items == []
    assert hub.shop.get("referrals?status=clicked").items[0]["channel"] == "kiosk"
    stated: dict[str, Any] = {"status": "Paid", "currency": "USD", "amount": 1000, "booked_at": now}
    line = CommissionLine.objects.create(
        partner_id=facts.id, key="s1", referral_id=referral, standing="expected", commission=70, **stated
    )
    CommissionEntry.objects.create(partner_id=facts.id, key="s1", number=1, kind="expected", change=70, **stated)
    whole = hub.shop.get(f"commissions/{line.pk}").json
    assert (whole["line"]["commission"], whole["line"]["referral"]) == (70, str(referral))
    assert [entry["change"] for entry in whole["statements"]] == [70]
    PartnerPart.objects.create(
        id=part, order_id=order, number=1, partner_id=facts.id, place_id=facts.place_id, agreement_id=1, ours="ob-1",
        merchant="agent", channel="web", status="due", currency="USD", total=1, cost=1, cost_currency="GBP",
        opened_at=now, changed_at=now,
    )  # fmt: skip
    assert hub.shop.get(f"partner-parts?order={order}").items[0]["id"] == str(part)
    assert hub.shop.get(f"partner-parts/{part}").json["lines"] == []
    assert hub.shop.get(f"partner-parts/{order}").status == 404


def test_what_is_odd_is_settled_once(hub: Hub) -> None:
    put(hub, "partners", {"key": "k1", **PARTNER})
    keep_odd([Odd(Partner.objects.get().pk, "push", "8001", "unknown_status", "?", "{}")], now=database_now())
    (odd,) = hub.shop.get("oddities").items
    settled = hub.shop.post(f"oddities/{odd['id']}/settle", {"note": "asked"}, "n1")
    assert (settled.status, settled.json["state"], settled.json["note"]) == (200, "settled", "asked")
    assert hub.shop.post(f"oddities/{odd['id']}/settle", {"note": "asked"}, "n1").status == 200
    assert hub.shop.post(f"oddities/{odd['id']}/settle", {"note": "again"}, "n2").json["code"] == "settled_before"
    assert hub.shop.get("oddities").items == []
    assert hub.shop.post("oddities/999/settle", {"note": "x"}, "n3").status == 404
