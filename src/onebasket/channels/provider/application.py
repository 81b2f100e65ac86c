"""The simulated provider over HTTP: signed requests in, where the authorisation stands out, and what test cards do."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from threading import Event
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec

from onebasket.base.answering import NeverAnsweredError
from onebasket.channels.provider.ledger import Ledger, Reply
from onebasket.commerce.payments.rules.wire import (
    KEY,
    SIGNATURE,
    AmountBody,
    AuthoriseBody,
    Request,
    Trouble,
    is_genuine,
)

LARGEST_BODY = 16_384
SLOW_SECONDS = 1.0
_PATH = re.compile(r"/v1/authorisations/([A-Za-z0-9-]{1,64})(?:/(capture|reverse|refunds))?")
_KEY = re.compile(r"[!-~]{1,120}")
_BEFORE = {("tok_lost", ""), ("tok_arrives_late", "")}
_AFTER = {("tok_late", ""), ("tok_capture_late", "capture"), ("tok_refund_late", "refunds")}


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider's application (WSGI). `hang` is for how many seconds a card that does so lets its caller wait."""

    ledger: Ledger
    secret: str
    hang: float = 30.0
    stopping: Event = field(default_factory=Event)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        reply = self._answer(environ)
        body = msgspec.json.encode(reply.content)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> Reply:
        request = _read(environ)
        if isinstance(request, Reply):
            return request
        key = str(environ.get(f"HTTP_{KEY.upper().replace('-', '_')}", ""))
        header = str(environ.get(f"HTTP_{SIGNATURE.upper().replace('-', '_')}", ""))
        if not is_genuine(self.secret, request, key=key, header=header, now=int(time.time())):
            return _turn_away(401, "signature", "The request is not signed with our secret, or was signed long ago.")
        found = _PATH.fullmatch(request.path)
        if found is None:
            return _turn_away(404, "no_address", "There is no such address.")
        reference, part = found[1], found[2] or ""
        if request.method == "GET":
            return self.ledger.find(reference)
        if request.method != "POST" or not _KEY.fullmatch(key):
            return _turn_away(400, "key", "Send POST with an idempotency key, or GET.")
        return self._perform(request, reference, part, key)

    def _perform(self, request: Request, reference: str, part: str, key: str) -> Reply:
        try:
            work, token = self._work(request, reference, part, key)
        except msgspec.MsgspecError as error:
            return _turn_away(422, "invalid", str(error))
        if (token, part) in _BEFORE or (token == "tok_capture_lost" and part and self.ledger.stumbles(reference)):  # noqa: S105
            self._hang()
            if token != "tok_arrives_late":  # noqa: S105 - a test card
                raise NeverAnsweredError
        if token == "tok_broken_once" and not part and self.ledger.stumbles(reference):  # noqa: S105
            return _turn_away(500, "broken", "Something is broken here.")
        content = b"\n".join([request.path.encode(), request.body])
        reply = self.ledger.once(key, content, work)
        if (token, part) in _AFTER:
            self._hang()
            raise NeverAnsweredError
        if token == "tok_slow" and not part:  # noqa: S105
            self.stopping.wait(SLOW_SECONDS)
        return reply

    def _work(self, request: Request, reference: str, part: str, key: str) -> tuple[Callable[..., Reply], str]:
        """Return what a request asks for, and the token of the card that it is about."""
        ledger = self.ledger
        if not part:
            stated = msgspec.json.decode(request.body, type=AuthoriseBody)
            return partial(_called, ledger.authorise, reference, stated), stated.token
        token = ledger.token_of(reference)
        if part == "reverse":
            return partial(_called, ledger.reverse, reference), token
        amount = msgspec.json.decode(request.body, type=AmountBody)
        if part == "capture":
            return partial(_called, ledger.capture, reference, amount), token
        return partial(_called, partial(ledger.refund, key=key), reference, amount), token

    def _hang(self) -> None:
        self.stopping.wait(self.hang)


def _called(work: Callable[..., Reply], *arguments: Any) -> Reply:  # noqa: ANN401 - the session comes last
    *stated, session = arguments
    return work(session, *stated)


def _read(environ: WSGIEnvironment) -> Request | Reply:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        return _turn_away(413, "too_large", f"A body has at most {LARGEST_BODY} bytes.")
    body = environ["wsgi.input"].read(int(length))
    return Request(str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"]), body)


def _turn_away(status: int, code: str, message: str) -> Reply:
    return Reply(status, Trouble(code, message))
