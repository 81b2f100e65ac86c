"""The API under fire: schemathesis over its own document, valid and invalid requests, every check there is.

A valid request may be refused for a reason of business (there is no such product), never as malformed.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.hypothesis.reporting import ignore_hypothesis_output
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source

from onebasket.channels.api import tokens
from onebasket.commerce.search.actions import rebuild_offers
from onebasket.project.wsgi import application
from tests.builders import faults_in_stock
from tests.channels.api import Hub, make_hub, order_body, receipt_body
from tests.partnering import add_offers, make_partner
from tests.searching import build

EXAMPLES = 12
"""For each endpoint and each way of making requests."""

KNOWN = {
    "place": ("p1", "p2"), "places": ("p1",), "sku": ("milk", "bread", "apples"), "code": ("milk", "gum"),
    "partner": ("lantern",),
}  # fmt: skip
"""What stands in for most made-up names, so that requests get past the first look-up."""

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {"mode": "all", "max-examples": EXAMPLES, "allow-x00": False, "database": "none"},
        "checks": {
            # 404 and 422 with a code of their own are answers of business; `malformed` looks at the code.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422"]},
        },
    }
)
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, config=CONFIG)
ENDPOINTS = {found.ok().label: found.ok() for found in schema.get_all_operations()}


@schemathesis.check  # type: ignore[untyped-decorator] # schemathesis is not typed
def no_valid_request_is_malformed(_context: Any, response: Any, case: Any) -> None:
    if case.meta is not None and case.meta.generation.mode.is_positive and response.status_code == 422:
        assert response.json()["code"] != "invalid", response.text


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, db: None, label: str) -> Iterator[Hub]:
    made = make_hub(monkeypatch, stock={"milk": 50, "bread": 20, "apples": 50_000})
    monkeypatch.setattr(tokens, "MOST_FAILURES", 10**9)
    made.shop.post("orders", order_body({"milk": 1}), "seed")
    made.shop.post("receipts", {"items": [receipt_body("seed-1", {"gum": (1, 50)}), 7]})
    add_offers(make_partner(), {"lamp": {"title": "Desk lamp, brass"}})
    if "search" in label or "offers" in label:
        build()
        rebuild_offers()
    # As Django's own test client does: the end of a request would end the test's transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield made
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    assert faults_in_stock() == []


def known(value: Any, name: str = "") -> Any:
    """Return the value with most names replaced by such as exist, and whole numbers without a point."""
    if isinstance(value, dict):
        return {key: known(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [known(item, name) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # JSON Schema takes 1.0 for a whole number, the API does not: docs/api says so
    if isinstance(value, str) and name in KNOWN and len(value) % 3:
        return KNOWN[name][len(value) % len(KNOWN[name])]
    return value


def attack(case: Any, hub: Hub) -> None:
    if case.meta is not None and case.meta.generation.mode.is_positive and isinstance(case.body, dict | list):
        case.body = known(case.body)
    case.call_and_validate(headers={"Authorization": f"Bearer {hub.shop.token}"})


@pytest.mark.parametrize("label", ENDPOINTS)
def test_nothing_breaks_the_api(label: str, hub: Hub) -> None:
    # `schema.parametrize` would make up every endpoint's requests when tests are collected, in each worker: that takes
    # twice as long as collecting all other tests.
    load_all_checks()
    test = build_operation_test(
        config=schema.config,
        operation=ENDPOINTS[label],
        test_func=attack,
        given_kwargs={},
        feedback=FeedbackSources(constants_value_source=make_constants_value_source(schema)),
        explicit_settings=settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck)),
    )
    with ignore_hypothesis_output():
        test(hub=hub)
