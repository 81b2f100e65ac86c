"""By which names a hub answers: probes by any, pages and the API by its own."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from onebasket.channels.api import committing
from tests.channels.api import InlineCommitter

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_address(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client that calls a production hub by its address, over plain HTTP."""
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["shop.example"])
    monkeypatch.setattr(settings, "SECURE_SSL_REDIRECT", True)
    monkeypatch.setattr(committing, "committer", InlineCommitter)
    return Client(headers={"host": "127.0.0.1"})


@pytest.mark.parametrize("probe", ["/healthz", "/readyz", "/metrics"])
def test_probes_answer_by_address(by_address: Client, probe: str) -> None:
    answer = by_address.get(probe)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_the_api_says_with_a_problem_that_it_is_called_otherwise(by_address: Client) -> None:
    answer: Any = by_address.get("/api/v1/orders")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert (answer.json()["code"], answer.json()["status"]) == ("host", 400)
    assert "ONEBASKET_ALLOWED_HOSTS" in answer.json()["detail"]


def test_the_api_leads_to_https_by_its_own_name(by_address: Client) -> None:
    answer = by_address.get("/api/v1/orders", headers={"host": "shop.example"})
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://shop.example/api/v1/orders")


def test_pages_do_not_answer_by_address(by_address: Client) -> None:
    answer = by_address.get("/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
