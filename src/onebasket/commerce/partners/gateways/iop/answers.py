"""What an answer says: the result within its wrappings, or why the platform turned the call away."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from onebasket.commerce.partners.gateways.iop.envelopes import Code, outer_key
from onebasket.commerce.partners.gateways.iop.values import visible

RESULT_CODES = frozenset({"200", "0"})
_MOST_MESSAGE = 200
_NUMBERED = {
    "7": Code.API_CALL_LIMIT,
    **dict.fromkeys(("21", "22"), Code.INVALID_API),
    **dict.fromkeys(("24", "25"), Code.INCOMPLETE_SIGNATURE),
    **dict.fromkeys(("26", "27"), Code.ILLEGAL_ACCESS_TOKEN),
    **dict.fromkeys(("28", "29"), Code.INVALID_APP_KEY),
    **dict.fromkeys(("30", "31"), Code.ILLEGAL_TIMESTAMP),
    "40": Code.MISSING_PARAMETER,
    "41": Code.INVALID_PARAMETER,
}
"""The numbers by which older entrances of the platform say the same."""
_BAN = re.compile(r"last (\d{1,6}) more second", re.ASCII)
_CLOCK = re.compile(r"\b(1\d{12})\b", re.ASCII)
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Complaint(msgspec.Struct, frozen=True):
    """Why a call was turned away: the platform's code and words; `kind` is ISV, ISP or SYSTEM.

    `ban_seconds`: how long it answers no more; `clock`: the platform's time in milliseconds, where it says so.
    """

    code: str
    message: str
    kind: str = ""
    sub_code: str = ""
    ban_seconds: int | None = None
    clock: int | None = None


class Result(msgspec.Struct, frozen=True):
    """What a method answered, out of its outer key; `code` is the result's own, "200" where it states none."""

    content: dict[str, Any]
    code: str = "200"
    message: str = ""


class Unreadable(msgspec.Struct, frozen=True):
    """What came is no answer of this protocol."""

    reason: str


def open_answer(body: bytes, method: str) -> Result | Complaint | Unreadable:
    """Return what an answer to a business call says."""
    found = decoded(body)
    if isinstance(found, Unreadable):
        return found
    if (complaint := complaint_of(found)) is not None:
        return complaint
    inner = found.get(outer_key(method))
    if inner is None:
        # Platforms rename methods and keep the names of their answers.
        inner = next((value for key, value in found.items() if key.endswith("_response")), None)
    if not isinstance(inner, dict):
        return Unreadable(f"no {outer_key(method)} in the answer")
    wrapped = inner.get("resp_result")
    if isinstance(wrapped, dict):
        return _result(wrapped, code="resp_code", message="resp_msg")
    return _result(inner, code="rsp_code", message="rsp_msg")


def open_system_answer(body: bytes) -> Result | Complaint | Unreadable:
    """Return what an answer to a system call (`/rest/...`) says: its fields stand at the top."""
    found = decoded(body)
    if isinstance(found, Unreadable):
        return found
    return complaint_of(found) or Result(found)


def decoded(body: bytes) -> dict[str, Any] | Unreadable:
    """Return the object that a body states, fractions as decimals.

    What is not UTF-8 stays readable around the places where it is not: those read as U+FFFD.
    """
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        try:
            found = _decode(text)
        except msgspec.MsgspecError:
            # One half of a pair of surrogates spoils the whole for it; here only the item that holds it is odd.
            found = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        return Unreadable(f"no JSON ({type(error).__name__}): {visible(text[:60])!r}")
    return found if isinstance(found, dict) else Unreadable(f"an object was expected, not {type(found).__name__}")


def states_list(result: Result, name: str, *counts: str) -> bool:
    """Whether a result states a list, were it an empty one: else nothing may be taken for missing in it."""
    stated = result.content.get(name)
    is_none = any(_text(result.content.get(count)) == "0" for count in counts)
    return isinstance(stated, list) or (isinstance(stated, dict) and bool(stated)) or is_none


def complaint_of(found: Mapping[str, Any]) -> Complaint | None:
    """Return why the call was turned away, None when it was not."""
    stated = found.get("error_response")
    if not isinstance(stated, Mapping):
        # A system call says so at the top, beside "code": "0" when all is well.
        if "code" not in found or _text(found["code"]) in RESULT_CODES:
            return None
        stated = found
    told = [_text(stated.get(name)) for name in ("msg", "message", "sub_msg")]
    words = " ".join(dict.fromkeys(filter(None, told)))
    ban, clock = _BAN.search(words), _CLOCK.search(words)
    code = _text(stated.get("code"))[:60]
    return Complaint(
        code=_NUMBERED.get(code, code),
        message=words[:_MOST_MESSAGE],
        kind=_text(stated.get("type"))[:10],
        sub_code=_text(stated.get("sub_code"))[:80],
        ban_seconds=int(ban[1]) if ban else None,
        clock=int(clock[1]) if clock else None,
    )


def _result(inner: dict[str, Any], *, code: str, message: str) -> Result:
    content = inner.get("result")
    return Result(
        content if isinstance(content, dict) else {},
        _text(inner.get(code, "200"))[:60],
        _text(inner.get(message))[:_MOST_MESSAGE],
    )


def _text(value: object) -> str:
    return visible(str(value)) if isinstance(value, str | int) else ""


def _no_constant(name: str) -> object:
    message = f"{name} is no number"
    raise ValueError(message)
