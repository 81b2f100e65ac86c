"""Who may call: parameters are read as sent, the signature, the clock, the token and the quota are checked in full."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import NamedTuple, NoReturn
from urllib.parse import parse_qsl

from onebasket.channels.sandbox.books import Books
from onebasket.channels.sandbox.tokens import holds
from onebasket.commerce.partners.gateways.iop.envelopes import TIME_FORMAT, TOP_ZONE, Code
from onebasket.commerce.partners.gateways.iop.signing import SIGN, is_signed, sign_iop, sign_top

LARGEST_BODY = 262_144
MOST_PARAMETERS = 200
TOP_SKEW, IOP_SKEW = 600, 7200
"""By how many seconds the caller's clock may differ."""
TOP_METHODS = frozenset({"md5", "hmac", "hmac-sha256"})
IOP_METHOD = "sha256"
ROUTER, SYNC, REST = "/router/rest", "/sync", "/rest"
_WITH_TOKEN = ("aliexpress.ds.", "aliexpress.trade.", "/order")


class TurnedAwayError(Exception):
    """The call is not done: why, in the platform's words."""

    def __init__(self, code: str, message: str, *, kind: str = "ISV", sub_code: str = "") -> None:
        super().__init__(code)
        self.code, self.message, self.kind, self.sub_code = code, message, kind, sub_code


class Request(NamedTuple):
    """What came in over HTTP."""

    verb: str
    path: str
    query: str
    body: bytes
    content_type: str


class Call(NamedTuple):
    """A call whose parameters are read; system parameters are among them."""

    entrance: str
    method: str
    parameters: Mapping[str, str]
    raw_body: str = ""

    @property
    def is_top(self) -> bool:
        """Whether it is spoken in the older protocol."""
        return self.parameters.get("sign_method", "md5") in TOP_METHODS and self.entrance != REST

    @property
    def simplify(self) -> bool:
        """Whether lists are to stand by themselves; newer callers say so and read them nested, so they get them so."""
        return self.is_top and self.parameters.get("simplify") == "true"


def read_call(request: Request) -> Call:
    """Return the call that a request makes.

    Raises:
        TurnedAwayError: it cannot be read.
    """
    is_json = request.content_type.partition(";")[0].strip().lower() == "application/json"
    try:
        pairs = _pairs(request.query)
        raw = request.body.decode() if is_json else ""
        if not is_json:
            pairs += _pairs(request.body.decode())
    except ValueError as error:
        raise TurnedAwayError(Code.INVALID_PARAMETER, f"The parameters cannot be read: {error}") from error
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise TurnedAwayError(Code.INVALID_PARAMETER, "A parameter is stated twice.")
    if request.path.startswith(f"{REST}/"):
        return Call(REST, request.path.removeprefix(REST), parameters, raw)
    method = parameters.get("method", "")
    if not method:
        raise TurnedAwayError(Code.MISSING_PARAMETER, "The parameter method is missing.")
    return Call(request.path, method, parameters, raw)


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)


@dataclass(slots=True)
class Quota:
    """At most so many calls in a second; 0 is no limit."""

    calls: int
    _second: int = 0
    _count: int = 0
    _lock: Lock = field(default_factory=Lock)

    def allows(self) -> bool:
        """Count a call, and tell whether it is within the quota."""
        with self._lock:
            second = int(time.monotonic())
            if second != self._second:
                self._second, self._count = second, 0
            self._count += 1
            return not self.calls or self._count <= self.calls


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets in who signs with the app's secret."""

    books: Books
    app_key: str
    secret: str
    quota: Quota

    def admit(self, call: Call, *, ahead: float = 0.0) -> None:
        """Let a call in; `ahead` is by how many seconds our own clock is wrong.

        Raises:
            TurnedAwayError: it is not let in; nothing was done.
        """
        for name in ("app_key", "timestamp", "sign_method", SIGN):
            if not call.parameters.get(name) and not (name == "sign_method" and call.entrance == ROUTER):
                raise TurnedAwayError(Code.MISSING_PARAMETER, f"The parameter {name} is missing.")
        if call.parameters["app_key"] != self.app_key:
            raise TurnedAwayError(Code.INVALID_APP_KEY, "There is no such app key.")
        if not any(is_signed(expected, call.parameters[SIGN]) for expected in self._signatures(call)):
            unsigned()
        self._check_clock(call, ahead)
        if not self.quota.allows():
            over_quota(1)
        self._check_token(call)

    def _signatures(self, call: Call) -> Iterator[str]:
        method = call.parameters.get("sign_method", "md5")
        if call.entrance == REST and method == IOP_METHOD:
            yield sign_iop(call.parameters, self.secret, path=call.method, body=call.raw_body)
        elif call.entrance == SYNC and method == IOP_METHOD:
            yield sign_iop(call.parameters, self.secret)
        elif call.entrance != REST and method in TOP_METHODS:
            yield sign_top(call.parameters, self.secret, method=method)
        else:
            raise TurnedAwayError(Code.INVALID_PARAMETER, f"sign_method {method[:20]!r} is not known here.")

    def _check_clock(self, call: Call, ahead: float) -> None:
        stated = call.parameters["timestamp"]
        try:
            at, skew = _instant(stated, call)
        except ValueError as error:
            raise TurnedAwayError(Code.ILLEGAL_TIMESTAMP, "The timestamp cannot be read.") from error
        if abs(time.time() + ahead - at) > skew:
            raise TurnedAwayError(Code.ILLEGAL_TIMESTAMP, f"The timestamp is off by more than {skew} seconds.")

    def _check_token(self, call: Call) -> None:
        token = call.parameters.get("session") or call.parameters.get("access_token") or ""
        if not token and not call.method.startswith(_WITH_TOKEN):
            return
        if call.method.startswith("/auth/"):
            return
        with self.books.reading() as session:
            if not token or not holds(session, token):
                no_token()


def _instant(stated: str, call: Call) -> tuple[float, int]:
    """Return a timestamp as seconds since 1970, and by how much it may be off."""
    if stated.isascii() and stated.isdigit() and call.entrance != ROUTER:
        return int(stated[:16]) / 1000, TOP_SKEW if call.is_top else IOP_SKEW
    if not call.is_top:
        raise ValueError(stated)
    return datetime.strptime(stated, TIME_FORMAT).replace(tzinfo=TOP_ZONE).timestamp(), TOP_SKEW


def unsigned() -> NoReturn:
    """Turn away what is not signed with the app's secret."""
    raise TurnedAwayError(
        Code.INCOMPLETE_SIGNATURE, "The request signature does not conform to platform standards.", sub_code="isv.sign"
    )


def no_token() -> NoReturn:
    """Turn away what has no token that holds."""
    message = "The specified access token is invalid or expired."
    raise TurnedAwayError(Code.ILLEGAL_ACCESS_TOKEN, message, sub_code="isv.invalid-session")


def over_quota(seconds: float) -> NoReturn:
    """Turn away what comes too often."""
    raise TurnedAwayError(
        Code.API_CALL_LIMIT,
        f"This ban will last {max(1, round(seconds))} more seconds",
        kind="SYSTEM",
        sub_code="accesscontrol.limited-by-api-access-count",
    )
