"""The API as a till, a shop or an ERP talks to it: a small chain, tokens, and a client that speaks JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from django.apps import apps
from django.test import Client

from onebasket.base.committer import State, perform
from onebasket.channels.api import committing, tokens
from onebasket.commerce.access.actions import TokenRequest, enrol_source, issue_token
from onebasket.commerce.access.rules import SCOPES
from onebasket.commerce.hotpath.actions import ACTIONS
from tests.builders import make_chain

BASE = "/api/v1"


class InlineCommitter:
    """Commits at once in the thread that asks, seen by a test's transaction; all goes through the wire's types."""

    def commit(self, name: str, requests: Sequence[Any], *, weights: Sequence[int], seconds: float) -> list[Any]:
        assert len(weights) == len(requests)
        assert min(weights) >= 1 <= seconds
        action = ACTIONS[name]
        heard = action.requests(action.encode(requests))
        assert heard == requests
        outcomes = [outcome for request in heard for outcome in perform(action.run, [request])]
        told: list[Any] = action.outcomes(action.encode(outcomes))
        assert told == outcomes
        return told

    def state(self, *, seconds: float) -> State:
        assert seconds
        return State(dict.fromkeys(ACTIONS, 0), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the JSON (None where there is none) and the headers."""

    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def items(self) -> list[Any]:
        found: list[Any] = self.json["items"]
        return found

    @property
    def results(self) -> list[Any]:
        found: list[Any] = [item["result"] for item in self.json["results"]]
        return found


@dataclass(slots=True)
class Caller:
    """A client with a token, or with none."""

    token: str
    address: str = "127.0.0.1"

    def ask(self, method: str, path: str, body: object = None, key: str = "", **headers: str) -> Answer:
        """Send a request: `body` as JSON, or as it is when it is bytes."""
        sent: dict[str, Any] = dict(headers)
        if self.token:
            sent.setdefault("HTTP_AUTHORIZATION", f"Bearer {self.token}")
        if key:
            sent["HTTP_IDEMPOTENCY_KEY"] = key
        content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        kind = sent.pop("CONTENT_TYPE", "application/json")
        target = path if path.startswith("/") else f"{BASE}/{path}"
        response = Client(raise_request_exception=True).generic(
            method, target, content, content_type=kind, CONTENT_TYPE=kind, REMOTE_ADDR=self.address, **sent
        )
        text = response.content
        return Answer(response.status_code, msgspec.json.decode(text) if text else None, dict(response.headers))

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, body: object, key: str = "") -> Answer:
        return self.ask("POST", path, body, key)

    def put(self, path: str, body: object, key: str = "") -> Answer:
        return self.ask("PUT", path, body, key)

    def delete(self, path: str) -> Answer:
        return self.ask("DELETE", path)


@dataclass(slots=True)
class Hub:
    """A chain with places p1 and p2, and its web shop, which may do everything everywhere."""

    source: int
    shop: Caller

    def caller(
        self, *, source: str = "shop", scopes: Sequence[str] = tuple(SCOPES), places: Sequence[str] = ("*",)
    ) -> Caller:
        return Caller(token_for(source, scopes=scopes, places=places))


def token_for(source: str, *, scopes: Sequence[str] = tuple(SCOPES), places: Sequence[str] = ("*",)) -> str:
    """Issue a token for an enrolled source."""
    return issue_token(TokenRequest(source, "tests", tuple(scopes), tuple(places)), actor="tests")[1]


def make_hub(monkeypatch: pytest.MonkeyPatch, *, stock: Mapping[str, int] | None = None, inline: bool = True) -> Hub:
    """Make the chain and the shop's token; with `inline`, hot writes are committed in the test's own transaction."""
    tokens.forget()
    if inline:
        committer = InlineCommitter()
        monkeypatch.setattr(committing, "committer", lambda: committer)
    source = make_chain("p1", "p2", stock=stock)
    enrol_source("shop", actor="tests")
    return Hub(source, Caller(token_for("shop")))


def count_rows() -> dict[str, int]:
    """Count the rows of every table."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def order_body(lines: Mapping[str, int], *places: str, **more: Any) -> dict[str, Any]:
    """Return an order as a shop states it; lines as {sku: steps}."""
    stated = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    return {"places": list(places or ("p1",)), "lines": stated} | more


def receipt_body(key: str, lines: Mapping[str, tuple[int, int]], **more: Any) -> dict[str, Any]:
    """Return a cash receipt as till 1 of p1 states it; lines as {code: (steps, paid)}."""
    stated = [
        {"code": code, "quantity": quantity, "list_amount": paid, "paid_amount": paid}
        for code, (quantity, paid) in lines.items()
    ]
    due = sum(paid for _, paid in lines.values())
    return {
        "key": key,
        "place": "p1",
        "till": "1",
        "number": key,
        "kind": "sale",
        "currency": "USD",
        "occurred_at": "2026-03-02T15:00:00Z",
        "lines": stated,
        "tenders": [{"kind": "cash", "amount": due}] if due else [],
    } | more


def fact_body(key: str, kind: str, lines: Mapping[str, int], **more: Any) -> dict[str, Any]:
    """Return a stock fact of p1; lines as {sku: steps}."""
    stated = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    return {"key": key, "place": "p1", "kind": kind, "occurred_at": "2026-03-02T15:00:00Z", "lines": stated} | more
