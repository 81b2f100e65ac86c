"""The card provider over HTTP: one signed request a call, within a deadline, following no redirect."""

import json
import socket
import ssl
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Timer
from urllib.parse import urlsplit

import msgspec
from django.conf import settings

from onebasket import __version__
from onebasket.commerce.payments.rules.port import Answer, Call, CardPort, CardState, Lost, NeverHeard, NotDone, Told
from onebasket.commerce.payments.rules.wire import KEY, SIGNATURE, Request, Trouble, request_of, signed

LARGEST_ANSWER = 65_536
_TURNED_AWAY = frozenset({400, 401, 403, 413, 415, 422, 429})
"""Statuses by which a provider says that it has not taken the request in."""


def card_port() -> CardPort | None:
    """Return the provider that the settings name, or None: then no card is taken."""
    return HttpPort(settings.CARD_URL, settings.CARD_SECRET) if settings.CARD_URL else None


class HttpPort:
    """A provider at an address."""

    def __init__(self, url: str, secret: str) -> None:
        """Keep the address and the secret that is shared with the provider."""
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._base = parts.path.rstrip("/")
        self._secret = secret

    def perform(self, call: Call, *, token: str = "", seconds: float) -> Answer:
        """Make the call; `seconds` bounds the whole of it."""
        request = request_of(call, token)
        link = self._link(seconds)
        try:
            link.connect()
        except OSError as error:
            return NotDone(f"{type(error).__name__}: {error}")
        # A provider that answers a byte at a time would never run into the socket's own time-out.
        cut = Timer(seconds, _shut, (link,))
        cut.daemon = True
        cut.start()
        try:
            return self._ask(link, request, call.key)
        except (OSError, HTTPException, ValueError) as error:
            return Lost(f"{type(error).__name__}: {error}")
        finally:
            cut.cancel()
            link.close()

    def _link(self, seconds: float) -> HTTPConnection:
        if self._secure:
            return HTTPSConnection(self._host, self._port, timeout=seconds, context=ssl.create_default_context())
        return HTTPConnection(self._host, self._port, timeout=seconds)

    def _ask(self, link: HTTPConnection, request: Request, key: str) -> Answer:
        headers = {
            SIGNATURE: signed(self._secret, request, key=key, at=int(time.time())),
            "Content-Type": "application/json",
            "User-Agent": f"onebasket/{__version__}",
        } | ({KEY: key} if key else {})
        link.request(request.method, self._base + request.path, body=request.body or None, headers=headers)
        response = link.getresponse()
        return _understood(response, response.read(LARGEST_ANSWER + 1))


def _understood(response: HTTPResponse, body: bytes) -> Answer:
    status = response.status
    if status in _TURNED_AWAY:
        return NotDone(f"answered {status}: {_reason(body)}")
    try:
        if len(body) <= LARGEST_ANSWER and (answer := _ANSWERS.get(status)):
            return answer(body)
    except msgspec.MsgspecError as error:
        return Lost(f"answered {status} with what is not understood: {error}")
    return Lost(f"answered {status}")


def _done(body: bytes) -> Answer:
    return Told(msgspec.json.decode(body, type=CardState))


def _never_heard(body: bytes) -> Answer:
    msgspec.json.decode(body, type=Trouble)  # another server's 404 says nothing about our reference
    return NeverHeard()


def _not_accepted(body: bytes) -> Answer:
    state = msgspec.json.decode(body, type=Trouble).state
    return Lost(f"answered 409: {_reason(body)}") if state is None else Told(state, accepted=False)


_ANSWERS: dict[int, Callable[[bytes], Answer]] = {200: _done, 404: _never_heard, 409: _not_accepted}


def _reason(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Trouble).code
    except msgspec.MsgspecError:
        return json.dumps(body[:80].decode("utf-8", "replace"))


def _shut(link: HTTPConnection) -> None:
    if link.sock is not None:
        try:
            link.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
