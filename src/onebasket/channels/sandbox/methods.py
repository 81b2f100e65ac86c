"""The platform's methods by name, and a call from the gate to its answer, with the fault that goes with it."""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import NamedTuple

import msgspec

from onebasket.base.answering import NeverAnsweredError
from onebasket.channels.sandbox import catalogue, commissions, orders
from onebasket.channels.sandbox.answering import Answer, Asked, House, Work
from onebasket.channels.sandbox.faults import Fault, Faults, Planned
from onebasket.channels.sandbox.gate import (
    REST,
    Call,
    Gate,
    Request,
    TurnedAwayError,
    no_token,
    over_quota,
    read_call,
    unsigned,
)
from onebasket.channels.sandbox.tokens import Pair, by_code, by_refresh
from onebasket.commerce.partners.gateways.iop.envelopes import (
    TOKEN_CREATE,
    TOKEN_REFRESH,
    Code,
    Method,
    answer,
    error_answer,
)


def create_token(asked: Asked) -> Answer:
    """Give tokens for a code."""
    with asked.house.books.writing() as session:
        pair = by_code(session, asked.needed("code"), asked.house.lives)
    if pair is None:
        raise TurnedAwayError(Code.ILLEGAL_CODE, "The code was used, is too old, or never was.")
    return _tokens(pair, asked.house)


def refresh_token(asked: Asked) -> Answer:
    """Give new tokens for a refresh token, which is used up."""
    with asked.house.books.writing() as session:
        pair = by_refresh(session, asked.needed("refresh_token"), asked.house.lives)
    if pair is None:
        raise TurnedAwayError(Code.ILLEGAL_REFRESH_TOKEN, "The refresh token was used, is too old, or never was.")
    return _tokens(pair, asked.house)


def _tokens(pair: Pair, house: House) -> Answer:
    return {
        **msgspec.structs.asdict(pair),
        "expires_in": house.lives.access,
        "refresh_expires_in": house.lives.refresh,
        "account": "sandbox",
        "account_platform": "sandbox",
        "account_id": "1",
        "seller_id": "1",
        "user_id": "1",
        "havana_id": "1",
        "user_nick": "sandbox",
        "sp": "ae",
        "locale": "en",
    }


METHODS: Mapping[str, Work] = {
    Method.FEED: catalogue.feed,
    Method.DETAILS: catalogue.details,
    Method.QUERY: catalogue.query,
    Method.HOT: catalogue.query,
    Method.CATEGORIES: catalogue.categories,
    Method.DS_PRODUCT: catalogue.ds_product,
    Method.LINK: catalogue.links,
    Method.PLACE: orders.place,
    Method.ORDERS: orders.orders,
    Method.ORDER: orders.order,
    Method.COMMISSION_PAGES: commissions.by_page,
    Method.COMMISSION_INDEX: commissions.by_index,
    Method.COMMISSION_LINES: commissions.by_number,
}
ADDRESSES: Mapping[str, Work] = {
    TOKEN_CREATE: create_token,
    TOKEN_REFRESH: refresh_token,
    "/auth/token/security/create": create_token,
    "/auth/token/security/refresh": refresh_token,
    "/order/get": orders.plain_order,
}


class Reply(NamedTuple):
    """What goes back over HTTP."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Platform:
    """The open platform: a request in, an answer out, or none where a fault cuts the line."""

    house: House
    gate: Gate
    faults: Faults = field(default_factory=Faults)
    stopping: Event = field(default_factory=Event)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def answer(self, request: Request) -> Reply:
        """Answer a request.

        Raises:
            NeverAnsweredError: a fault lets the caller wait for ever.
        """
        request_id = secrets.token_hex(8)
        method, is_system = "?", request.path.startswith(f"{REST}/")
        try:
            call = read_call(request)
            works = ADDRESSES if is_system else METHODS
            method = call.method if call.method in works else "?"
            return self._admitted(call, works, request_id)
        except TurnedAwayError as away:
            self._count(method, "turned away")
            stated = error_answer(away.code, away.kind, away.message, sub_code=away.sub_code, request_id=request_id)
            if is_system:
                plain = {"code": away.code, "type": away.kind, "message": away.message, "request_id": request_id}
                stated = {**plain, **stated}
            return Reply(200, msgspec.json.encode(stated))

    def _admitted(self, call: Call, works: Mapping[str, Work], request_id: str) -> Reply:
        self.gate.admit(call)
        work = works.get(call.method)
        if work is None:
            raise TurnedAwayError(Code.INVALID_API, "There is no such method.")
        planned = self.faults.take(call.method)
        if planned is not None:
            self._before(call, planned)
            if planned.fault is Fault.DOWN:
                self._count(call.method, "turned away")
                return Reply(503, b"Service Unavailable")
        content = work(Asked(call, self.house, planned))
        refused = isinstance(content.get("result"), Mapping) and content["result"].get("is_success") is False
        self._count(call.method, "refused" if refused else "done")
        if call.entrance == REST:
            body = msgspec.json.encode({"code": "0", **content, "request_id": request_id})
        else:
            body = msgspec.json.encode(answer(call.method, content, request_id))
        return self._after(body, planned)

    def _before(self, call: Call, planned: Planned) -> None:
        """Let a fault do what it does before the work."""
        seconds = planned.seconds or 0.0
        match planned.fault:
            case Fault.TIMEOUT_BEFORE:
                self._count(call.method, "cut")
                self.stopping.wait(seconds)
                raise NeverAnsweredError
            case Fault.SLOW:
                self.stopping.wait(seconds)
            case Fault.CALL_LIMIT:
                over_quota(seconds)
            case Fault.CLOCK_SKEW:
                self.gate.admit(call, ahead=seconds)
            case Fault.WRONG_SIGNATURE:
                unsigned()
            case Fault.TOKEN_EXPIRED:
                no_token()
            case Fault.REFUSE if call.method != Method.PLACE:
                raise TurnedAwayError(Code.SERVICE_UNAVAILABLE, "Refused on demand.", kind="ISP")
            case _:
                pass

    def _after(self, body: bytes, planned: Planned | None) -> Reply:
        if planned is not None and planned.fault is Fault.TIMEOUT_AFTER:
            self.stopping.wait(planned.seconds or 0.0)
            raise NeverAnsweredError
        if planned is not None and planned.fault is Fault.GARBAGE:
            return Reply(200, body[: len(body) // 2])
        return Reply(200, body)

    def _count(self, method: str, outcome: str) -> None:
        with self._lock:
            self.calls[method, outcome] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how often each method was called, by what became of it."""
        found: dict[str, dict[str, int]] = {}
        with self._lock:
            for (method, outcome), count in sorted(self.calls.items()):
                found.setdefault(method, {})[outcome] = count
        return found

    def forget_counts(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.calls.clear()
