"""Malformed requests: each is answered with a problem that says what is wrong, and nothing is half done."""

import re
from io import BytesIO
from typing import Any

import msgspec
import pytest
from django.core.handlers.wsgi import WSGIRequest

from onebasket.base.committer import Client, QueueFullError, UnavailableError
from onebasket.base.committer.server import MAX_QUEUED
from onebasket.channels.api import committing
from onebasket.channels.api.application import api
from onebasket.channels.api.bodies import LARGEST_BODY, read_body
from onebasket.channels.api.contract import KEY_HEADER
from onebasket.channels.api.events import TYPES_SCHEMA
from onebasket.channels.api.problems import ProblemError
from onebasket.channels.api.wording import WANTED
from onebasket.commerce.hotpath.actions import ACTIONS
from tests.channels.api import Hub, count_rows, make_hub, order_body, receipt_body

pytestmark = pytest.mark.django_db
ORDER = order_body({"milk": 1})
LINE = {"sku": "milk", "quantity": 1}
BUFFER = {"key": "b1", "place": "p1", "quantity": 1, "sku": "milk"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return make_hub(monkeypatch, stock={"milk": 10})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "no_body"),
        (b"{", 400, "malformed"),
        (b'{"places": ["p1"],}', 400, "malformed"),
        (b"{} {}", 400, "malformed"),
        (b"\xef\xbb\xbf{}", 400, "malformed"),
        (msgspec.json.encode(ORDER).decode().encode("utf-16"), 400, "malformed"),
        (b'{"note": "\xff"}', 400, "encoding"),
        (b'{"note": "\\ud800"}', 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b'{"note": NaN}', 400, "malformed"),
        (b"null", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'"order"', 422, "invalid"),
    ],
)
def test_what_is_no_json_is_refused(hub: Hub, body: bytes, status: int, code: str) -> None:
    answer = hub.shop.ask("POST", "orders", body, "k1")
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json["status"], answer.json["title"] != "", answer.json["detail"] != "") == (status, True, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"places": []}, "places"),
        ({"places": "p1"}, "places"),
        ({"places": [7]}, "places[0]"),
        ({"lines": []}, "lines"),
        ({"lines": [LINE] * 201}, "lines"),
        ({"lines": [{"sku": "milk"}]}, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": "1"}]}, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": 1.0}]}, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": True}]}, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": 0}]}, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": -1}]}, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": 10**9 + 1}]}, "lines[0].quantity"),
        ({"lines": [LINE | {"sku": ""}]}, "lines[0].sku"),
        ({"lines": [LINE | {"sku": "x" * 65}]}, "lines[0].sku"),
        ({"lines": [LINE | {"price": 1}]}, "lines[0].price"),
        ({"channel": "WEB"}, "channel"),
        ({"hold": "seven"}, "hold"),
        ({"payment_minutes": 0}, "payment_minutes"),
        ({"partial": 1}, "partial"),
        ({"key": "k1"}, "key"),
        ({"discount": 5}, "discount"),
    ],
)
def test_a_field_that_is_not_as_described_is_named(hub: Hub, change: dict[str, Any], field: str) -> None:
    before = count_rows()
    answer = hub.shop.post("orders", ORDER | change, "k1")
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert [found["field"] for found in answer.json["errors"]] == [field]
    assert count_rows() == before
    assert hub.shop.post("orders", ORDER, "k1").status == 201, "what is refused by its form leaves the key unused"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "orders", ORDER | {"channel": "web\n"}, "channel"),
        ("POST", "holds", {"place": "p1", "lines": [LINE], "channel": "web\n"}, "channel"),
        ("PUT", "webhooks", {"url": "https://a.example/", "types": ["order.placed\n"]}, "types[0]"),
        ("PUT", "stock/buffers", {"items": [BUFFER | {"channel": "web\n"}]}, "items[0].channel"),
        ("GET", "orders?channel=web%0A", None, "channel"),
        ("GET", "events?types=order.placed%0A", None, "types"),
        ("GET", "orders?cursor=abc%0A", None, "cursor"),
    ],
)
def test_a_line_break_at_the_end_fits_no_pattern(
    hub: Hub, method: str, path: str, body: dict[str, Any] | None, field: str
) -> None:
    before = count_rows()

    answer = hub.shop.ask(method, path, body, "" if method == "GET" else "k1")

    assert (answer.status, answer.json["code"], answer.json["errors"][0]["field"]) == (422, "invalid", field)
    assert count_rows() == before


def test_a_receipts_currency_with_a_line_break_is_quarantined(hub: Hub) -> None:
    (kept,) = hub.shop.post("receipts", {"items": [receipt_body("r1", {"milk": (1, 199)}, currency="USD\n")]}).results

    assert (kept["outcome"], kept["reason"]) == ("quarantined", "unreadable")


