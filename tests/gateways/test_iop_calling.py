"""Calls to the open platform: signing, clocks, tokens, quota, and what is certain about an answer."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Thread

import msgspec
import pytest

from onebasket.commerce.partners.gateways.iop import calling
from onebasket.commerce.partners.gateways.iop.gateway import IopGateway
from onebasket.commerce.partners.gateways.iop.signing import sign_iop
from onebasket.commerce.partners.gateways.iop.tokens import Renewals
from onebasket.commerce.partners.rules.port import Lost, NotDone, Placed, Refused, Tokens
from tests.gateways.accounts import SECRET, account, complaint, order, order_list, placed, their_order
from tests.gateways.serving import Script, answer, cut, served, silent

ORDERS = answer(order_list())
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know of no clock and no renewal."""
    monkeypatch.setattr(calling, "_offsets", {})
    monkeypatch.setattr(calling, "_renewals", Renewals())


def token_answer(number: int = 2, **changes: object) -> bytes:
    """Return new tokens."""
    stated = {
        "code": "0", "access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 3600,
        "refresh_expires_in": 86400, "expire_time": 1, "request_id": "r",
    }  # fmt: skip
    return answer(stated | changes)


def find(endpoint: str, **changes: object) -> object:
    """Ask for orders."""
    return IopGateway(msgspec.structs.replace(account(endpoint), **changes)).find_orders("a", since=SINCE, seconds=5)


def test_a_call_is_signed_over_all_that_it_says() -> None:
    with served(ORDERS) as server:
        assert find(server.url) == ()
    said = server.parameters()
    assert (said["method"], said["app_key"], said["session"]) == ("aliexpress.ds.order.list", "12345678", "access-1")
    assert abs(int(said["timestamp"]) / 1000 - time.time()) < 10
    assert said.pop("sign") == sign_iop(said, SECRET)
    assert said["start_time"] == "2025-12-30 16:00:00"  # a day before, in PST
    assert server.requests[0].startswith(b"POST /sync?")


def test_nothing_is_asked_without_a_secret() -> None:
    with served(ORDERS) as server:
        found = find(server.url, secret="")
        assert isinstance(found, NotDone)
        assert (found.code, server.requests) == ("unauthorised", [])
    nowhere = find("nonsense")
    assert isinstance(nowhere, NotDone)
    assert nowhere.code == "unreachable"


def test_the_clock_is_set_by_the_answer_and_remembered() -> None:
    theirs = datetime.now(UTC) + timedelta(hours=5)
    late = answer(complaint("IllegalTimestamp"), Date=format_datetime(theirs, usegmt=True))
    with served(late, ORDERS) as server:
        assert find(server.url) == ()
        assert find(server.url) == ()
    stamps = [int(server.parameters(index)["timestamp"]) / 1000 - time.time() for index in range(3)]
    assert abs(stamps[0]) < 10
    assert all(abs(stamp - 5 * 3600) < 10 for stamp in stamps[1:])


def test_the_clock_that_a_complaint_states_comes_first() -> None:
    theirs = int((time.time() + 9_000) * 1000)
    late = answer(complaint("IllegalTimestamp", f"server time is {theirs}"), Date="Tue, 02 Jan 2024 03:04:05 GMT")
    with served(late, ORDERS) as server:
        assert find(server.url) == ()
    assert abs(int(server.parameters()["timestamp"]) - theirs) < 10_000


@pytest.mark.parametrize("late", [{}, {"Date": "yesterday"}, {"Date": "Tue, 02 Jan 1990 03:04:05 GMT"}])
def test_a_clock_is_set_once_and_only_where_it_is_told(late: dict[str, str]) -> None:
    with served(answer(complaint("IllegalTimestamp"), **late)) as server:
        found = find(server.url)
        assert isinstance(found, NotDone)
        assert (found.code, len(server.requests)) == ("turned_away", 1)
    with served(answer(complaint("IllegalTimestamp"), Date=format_datetime(datetime.now(UTC), usegmt=True))) as server:
        assert isinstance(find(server.url), NotDone)
        assert len(server.requests) == 2


