"""Sends messages to the hub as a relay or a web shop does: over HTTP, again with the same key until answered."""

import json
import threading
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple

import msgspec

TIMEOUT_SECONDS = 40
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class Answer(NamedTuple):
    """What the hub answered: the HTTP status and the JSON body (a problem where it refused)."""

    status: int
    body: Any


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """The process was asked to stop while it was waiting for the hub."""


class HubLine:
    """One connection to the hub, made again when it is lost; not safe for threads."""

    def __init__(self, port: int, *, token: str, stop: threading.Event) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._stop = stop
        self.retries = 0

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def post(self, address: str, content: object, *, key: str = "") -> Answer:
        """Send a message until the hub has answered it; the same bytes and key at every try.

        Raises:
            Stopped: the process is to stop before there was an answer.
        """
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        return self._until_answered("POST", address, msgspec.json.encode(content), headers)

    def get(self, address: str) -> Answer:
        """Ask until the hub has answered."""
        return self._until_answered("GET", address, None, self._headers)

    def _until_answered(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        pause = _FIRST_PAUSE
        while True:
            try:
                answer, wait = self._once(method, address, body, headers)
            except (OSError, HTTPException):
                self._connection.close()
            else:
                if answer.status not in _AGAIN:
                    return answer
                pause = max(pause, wait)
            self.retries += 1
            if self._stop.wait(pause):
                raise Stopped
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _once(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> tuple[Answer, float]:
        self._connection.request(method, address, body, headers)
        response = self._connection.getresponse()
        raw = response.read()
        after = response.getheader("Retry-After") or ""
        return Answer(response.status, json.loads(raw) if raw else None), float(after) if after.isdecimal() else 0.0