def patterns() -> set[str]:
    """Return every pattern that the document states."""
    text = msgspec.json.encode(api.document()).decode()
    return {msgspec.json.decode(found) for found in re.findall(r'"pattern":("(?:[^"\\]|\\.)*")', text)}


def test_every_pattern_of_the_document_fits_from_end_to_end() -> None:
    assert len(patterns()) >= 5
    assert [pattern for pattern in patterns() if not pattern.endswith(r"$(?!\n)")] == []


def test_every_pattern_of_the_document_is_told_in_words() -> None:
    own_words = {KEY_HEADER["schema"]["pattern"], TYPES_SCHEMA["pattern"]}  # type: ignore[index]
    assert patterns() - own_words == WANTED.keys()


def test_huge_numbers_are_refused(hub: Hub) -> None:
    body = msgspec.json.encode(ORDER).replace(b'"quantity":1', b'"quantity":' + b"9" * 400)
    answer = hub.shop.ask("POST", "orders", body, "k1")
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "lines[0].quantity")


def test_a_nul_character_is_refused_wherever_it_stands(hub: Hub) -> None:
    before = count_rows()
    assert hub.shop.post("orders", ORDER | {"note": "a\x00b"}, "k1").json["code"] == "invalid"
    assert hub.shop.put("places", {"items": [{"key": "\x00", "code": "p9"}]}).status == 422
    assert hub.shop.get("orders?place=p1%00").status == 422
    assert count_rows() == before
    assert hub.shop.post("orders", ORDER | {"note": r"a\u0000b"}, "k2").status == 201, "a written backslash is none"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"CONTENT_TYPE": "text/plain"}, 415, "not_json"),
        ({"CONTENT_TYPE": ""}, 415, "not_json"),
        ({"CONTENT_TYPE": "application/json; charset=latin-1"}, 415, "not_json"),
        ({"CONTENT_TYPE": "application/x-www-form-urlencoded"}, 415, "not_json"),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, 415, "compressed"),
        ({"CONTENT_LENGTH": str(LARGEST_BODY + 1)}, 413, "too_large"),
        ({"CONTENT_LENGTH": "many"}, 413, "too_large"),
    ],
)
def test_the_body_must_be_what_its_headers_say(hub: Hub, headers: dict[str, str], status: int, code: str) -> None:
    answer = hub.shop.ask("POST", "orders", ORDER, "k1", **headers)
    assert (answer.status, answer.json["code"]) == (status, code)


def test_a_body_that_ends_before_its_time_is_refused() -> None:
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "9000"}
    with pytest.raises(ProblemError) as refused:
        read_body(WSGIRequest(environ | {"wsgi.input": BytesIO(b"{}")}))
    assert (refused.value.problem.status, refused.value.problem.code) == (400, "cut_off")


