"""The API's own description, its probes and its figures."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from onebasket.base.committer import State, UnavailableError
from onebasket.channels.api import health
from onebasket.channels.api.application import CONTRACTS, SECTIONS, api
from onebasket.commerce.access.rules import SCOPES
from tests.channels.api import Hub, make_hub, order_body, receipt_body

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "api"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch, stock={"milk": 10})


def test_the_document_describes_every_endpoint_and_every_status() -> None:
    document = api.document()
    described = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert document["openapi"] == "3.1.0"
    assert described == CONTRACTS.keys()
    assert {path.split("/")[1] for _, path in described} == set(SECTIONS)
    lacking = {
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for status in (
            "401",
            "403",
            "429",
            "503",
            *(("400", "413", "415", "422") if "requestBody" in operation else ()),
        )
        if status not in operation["responses"]
    }
    assert lacking == set()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    response = Client().get("/api/v1/openapi.json")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', response.content.decode()))
    assert names <= response.json()["components"]["schemas"].keys()
    assert {
        len(operation["summary"]) > 0 for path in response.json()["paths"].values() for operation in path.values()
    } == {True}


def test_the_page_loads_nothing_from_elsewhere_and_nothing_inline() -> None:
    response = Client().get("/api/v1/docs")
    text = response.content.decode()
    assert response.status_code == 200
    assert "'unsafe-inline'" not in response.headers["Content-Security-Policy"]
    assert re.findall(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", text) == []
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert [address for address in loaded if "//" in address] == []
    static = [address.removeprefix("/static/") for address in loaded if address.startswith("/static/")]
    assert len(static) == 5
    assert [name for name in static if finders.find(name) is None] == []


@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/openapi.json"])
def test_the_reference_is_read_only(path: str) -> None:
    response = Client().post(path)
    assert (response.status_code, response.headers["Content-Type"]) == (405, "application/problem+json")


def test_every_endpoint_and_every_scope_stands_in_the_documents() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md")))
    assert [f"{m} {p}" for m, p in CONTRACTS if f"## `{m} /api/v1{p}`" not in text] == []
    assert [scope for scope in SCOPES if f"`{scope}`" not in text] == []


def test_the_documents_name_no_endpoint_that_is_gone() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md")))
    named = set(re.findall(r"`?(GET|POST|PUT|DELETE|PATCH) `?/api/v1(/[^`?\s]*)`", text))
    assert named - CONTRACTS.keys() - {("GET", "/docs"), ("GET", "/openapi.json")} == set()


def test_a_living_process_says_so_without_a_database() -> None:
    for method in ("get", "head"):
        response = getattr(Client(), method)("/healthz")
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert Client().get("/healthz").json() == {"status": "alive"}
    assert Client().post("/healthz").status_code == 405


@pytest.mark.django_db
def test_a_process_that_can_serve_is_ready() -> None:
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
def test_a_process_says_why_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def state(self, *, seconds: float) -> State:
            raise UnavailableError(f"not within {seconds} s")

    monkeypatch.setattr(health, "committer", Gone)
    response = Client().get("/readyz")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert response.json() == {"status": "not ready", "reasons": ["The committer does not answer."]}


def figure(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.django_db
def test_what_happens_is_measured(hub: Hub) -> None:
    names = (
        'onebasket_http_requests_total{method="POST",route="/orders",status="201"}',
        'onebasket_http_requests_total{method="POST",route="/orders",status="422"}',
        'onebasket_outcomes_total{action="order",outcome="OrderPlaced"}',
        'onebasket_outcomes_total{action="receipt",outcome="ReceiptQuarantined"}',
        'onebasket_commit_seconds_count{action="orders"}',
    )
    before = Client().get("/metrics").content.decode()
    hub.shop.post("orders", order_body({"milk": 1}), "k1")
    hub.shop.post("orders", order_body({"milk": 99}), "k2")
    hub.shop.post("receipts", {"items": [receipt_body("r1", {"milk": (1, 199)}), 7]})
    after = Client().get("/metrics").content.decode()
    assert [figure(after, name) - figure(before, name) for name in names] == [1, 1, 1, 1, 2]
    assert figure(after, "process_resident_memory_bytes") > 10_000_000
    assert figure(after, "onebasket_events_waiting") > 10
    assert 'onebasket_queued_requests{action="orders"} 0.0' in after


@pytest.mark.django_db
def test_the_figures_are_for_this_machine_and_for_tokens_made_for_them(hub: Hub) -> None:
    away: dict[str, Any] = {"REMOTE_ADDR": "198.51.100.7"}
    assert Client().get("/metrics", **away).status_code == 401
    assert Client().get("/metrics", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 401
    other = hub.caller(scopes=["orders:read"]).token
    refused = Client().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {other}", **away)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