def test_a_token_that_is_about_to_end_is_renewed_first() -> None:
    ending = Tokens("access-1", "refresh-1", datetime.now(UTC) + timedelta(minutes=1))
    with served(token_answer(), ORDERS) as server:
        gateway = IopGateway(account(server.url, tokens=ending))
        assert gateway.find_orders("a", since=SINCE, seconds=5) == ()
        renewed = gateway.renewed_tokens()
    assert renewed is not None
    assert (renewed.access, renewed.refresh) == ("access-2", "refresh-2")
    assert renewed.access_until is not None
    assert abs((renewed.access_until - datetime.now(UTC)).total_seconds() - 3600) < 10
    asked = server.parameters(0)
    assert asked.pop("sign") == sign_iop(asked, SECRET, path="/auth/token/refresh")
    assert asked["refresh_token"] == "refresh-1"
    assert server.requests[0].startswith(b"POST /rest/auth/token/refresh?")
    assert server.parameters(1)["session"] == "access-2"


def test_a_token_that_still_lasts_serves_where_it_cannot_be_renewed() -> None:
    ending = Tokens("access-1", "refresh-1", datetime.now(UTC) + timedelta(minutes=1))
    with served(cut(), ORDERS) as server:
        gateway = IopGateway(account(server.url, tokens=ending))
        assert gateway.find_orders("a", since=SINCE, seconds=5) == ()
        assert gateway.renewed_tokens() is None
    assert server.parameters()["session"] == "access-1"


def test_an_ended_token_is_renewed_once_and_the_call_repeated() -> None:
    ended = answer(complaint("IllegalAccessToken"))
    with served(ended, token_answer(), answer(placed(8001)), answer(order_list(their_order(8001)))) as server:
        found = IopGateway(account(server.url)).place_order(order(), seconds=5)
    assert isinstance(found, Placed)
    assert [one.reference for one in found.orders] == ["8001"]
    sent = [request for request in server.requests if b"method=aliexpress.ds.order.create" in request]
    assert len(sent) == 2  # the first was certainly not done
    with served(ended, token_answer(), ended) as server:
        again = find(server.url)
        assert isinstance(again, NotDone)
        assert (again.code, len(server.requests)) == ("unauthorised", 3)


@pytest.mark.parametrize(
    ("tokens", "requests"), [(Tokens("access-1", ""), 1), (Tokens("", ""), 0), (Tokens("", "refresh-1"), 1)]
)
def test_without_a_good_refresh_token_people_have_to_help(tokens: Tokens, requests: int) -> None:
    turned = answer(complaint("IllegalRefreshToken" if tokens.refresh else "IllegalAccessToken"))
    with served(turned) as server:
        found = find(server.url, tokens=tokens)
        assert isinstance(found, NotDone)
        assert (found.code, len(server.requests)) == ("unauthorised", requests)