def test_a_body_of_ten_megabytes_is_refused_and_one_below_is_read(hub: Hub) -> None:
    items = {"items": [receipt_body("r1", {"milk": (1, 199)}) | {"operator": "x" * (LARGEST_BODY - 1_000)}]}
    (result,) = hub.shop.post("receipts", items).results
    assert result["outcome"] == "quarantined"
    answer = hub.shop.ask("POST", "receipts", b" " * (LARGEST_BODY + 1))
    assert (answer.status, answer.json["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_in_utf8_is_taken(hub: Hub, kind: str) -> None:
    assert hub.shop.ask("POST", "orders", ORDER, "k1", CONTENT_TYPE=kind).status == 201


@pytest.mark.parametrize("key", ["", "x" * 121, "tab\there", "gr\u00fc\u00df"])
def test_single_writes_need_a_key(hub: Hub, key: str) -> None:
    answer = hub.shop.ask("POST", "orders", ORDER, HTTP_IDEMPOTENCY_KEY=key)
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=501", "limit=ten", "limit=1&limit=2", "limit=", "cursor=%20", "status=lost", "since=today",
        "since=2026-03-02T15:00:00", "place=", "colour=red", "status=null", "since=null", "since=0.5", "limit=1e2",
        "limit=%2B1", "limit=01", "channel=WEB",
    ],
)  # fmt: skip
def test_a_query_that_is_not_as_described_is_refused(hub: Hub, query: str) -> None:
    answer = hub.shop.get(f"orders?{query}")
    assert (answer.status, answer.json["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("address", "detail"),
    [
        ("orders?colour=red", "colour: There is no parameter of this name"),
        ("orders?limit=ten", "limit: Expected a whole number"),
        ("prices?sku=milk&current=no", "current: Expected true or false"),
        ("stock/movements?limit=" + "9" * 20, "limit: Expected `int` <= 500"),
        ("events?after=" + "9" * 20, "after: Expected `int` <= 9223372036854775807"),
        ("orders?cursor=%20", "cursor: Expected a cursor as it stands in `next` of the page before"),
        (
            "orders?channel=WEB",
            "channel: Expected a sales channel such as web: up to 16 small letters, digits and hyphens, a letter first",
        ),
        ("events?types=nosuch", "types: There is no event type 'nosuch'; docs/api/events.md lists them"),
        ("events?types=order.placed,", "types: There is no event type ''; docs/api/events.md lists them"),
    ],
)
def test_an_unfit_parameter_is_told_in_words(hub: Hub, address: str, detail: str) -> None:
    answer = hub.shop.get(address)
    assert (answer.status, answer.json["code"], answer.json["detail"]) == (422, "invalid", detail)


def test_a_webhook_for_events_that_do_not_exist_is_refused(hub: Hub) -> None:
    body = {"url": "https://example.com/in", "types": ["order.placed", "order.lost"]}
    answer = hub.shop.put("webhooks", body, "w1")
    assert (answer.status, answer.json["errors"]) == (
        422,
        [{"field": "types[1]", "message": "There is no event type 'order.lost'; docs/api/events.md lists them"}],
    )
    assert hub.shop.get("webhooks").items == []


def test_a_cursor_of_another_list_or_of_nobody_is_refused(hub: Hub) -> None:
    for number in range(2):
        hub.shop.post("orders", ORDER, f"k{number}")
    following = hub.shop.get("orders?limit=1").json["next"].partition("cursor=")[2]
    for path in (f"receipts?cursor={following}", "orders?cursor=AAAA", f"orders?cursor={following}x"):
        answer = hub.shop.get(path)
        assert (answer.status, answer.json["code"]) == (422, "cursor")


def test_an_endpoint_without_a_query_takes_none(hub: Hub) -> None:
    assert hub.shop.get("units?limit=1").status == 422


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_an_address_does_not_have_is_refused(hub: Hub, method: str) -> None:
    answer = hub.shop.ask(method, "orders")
    assert (answer.status, answer.json["code"]) == (405, "method")
    assert sorted(answer.headers["Allow"].split(", ")) == ["GET", "POST"]


def test_an_address_that_does_not_exist_is_a_problem_too(hub: Hub) -> None:
    for path in ("nothing", "orders/", "orders//x", "receipts/0", "receipts/x", f"receipts/{2**63}", "orders/%00"):
        answer = hub.shop.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json"), path


def test_unknown_places_and_wild_clocks_are_told_apart_from_faults(hub: Hub) -> None:
    wild = [
        receipt_body(f"r{number}", {"milk": (1, 199)}, occurred_at=when)
        for number, when in enumerate(
            ("2999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
        )
    ]
    away = receipt_body("r9", {"milk": (1, 199)}) | {"place": "p9"}
    results = hub.shop.post("receipts", {"items": [*wild, away]}).results
    assert [result.get("clock_suspect", result.get("reason")) for result in results] == [True] * 3 + ["unknown_place"]


class Failing:
    """A committer that cannot take, or cannot answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def commit(self, *_: Any, **__: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "wait"),
    [
        (QueueFullError(), "busy", "1"),
        (UnavailableError("the database is gone"), "unavailable", "2"),
        (TimeoutError(), "late", "1"),
    ],
)
def test_what_cannot_be_done_now_says_when_to_send_it_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, wait: str
) -> None:
    monkeypatch.setattr(committing, "committer", lambda: Failing(error))
    for path, body in (("orders", ORDER), ("receipts", {"items": [receipt_body("r1", {"milk": (1, 199)})]})):
        answer = hub.shop.post(path, body, "k1")
        assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, code, wait)
        assert "the same key" in answer.json["detail"]


def test_an_unforeseen_error_is_logged_and_says_nothing_of_the_inside(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(committing, "committer", lambda: Failing(RuntimeError("the inside")))
    answer = hub.shop.post("orders", ORDER, "k1")
    assert (answer.status, answer.json["code"]) == (500, "failed")
    assert "the inside" not in str(answer.json)
    assert "the inside" in caplog.text


def test_a_process_without_a_hub_has_one_committer_of_its_own() -> None:
    one = committing.committer()
    assert isinstance(one, Client)
    assert committing.committer() is one
    assert one.state(seconds=10).waiting == dict.fromkeys(ACTIONS, 0)
    assert MAX_QUEUED == 2_048
