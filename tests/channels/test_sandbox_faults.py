"""What the sandbox lets go wrong on demand, each seen by a caller; once used up, all is as before."""

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onebasket.commerce.partners.gateways.iop.envelopes import Method
from onebasket.commerce.partners.gateways.iop.signing import is_signed, sign_push
from tests.sandboxing import (
    Listener,
    SandboxProcess,
    good,
    listener,
    millis,
    sandbox_process,
    wait_until,
    write_goods,
)

LAMP, TRAY = 7_000_001, 7_000_002
CUT = (http.client.HTTPException, OSError)
DETAILS = "aliexpress_affiliate_productdetail_get_response"


@pytest.fixture(scope="module")
def heard() -> Iterator[Listener]:
    with listener() as found:
        yield found


@pytest.fixture(scope="module")
def one(
    command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory, heard: Listener
) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    lamp, tray = good("Brass desk lamp", 3400, id=LAMP), good("Teak tray", 1250, id=TRAY, shop="Fernway Table")
    goods = write_goods(folder / "goods.jsonl", lamp, tray)
    options = ("--no-own-goods", "--goods", str(goods), "--push-to", heard.url)
    with sandbox_process(command, folder, *options) as found:
        yield found


@pytest.fixture(autouse=True)
def as_at_first(one: SandboxProcess, heard: Listener) -> None:
    for key in (LAMP, TRAY):
        one.done("POST", f"goods/{key}", {"stock": 10})
    one.access()
    one.done("POST", "forget", {})
    time.sleep(0.1)  # a push that is on its way
    heard.arrived.clear()
    heard.answers.clear()


def code_of(answer: Any) -> str:
    return str(answer.get("error_response", {}).get("code", "let in"))


def test_a_time_out_after_it_was_done(one: SandboxProcess) -> None:
    one.fault("timeout_after", Method.PLACE, seconds=0.2)
    with pytest.raises(CUT):
        one.place({LAMP: 1})
    assert len(one.orders()) == 1


def test_a_time_out_that_outlasts_the_caller(one: SandboxProcess) -> None:
    one.fault("timeout_after", Method.PLACE, seconds=20)
    with pytest.raises(TimeoutError):
        one.place({LAMP: 1}, seconds=0.5)
    assert len(one.orders()) == 1


def test_a_time_out_before_it_was_done(one: SandboxProcess) -> None:
    one.fault("timeout_before", Method.PLACE, seconds=0.1)
    with pytest.raises(CUT):
        one.place({LAMP: 1})
    assert one.orders() == []
    assert one.place({LAMP: 1})["is_success"] is True
    assert one.done("GET", "calls")["calls"][Method.PLACE] == {"cut": 1, "done": 1}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("call_limit", "ApiCallLimit"),
        ("clock_skew", "IllegalTimestamp"),
        ("wrong_signature", "IncompleteSignature"),
        ("token_expired", "IllegalAccessToken"),
        ("refuse", "ServiceUnavailable"),
    ],
)
def test_calls_that_are_turned_away(one: SandboxProcess, fault: str, expected: str) -> None:
    one.fault(fault, times=2)
    for outcome in (expected, expected, "let in"):
        assert code_of(one.iop(Method.CATEGORIES)) == outcome


def test_a_fault_waits_for_its_method_and_oldest_first(one: SandboxProcess) -> None:
    one.fault("call_limit", Method.ORDERS)
    one.fault("token_expired", times=0)
    assert code_of(one.iop(Method.CATEGORIES)) == "IllegalAccessToken"
    assert code_of(one.iop(Method.ORDERS, out_order_id="x")) == "ApiCallLimit"
    assert code_of(one.iop(Method.ORDERS, out_order_id="x")) == "IllegalAccessToken"
    forged = {"method": str(Method.CATEGORIES), "app_key": one.app_key, "sign_method": "sha256", "timestamp": millis()}
    assert code_of(one.send("/sync", forged | {"sign": "no"})[1]) == "IncompleteSignature"
    one.done("DELETE", "faults")
    assert code_of(one.iop(Method.CATEGORIES)) == "let in"


def test_a_system_call_can_fail_too(one: SandboxProcess) -> None:
    one.fault("call_limit", "/auth/token/refresh")
    pair = one.done("POST", "tokens", {})
    assert one.system("/auth/token/refresh", refresh_token=pair["refresh_token"])["code"] == "ApiCallLimit"
    assert one.system("/auth/token/refresh", refresh_token=pair["refresh_token"])["code"] == "0"