@pytest.mark.parametrize("shared", [True, False])
def test_a_refresh_token_is_used_once_by_all_who_hold_it(monkeypatch: pytest.MonkeyPatch, *, shared: bool) -> None:
    """A rotating one is used up: the others would be locked out. Without the memory, the control, each uses it."""
    if not shared:
        monkeypatch.setattr(Renewals, "renewed", lambda _self, _owner, _before, renew, **_: renew())
    ended = Tokens("access-1", "refresh-1", datetime.now(UTC) - timedelta(minutes=1))

    def slow(link: object) -> None:
        time.sleep(0.1)
        link.sendall(token_answer())  # type: ignore[attr-defined]

    with served(*[slow] * (1 if shared else 5), ORDERS) as server:
        gateways = [IopGateway(account(server.url, tokens=ended)) for _ in range(5)]
        threads = [
            Thread(target=one.find_orders, args=("a",), kwargs={"since": SINCE, "seconds": 5}) for one in gateways
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    asked = sum(b"/auth/token/refresh" in request for request in server.requests)
    if not shared:
        assert asked > 1
        return
    assert asked == 1
    assert {one.renewed_tokens().access for one in gateways} == {"access-2"}  # type: ignore[union-attr]


def test_a_quota_says_when_to_come_back() -> None:
    limit = complaint("ApiCallLimit", "This ban will last 7 more seconds", "SYSTEM")
    for stated in (limit, complaint("7", "This ban will last 7 more seconds")):
        with served(answer(stated)) as server:
            found = IopGateway(account(server.url)).place_order(order(), seconds=5)
            assert isinstance(found, NotDone)
            assert (found.code, found.retry_seconds, len(server.requests)) == ("throttled", 7, 1)
    with served(answer(b"<html>slow down</html>", "429 Too Many", Retry_After="90")) as server:
        found = IopGateway(account(server.url)).place_order(order(), seconds=5)
        assert isinstance(found, NotDone)
        assert (found.code, found.retry_seconds) == ("throttled", 90)


REFUSAL = {"aliexpress_trade_buy_placeorder_response": {"result": {"is_success": False, "error_code": "%"}}}


def refused(code: str) -> bytes:
    """Return an order's refusal."""
    return answer(msgspec.json.encode(REFUSAL).replace(b"%", code.encode()))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (refused("INVENTORY_HOLD_ERROR"), Refused),
        (refused("B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL"), Refused),
        (answer(complaint("15", "no", sub_code="A002_INVALID_ZONE")), Refused),
        (refused("REPEATED_ORDER_ERROR"), Lost),
        (refused("SOMETHING_NEW"), Lost),
        (refused(""), Lost),
        (answer(complaint("ServiceUnavailable", kind="ISP")), Lost),
        (answer(complaint("SOMETHING_NEW")), Lost),
        (answer(complaint("InvalidApi")), NotDone),
        (answer(complaint("IncompleteSignature")), NotDone),
        (answer({}), Lost),
        (answer({"aliexpress_trade_buy_placeorder_response": {"result": None}}), Lost),
        (answer({"aliexpress_trade_buy_placeorder_response": {"result": {"is_success": "perhaps"}}}), Lost),
        (answer(placed()), Lost),
        (answer(placed(8001, None)), Lost),
        (answer(placed("8001\x00")), Lost),
        (answer(b"<html>It works!</html>"), Lost),
        (answer(b"\xff\xfe{\x00}\x00"), Lost),
        (answer(b"[" * 100_000), Lost),
        (answer(b"", "502 Bad Gateway"), Lost),
        (answer(b"", "503 Busy"), Lost),
        (answer(b"", "302 Found", Location="/"), Lost),
        (answer(b"", "403 Forbidden"), NotDone),
        (answer(b"", "413 Too Large"), NotDone),
        (answer(b'{"aliexpress_trade_buy_placeorder_resp'), Lost),
        (cut(), Lost),
        (silent(), Lost),
    ],
)
def test_after_an_order_was_sent_only_certainty_is_no_order(script: bytes | Script, expected: type[object]) -> None:
    with served(script) as server:
        found = IopGateway(account(server.url)).place_order(order(), seconds=0.4 if callable(script) else 5)
        assert isinstance(found, expected), found
        assert len(server.requests) == 1  # whatever it is, it is never sent twice


@pytest.mark.parametrize(("said", "code"), [("ServiceUnavailable", "unreachable"), ("SOMETHING_NEW", "turned_away")])
def test_a_service_that_is_away_for_a_moment_is_not_reached(said: str, code: str) -> None:
    with served(answer(complaint(said, kind="ISP"))) as server:
        found = find(server.url)
    assert isinstance(found, NotDone)
    assert found.code == code


def test_nobody_there_is_no_order() -> None:
    with served(ORDERS) as server:
        pass
    found = IopGateway(account(server.url)).place_order(order(), seconds=5)
    assert isinstance(found, NotDone)
    assert found.code == "unreachable"


def test_a_message_does_not_repeat_the_address() -> None:
    said = msgspec.json.encode(REFUSAL).replace(
        b'"%"', b'"A002_INVALID_ZONE","error_msg":"no zone for Ada BYRON, 12 Canal Walk, LEEDS ls1 4dy"'
    )
    with served(answer(said)) as server:
        found = IopGateway(account(server.url)).place_order(order(), seconds=5)
    assert found == Refused("A002_INVALID_ZONE", "no zone for …, …, … …")


def test_tokens_are_made_of_a_code() -> None:
    with served(token_answer(7)) as server:
        gateway = IopGateway(account(server.url, tokens=Tokens()))
        found = gateway.authorise("3_500102_JxZ05Ux3cnnSSUm6dCxYg6Q26", seconds=5)
    assert isinstance(found, Tokens)
    assert found.access == "access-7"
    assert gateway.renewed_tokens() == found
    assert server.parameters()["code"] == "3_500102_JxZ05Ux3cnnSSUm6dCxYg6Q26"
    for bad in (complaint("IllegalCode"), {"code": "0"}, {"code": "0", "access_token": ["a"]}, {"code": "IllegalCode"}):
        with served(answer(bad)) as server:
            assert isinstance(IopGateway(account(server.url)).authorise("x", seconds=5), NotDone)
