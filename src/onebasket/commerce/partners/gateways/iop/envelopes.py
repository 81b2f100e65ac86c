"""What calls and answers of the open-platform protocol are wrapped in: both sides read and write it here.

An answer's outer key is its method with underscores and `_response`; affiliate answers have `resp_result` within; a
list is a word with the list inside it (`orders: {order: [...]}`), or the list alone where `simplify` was asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any


class Method(StrEnum):
    """The methods that a business call can name."""

    FEED = "aliexpress.ds.feed.itemids.get"
    DETAILS = "aliexpress.affiliate.productdetail.get"
    QUERY = "aliexpress.affiliate.product.query"
    HOT = "aliexpress.affiliate.hotproduct.query"
    CATEGORIES = "aliexpress.affiliate.category.get"
    DS_PRODUCT = "aliexpress.ds.product.get"
    LINK = "aliexpress.affiliate.link.generate"
    PLACE = "aliexpress.ds.order.create"
    ORDERS = "aliexpress.ds.order.list"
    ORDER = "aliexpress.trade.ds.order.get"
    COMMISSION_PAGES = "aliexpress.affiliate.order.list"
    COMMISSION_INDEX = "aliexpress.affiliate.order.listbyindex"
    COMMISSION_LINES = "aliexpress.affiliate.order.get"


TOKEN_CREATE = "/auth/token/create"  # noqa: S105 - an address
TOKEN_REFRESH = "/auth/token/refresh"  # noqa: S105 - an address
PLACE_REQUEST = "param_place_order_request4_open_api_d_t_o"
"""The parameter that carries an order, as JSON text."""
_PLACE_RESPONSE = "aliexpress_trade_buy_placeorder_response"

TOP_ZONE = timezone(timedelta(hours=8))
"""The zone of the timestamp of a TOP call: GMT+8, all year."""
PST = timezone(timedelta(hours=-8))
"""The zone of the times in orders and commission lines: PST, all year."""
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


class Code(StrEnum):
    """Why the platform turned a call away: it certainly did nothing."""

    MISSING_PARAMETER = "MissingParameter"
    INVALID_PARAMETER = "InvalidParameter"
    INVALID_APP_KEY = "InvalidAppKey"
    INCOMPLETE_SIGNATURE = "IncompleteSignature"
    ILLEGAL_TIMESTAMP = "IllegalTimestamp"
    ILLEGAL_ACCESS_TOKEN = "IllegalAccessToken"  # noqa: S105 - a code
    ILLEGAL_REFRESH_TOKEN = "IllegalRefreshToken"  # noqa: S105 - a code
    ILLEGAL_CODE = "IllegalCode"
    API_CALL_LIMIT = "ApiCallLimit"
    INVALID_API = "InvalidApi"
    SERVICE_UNAVAILABLE = "ServiceUnavailable"


def outer_key(method: str) -> str:
    """Return the key around a method's answer."""
    return _PLACE_RESPONSE if method == Method.PLACE else f"{method.replace('.', '_')}_response"


def nested(name: str, items: Sequence[Any], *, simplify: bool) -> Any:  # noqa: ANN401 - JSON
    """Return a list as an answer has it: in an object under `name`, or by itself where simplified."""
    return list(items) if simplify else {name: list(items)}


def listed(value: Any, name: str) -> list[Any]:  # noqa: ANN401 - JSON from outside
    """Return the list that an answer states, nested or simplified; nothing where it is neither.

    One thing by itself where a list is expected is a list of one.
    """
    if isinstance(value, Mapping):
        value = value.get(name)
    if isinstance(value, list):
        return value
    return [] if value in (None, "", {}) else [value]


def answer(method: str, content: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """Return a method's answer in its outer key."""
    return {outer_key(method): {**content, "request_id": request_id}}


def affiliate(result: Mapping[str, Any], *, code: int = 200, message: str = "success") -> dict[str, Any]:
    """Return an affiliate method's result as its answer has it."""
    return {"resp_result": {"resp_code": code, "resp_msg": message, "result": dict(result)}}


def error_answer(code: str, kind: str, message: str, *, sub_code: str = "", request_id: str) -> dict[str, Any]:
    """Return why a call was turned away; `kind` is ISV (the caller), ISP (behind the platform) or SYSTEM."""
    stated = {"code": code, "type": kind, "msg": message, "sub_code": sub_code, "sub_msg": message}
    return {"error_response": {**stated, "request_id": request_id}}


def written(instant: datetime) -> str:
    """Return an instant as orders and commission lines state it: PST."""
    return instant.astimezone(PST).strftime(TIME_FORMAT)


def instant_of(text: str) -> datetime:
    """Return the instant that a text of orders and commission lines states, in UTC.

    Raises:
        ValueError: it states none.
    """
    return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=PST).astimezone(UTC)