def test_down_slow_and_garbage(one: SandboxProcess) -> None:
    one.fault("down", Method.PLACE)
    stated = {"method": str(Method.CATEGORIES)}
    assert one.iop(Method.PLACE, param_place_order_request4_open_api_d_t_o="{}") == b"Service Unavailable"
    assert one.orders() == []
    one.fault("slow", seconds=0.4)
    began = time.monotonic()
    assert code_of(one.iop(**stated)) == "let in"
    assert time.monotonic() - began >= 0.4
    one.fault("garbage", Method.PLACE)
    with pytest.raises(ValueError, match="truncated"):
        one.place({LAMP: 1})
    assert len(one.orders()) == 1


def test_orders_refused_and_taken_in_part(one: SandboxProcess) -> None:
    one.fault("refuse", Method.PLACE, value="REPEATED_ORDER_ERROR")
    assert one.place({LAMP: 1})["error_code"] == "REPEATED_ORDER_ERROR"
    one.fault("partial", Method.PLACE)
    one.place({LAMP: 2, TRAY: 1}, ours="partial")
    one.fault("part_quantity", Method.PLACE)
    one.place({LAMP: 2, TRAY: 1}, ours="fewer")
    one.fault("price_change", Method.PLACE, value="120")
    one.place({LAMP: 1}, ours="dearer")
    taken = {
        ours: [
            (line["product_id"], line["product_count"], line["product_price"]["amount"])
            for order in one.orders(ours)
            for line in order["child_order_list"]["ae_child_order_info"]
        ]
        for ours in ("ours-1", "partial", "fewer", "dearer")
    }
    assert taken == {
        "ours-1": [],
        "partial": [(LAMP, 2, "34.00")],
        "fewer": [(LAMP, 1, "34.00"), (TRAY, 1, "12.50")],
        "dearer": [(LAMP, 1, "40.80")],
    }


@pytest.mark.parametrize(
    ("fault", "value", "expected"),
    [
        ("lying_stock", "", ("34.00", "GBP", 999)),
        ("lying_price", "", ("17.00", "GBP", 10)),
        ("lying_currency", "EUR", ("34.00", "EUR", 10)),
    ],
)
def test_it_lies(one: SandboxProcess, fault: str, value: str, expected: tuple[str, str, int]) -> None:
    one.fault(fault, Method.DETAILS, value=value)
    for outcome in (expected, ("34.00", "GBP", 10)):
        answer = one.iop(Method.DETAILS, product_ids=str(LAMP))[DETAILS]["resp_result"]["result"]
        (lamp,) = answer["products"]["product"]
        assert (lamp["sale_price"], lamp["sale_price_currency"], lamp["available_stock"]) == outcome


def test_statuses_that_nobody_knows(one: SandboxProcess) -> None:
    (order,) = one.place({LAMP: 1})["order_list"]["number"]
    one.fault("unknown_status", Method.ORDER)
    for outcome in ("QUANTUM_HOLD", "PLACE_ORDER_SUCCESS"):
        answer = one.iop(Method.ORDER, order_id=str(order))["aliexpress_trade_ds_order_get_response"]
        assert answer["result"]["order_status"] == outcome
    one.fault("unknown_status", Method.COMMISSION_INDEX, value="Lost in space")
    assert [line["order_status"] for line in one.lines()] == ["Lost in space"]


def test_cursors_that_repeat_and_skip(one: SandboxProcess) -> None:
    def page(cursor: str) -> Any:
        answer = one.iop(Method.FEED, page_size="1", **({"search_id": cursor} if cursor else {}))
        return answer["aliexpress_ds_feed_itemids_get_response"]["result"]

    first = page("")
    one.fault("cursor_repeat", Method.FEED)
    again = page(first["search_id"])
    assert (again["products"], again["search_id"]) == (first["products"], first["search_id"])
    second = page(first["search_id"])
    assert second["products"]["number"] != first["products"]["number"]
    one.fault("cursor_skip", Method.FEED)
    skipped = page("")
    assert (skipped["products"], skipped["search_id"]) == (second["products"], second["search_id"])


def statuses(heard: Listener) -> list[str]:
    return [body["data"]["order_status"] for body in heard.bodies() if body["message_type"] == 0]


