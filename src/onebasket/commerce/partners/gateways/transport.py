"""One HTTP request to a partner's server within a hard deadline, for every gateway that speaks HTTP.

The deadline bounds the whole of it: connecting, the handshake of TLS, sending, and every byte that comes back, so that
a server that answers a byte at a time gains nothing. No redirect is followed, no answer is read beyond a bound.
"""

import atexit
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import HTTPException, HTTPResponse
from os import getpid
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from onebasket import __version__

LARGEST_ANSWER = 4_194_304
MOST_IDLE = 4
IDLE_SECONDS = 15.0
_LONGEST_REASON = 200


class Answered(msgspec.Struct, frozen=True):
    """What a server answered, whole; `date` is its clock, `retry_seconds` what it says about asking again."""

    status: int
    body: bytes
    date: datetime | None = None
    retry_seconds: int | None = None


class Unsent(msgspec.Struct, frozen=True):
    """The server was not reached: it has certainly not heard of the request."""

    reason: str


class Silent(msgspec.Struct, frozen=True):
    """The request went out, and no whole answer came back: whether it was done is not known."""

    reason: str


class Post(NamedTuple):
    """A request: where, what is sent, and with which headers beside the usual ones."""

    target: str
    body: bytes
    headers: Mapping[str, str]


class Server:
    """A server at an address. Connections are kept for the next request of this process where that is safe."""

    def __init__(self, url: str) -> None:
        """Read the address.

        Raises:
            ValueError: it is no http or https address.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii():
            message = f"{url[:100]!r} is no http or https address"
            raise ValueError(message)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port or (443 if self._secure else 80)
        self._shown = self._host if ":" not in self._host else f"[{self._host}]"
        self._base = parts.path.rstrip("/")

    def post(self, asked: Post, *, seconds: float, once: bool = False) -> Answered | Unsent | Silent:
        """Send a request and return the answer; `seconds` bounds the whole of it.

        `once`: on a connection of its own, and never sent again. Otherwise a kept connection may be used, and where the
        server had closed it just then, the request is sent again on a new one.
        """
        deadline = _Deadline(seconds)
        kept = None if once else _KEPT.take(self._place())
        if kept is not None:
            answer = self._exchange(kept, asked, deadline)
            if not isinstance(answer, Silent) or deadline.is_over():
                return answer
        try:
            link = self._connect(deadline)
        except (OSError, ValueError) as error:
            return Unsent(_words(error))
        return self._exchange(link, asked, deadline)

    def _place(self) -> tuple[int, bool, str, int]:
        # A process that was forked off must not write to its parent's connections.
        return getpid(), self._secure, self._host, self._port

    def _connect(self, deadline: "_Deadline") -> socket.socket:
        link = socket.create_connection((self._host, self._port), deadline.left())
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:
                link.settimeout(deadline.left())
                link = _context().wrap_socket(link, server_hostname=self._host)
        except BaseException:
            link.close()
            raise
        return link

    def _exchange(self, link: socket.socket, asked: Post, deadline: "_Deadline") -> Answered | Silent:
        keep = False
        try:
            link.settimeout(deadline.left())
            link.sendall(self._written(asked))
            response = HTTPResponse(_Incoming(link, deadline), method="POST")  # type: ignore[arg-type] # makefile is all
            with response:
                response.begin()
                body = response.read(LARGEST_ANSWER + 1)
                # What is left over, or cut off, spoils the connection for the next request.
                whole = response.isclosed() and not response.length
                keep = whole and not response.will_close
                if len(body) > LARGEST_ANSWER:
                    return Silent(f"the answer is longer than {LARGEST_ANSWER} bytes")
                if not whole and response.length:
                    return Silent(f"the answer was cut, {response.length} bytes before its end")
                return _answered(response, body)
        except (OSError, HTTPException, ValueError) as error:
            keep = False
            return Silent(_words(error))
        finally:
            if keep:
                _KEPT.put(self._place(), link)
            else:
                link.close()

    def _written(self, asked: Post) -> bytes:
        headers = {
            "Host": f"{self._shown}:{self._port}",
            "User-Agent": f"onebasket/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Length": str(len(asked.body)),
        } | dict(asked.headers)
        lines = [f"POST {self._base}{asked.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if any(letter in line for line in lines for letter in "\r\n\x00"):
            message = "a line of the request would break"
            raise ValueError(message)
        return "\r\n".join([*lines, "", ""]).encode("ascii") + asked.body


class _Deadline:
    """An instant after which nothing is waited for."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; TimeoutError when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            message = "no answer in time"
            raise TimeoutError(message)
        return left

    def is_over(self) -> bool:
        """Whether there is no time left."""
        return self._until <= time.monotonic()


class _Incoming(io.RawIOBase):
    """What comes back over a connection, each read bounded by what is left of the time."""

    def __init__(self, link: socket.socket, deadline: _Deadline) -> None:
        self._link, self._deadline = link, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the stream that an HTTP response reads; closing it leaves the connection open."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # what BufferedReader hands in
        """Fill in what has come."""
        self._link.settimeout(self._deadline.left())
        return self._link.recv_into(buffer)


class _Kept:
    """Connections that wait for the next request, each for a short while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[int, bool, str, int], list[tuple[float, socket.socket]]] = {}

    def take(self, place: tuple[int, bool, str, int]) -> socket.socket | None:
        """Return a connection that is still good, or None."""
        with self._lock:
            waiting = self._idle.get(place, [])
            while waiting:
                since, link = waiting.pop()
                if time.monotonic() - since < IDLE_SECONDS and not _has_news(link):
                    return link
                link.close()
        return None

    def put(self, place: tuple[int, bool, str, int], link: socket.socket) -> None:
        """Keep a connection whose last answer was read to its end, and close those that waited for too long."""
        now = time.monotonic()
        with self._lock:
            self._idle.setdefault(place, []).append((now, link))
            for other, waiting in list(self._idle.items()):
                while len(waiting) > MOST_IDLE or (waiting and now - waiting[0][0] >= IDLE_SECONDS):
                    waiting.pop(0)[1].close()
                if not waiting:
                    del self._idle[other]

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            for waiting in self._idle.values():
                for _, link in waiting:
                    link.close()
            self._idle.clear()


_KEPT = _Kept()
atexit.register(_KEPT.close)


def _has_news(link: socket.socket) -> bool:
    """Whether something came over a connection that should be quiet: its end, or what nobody asked for."""
    watch = select.poll()
    try:
        watch.register(link, select.POLLIN)
        return bool(watch.poll(0))
    except (OSError, ValueError):
        return True


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _answered(response: HTTPResponse, body: bytes) -> Answered:
    stated = response.headers.get("Retry-After", "")
    retry = int(stated) if stated.isascii() and stated.isdigit() and len(stated) <= 6 else None  # noqa: PLR2004 - days
    try:
        date = parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError):
        date = None
    date = date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date
    return Answered(response.status, body, date, retry)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
