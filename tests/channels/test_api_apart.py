"""The API's answers stand apart from pages: lengths, a policy for data, no session, no cookie, no forgery check."""

from typing import Any

import msgspec
import pytest
from django.http import HttpResponseBase
from django.test import Client

from onebasket.commerce.access.models import User
from onebasket.project.middleware import is_page
from tests.channels.api import BASE, Hub, make_hub, order_body

pytestmark = pytest.mark.django_db
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = {
    "default-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
PROBLEM = "application/problem+json"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch, stock={"milk": 10})


def policy_of(response: HttpResponseBase) -> set[str]:
    return set(response.headers["Content-Security-Policy"].split("; "))


def assert_is_data(response: Any) -> None:
    assert response.headers["Content-Length"] == str(len(response.content))
    assert response.headers["Content-Security-Policy"] == DATA_POLICY
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert "Cookie" not in response.headers.get("Vary", "")
    assert not response.cookies


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "orders", 200),
        ("GET", "openapi.json", 200),
        ("POST", "orders", 201),
        ("GET", "orders/x", 404),
        ("GET", "nothing", 404),
        ("GET", "docs/", 404),
        ("GET", "", 404),
        ("PATCH", "orders", 405),
        ("POST", "openapi.json", 405),
    ],
)
def test_every_answer_says_how_long_it_is_and_that_it_is_data(hub: Hub, method: str, path: str, status: int) -> None:
    body = order_body({"milk": 1}) if method == "POST" else b""
    response = Client(enforce_csrf_checks=True).generic(
        method, f"{BASE}/{path}", content(body), content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {hub.shop.token}", HTTP_IDEMPOTENCY_KEY="k1",
    )  # fmt: skip
    assert response.status_code == status
    assert response.headers["Content-Type"] == ("application/json" if status < 300 else PROBLEM)
    assert len(response.content) > 10
    assert_is_data(response)


def content(body: object) -> bytes:
    return body if isinstance(body, bytes) else msgspec.json.encode(body)


def test_an_answer_without_content_has_no_length(hub: Hub) -> None:
    """RFC 9110, section 8.6: none with status 204."""
    taken = hub.shop.post("holds", {"place": "p1", "lines": [{"sku": "milk", "quantity": 1}]}, "h1")
    given_back = hub.shop.delete(f"holds/{taken.json['id']}")
    assert given_back.status == 204
    assert "Content-Length" not in given_back.headers
    assert given_back.headers["Content-Security-Policy"] == DATA_POLICY


def test_a_session_opens_nothing_in_the_api_and_is_not_looked_at(
    admin_user: User, django_assert_num_queries: Any
) -> None:
    signed_in = Client()
    signed_in.force_login(admin_user)
    assert signed_in.get("/desk/").status_code == 200
    with django_assert_num_queries(0):
        refused = signed_in.get(f"{BASE}/orders")
    assert (refused.status_code, refused.json()["code"]) == (401, "token_missing")
    assert not hasattr(refused.wsgi_request, "session")
    assert not hasattr(refused.wsgi_request, "user")
    assert_is_data(refused)


def test_pages_keep_their_session_their_cookie_and_their_policy() -> None:
    page = Client().get("/login/")
    assert page.status_code == 200
    assert page.cookies["csrftoken"].value
    assert "Cookie" in page.headers["Vary"]
    assert page.wsgi_request.session.is_empty()
    assert page.wsgi_request.user.is_anonymous
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Content-Length"] == str(len(page.content))
    assert policy_of(page) == PAGE_POLICY
    assert_is_data(Client().get("/healthz"))


def test_pages_refuse_what_another_site_has_sent(admin_user: User) -> None:
    foreign = Client(enforce_csrf_checks=True)
    assert foreign.post("/login/", {"username": "ann", "password": "x"}).status_code == 403
    foreign.force_login(admin_user)
    assert foreign.post("/desk/logout/").status_code == 403
    assert foreign.get("/desk/").status_code == 200


def test_the_manual_is_a_page() -> None:
    manual = Client().get(f"{BASE}/docs")
    assert (manual.status_code, manual.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert policy_of(manual) == PAGE_POLICY
    assert b"<html" in manual.content
    head = Client().head(f"{BASE}/docs")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(manual.content))
    assert policy_of(head) == PAGE_POLICY


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", True), ("/desk/", True), ("/healthz", False), ("/metrics", False), ("/api/v1", True),
        ("/api/v1/docs", True), ("/api/v1/docs/", False), ("/api/v1/docs/x", False), ("/api/v1/", False),
        ("/api/v1/orders", False), ("/api/v1/openapi.json", False),
    ],
)  # fmt: skip
def test_what_is_a_page_is_told_by_its_address(path: str, *, page: bool) -> None:
    assert is_page(path) is page