def placed(one: SandboxProcess, heard: Listener) -> int:
    """An order whose first push has arrived and is forgotten."""
    (order,) = one.place({LAMP: 1})["order_list"]["number"]
    wait_until(lambda: len(statuses(heard)) == 1 and one.done("GET", "calls")["pushes"]["waiting"] == 0)
    heard.arrived.clear()
    return int(order)


def test_pushes_are_signed_and_sent_until_they_are_taken(one: SandboxProcess, heard: Listener) -> None:
    order = placed(one, heard)
    heard.answers += [500]
    one.done("POST", f"orders/{order}", {"step": True})
    wait_until(lambda: len(heard.arrived) == 2)
    (headers, body), second = heard.arrived
    assert second[1] == body
    assert is_signed(sign_push(one.app_key, one.secret, body), headers["authorization"])
    (stated, _) = heard.bodies()
    assert stated["data"].items() >= {
        "order_id": str(order), "out_order_id": "ours-1", "order_status": "WAIT_SELLER_SEND_GOODS",
    }.items()  # fmt: skip


def test_pushes_doubled_dropped_and_out_of_order(one: SandboxProcess, heard: Listener) -> None:
    order = placed(one, heard)
    one.fault("push_double")
    one.done("POST", f"orders/{order}", {"status": "IN_ISSUE"})
    wait_until(lambda: statuses(heard) == ["IN_ISSUE", "IN_ISSUE"])
    assert heard.arrived[0][1] == heard.arrived[1][1]
    one.fault("push_drop")
    one.done("POST", f"orders/{order}", {"status": "IN_FROZEN"})
    wait_until(lambda: one.done("GET", "faults") == {"faults": []})
    one.fault("push_reorder")
    one.done("POST", f"orders/{order}", {"status": "RISK_CONTROL"})
    wait_until(lambda: one.done("GET", "faults") == {"faults": []})
    one.done("POST", f"orders/{order}", {"status": "FINISH"})
    wait_until(lambda: statuses(heard) == ["IN_ISSUE", "IN_ISSUE", "FINISH", "RISK_CONTROL"])


def test_pushes_forged_old_and_unknown(one: SandboxProcess, heard: Listener) -> None:
    order = placed(one, heard)
    one.fault("push_forge")
    one.done("POST", f"orders/{order}", {"status": "IN_ISSUE"})
    wait_until(lambda: len(heard.arrived) == 2)
    genuine = [
        is_signed(sign_push(one.app_key, one.secret, body), headers["authorization"]) for headers, body in heard.arrived
    ]
    assert genuine == [False, True]
    one.fault("push_old", seconds=90_000)
    one.done("POST", f"orders/{order}", {"status": "FINISH"})
    wait_until(lambda: len(heard.arrived) == 3)
    assert 90_000 <= time.time() - heard.bodies()[-1]["timestamp"] < 90_060
    one.fault("unknown_status", "push")
    one.done("POST", f"orders/{order}", {"status": "FINISH"})
    wait_until(lambda: len(heard.arrived) == 4)
    assert statuses(heard)[-1] == "QUANTUM_HOLD"


def test_offers_and_commission_are_pushed_too(one: SandboxProcess, heard: Listener) -> None:
    placed(one, heard)
    (line,) = one.lines()
    one.done("POST", f"goods/{LAMP}", {"price": 3400})
    one.done("POST", f"commissions/{line['sub_order_id']}", {"do": "confirm"})
    wait_until(lambda: len(heard.arrived) == 2)
    offer, commission = heard.bodies()
    assert (offer["message_type"], offer["data"]["product_id"], offer["data"]["change"]) == (1, str(LAMP), "price")
    assert (commission["message_type"], commission["data"]["order_status"]) == (2, "Buyer Confirmed Receipt")


def test_killed_it_keeps_what_it_said(one: SandboxProcess, command: tuple[str, ...], tmp_path: Path) -> None:
    goods = write_goods(tmp_path / "goods.jsonl", good("Tray", id=TRAY))
    with sandbox_process(command, tmp_path, "--no-own-goods", "--goods", str(goods)) as other:
        other.place({TRAY: 4})
        before = other.orders()
        other.kill()
        other.start()
        assert other.orders() == before
        assert other.done("GET", "goods")["goods"][0]["stock"] == 6
        assert other.place({TRAY: 1}, ours="ours-2")["is_success"] is True
    assert one.orders() == []
