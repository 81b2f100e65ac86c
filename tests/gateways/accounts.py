"""Accounts at partners' platforms for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from onebasket.commerce.partners.gateways.iop.envelopes import answer, error_answer
from onebasket.commerce.partners.rules.port import Address, AskedLine, GatewayAccount, OrderAsked, Tokens

SECRET = "helloworld"
ADDRESS = Address(
    name="Ada Byron", street="12 Canal Walk", city="Leeds", postcode="LS1 4DY", country="GB", phone="+44 113 4960000"
)


def account(endpoint: str, *, tokens: Tokens | None = None, **options: str) -> GatewayAccount:
    """Return how we are known at an address; the token lasts for an hour unless stated."""
    held = Tokens("access-1", "refresh-1", datetime.now(UTC) + timedelta(hours=1)) if tokens is None else tokens
    return GatewayAccount(
        partner="lantern", endpoint=endpoint, app_key="12345678", secret=SECRET, tokens=held, options=options
    )


def order(ours: str = "ours-1", **quantities: int) -> OrderAsked:
    """Return an order of some products, by `p` and their id; one of 1001 unless stated."""
    lines = quantities or {"p1001": 1}
    asked = tuple(
        AskedLine(number, name.removeprefix("p"), quantity, 255, "GBP")
        for number, (name, quantity) in enumerate(lines.items(), 1)
    )
    return OrderAsked(ours, asked, ADDRESS, "GBP")


def placed(*numbers: object) -> dict[str, Any]:
    """Return the answer that an order was taken in."""
    return answer(
        "aliexpress.ds.order.create", {"result": {"is_success": True, "order_list": {"number": numbers}}}, "r"
    )


def their_order(number: int, ours: str = "ours-1", **changes: Any) -> dict[str, Any]:
    """Return an order as the platform states it."""
    stated: dict[str, Any] = {
        "order_id": number,
        "out_order_id": ours,
        "order_status": "PLACE_ORDER_SUCCESS",
        "create_time": 1767225600000,
        "gmt_modified": "2026-01-01 04:00:00",
        "order_amount": {"amount": "6.05", "currency_code": "GBP"},
        "child_order_list": {
            "ae_child_order_info": [
                {"product_id": 1001, "product_count": 1, "product_price": {"amount": "2.55", "currency_code": "GBP"}}
            ]
        },
        "logistics_info_list": {"ae_order_logistics_info": []},
    }
    return stated | changes


def order_list(*orders: Any, count: int | None = None) -> dict[str, Any]:
    """Return a page of the list of orders."""
    result = {"orders": {"order": orders}, "total_count": len(orders) if count is None else count}
    return answer("aliexpress.ds.order.list", {"result": result, "rsp_code": "200"}, "r")


def complaint(code: str, message: str = "no", kind: str = "ISV", sub_code: str = "") -> dict[str, Any]:
    """Return why a call is turned away."""
    return error_answer(code, kind, message, sub_code=sub_code, request_id="r")


def affiliate(method: str, result: Any, code: int = 200) -> dict[str, Any]:
    """Return an answer of the affiliate family."""
    return answer(method, {"resp_result": {"resp_code": code, "resp_msg": "m", "result": result}}, "r")
