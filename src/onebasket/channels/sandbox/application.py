"""The sandbox over HTTP: the platform's entrances, the shop's pages, and control, in one application (WSGI)."""

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from threading import Event, Thread
from wsgiref.types import StartResponse, WSGIEnvironment

from onebasket.channels.sandbox.answering import House
from onebasket.channels.sandbox.commissions import act, due_lines
from onebasket.channels.sandbox.control import Control
from onebasket.channels.sandbox.control_page import ControlPage
from onebasket.channels.sandbox.gate import LARGEST_BODY, REST, ROUTER, SYNC, Request
from onebasket.channels.sandbox.methods import Platform
from onebasket.channels.sandbox.orders import due_orders, step
from onebasket.channels.sandbox.pushing import Pusher
from onebasket.channels.sandbox.shop import Shop
from onebasket.channels.sandbox.web import HEADERS, JSON, Page

_PACE_SECONDS = 0.1
_VERBS = frozenset({"GET", "POST", "DELETE", "HEAD"})


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The application."""

    platform: Platform
    shop: Shop
    control: Control
    control_page: ControlPage

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        answered = self._answer(environ)
        length = ("Content-Length", str(len(answered.body)))
        headers = [("Content-Type", answered.kind), length, *HEADERS, *answered.headers]
        start_response(f"{answered.status} {HTTPStatus(answered.status).phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answered.body]

    def _answer(self, environ: WSGIEnvironment) -> Page:
        length = str(environ.get("CONTENT_LENGTH") or "0")
        verb, path = str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"])
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            return Page(b"A body has at most 262144 bytes.", 413, "text/plain")
        if verb not in _VERBS:
            return Page(b"", 405, "text/plain")
        body = environ["wsgi.input"].read(int(length)) if int(length) else b""
        kind = str(environ.get("CONTENT_TYPE") or "")
        request = Request("GET" if verb == "HEAD" else verb, path, str(environ.get("QUERY_STRING", "")), body, kind)
        if path in {ROUTER, SYNC} or path.startswith(f"{REST}/"):
            reply = self.platform.answer(request)
            return Page(reply.body, reply.status, JSON)
        if path.rstrip("/") == "/control":
            return self.control_page.answer(request, _cookies(environ), str(environ.get("HTTP_ORIGIN", "")))
        if path.startswith("/control/"):
            reply = self.control.answer(request, str(environ.get("HTTP_AUTHORIZATION", "")))
            return Page(reply.body, reply.status, JSON)
        return self.shop.answer(request)


def _cookies(environ: WSGIEnvironment) -> dict[str, str]:
    try:
        return {name: one.value for name, one in SimpleCookie(str(environ.get("HTTP_COOKIE", ""))).items()}
    except CookieError:
        return {}


def keep_pace(platform: Platform, stopping: Event) -> None:
    """Let orders and commission lines take the steps that are due, until stopped."""
    while not stopping.wait(_PACE_SECONDS):
        with suppress(sqlite3.OperationalError):  # somebody writes for long: what is due stays due
            _take_steps(platform.house)


def _take_steps(house: House) -> None:
    with house.books.reading() as session:
        orders, lines = due_orders(session), due_lines(session)
    if not orders and not lines:
        return
    with house.books.writing() as session:
        for key in orders:
            step(session, house, key)
        for line, wanted in lines:
            act(session, house, line, wanted)


def start_beside(platform: Platform, pusher: Pusher | None) -> list[Thread]:
    """Start what runs beside the requests: statuses by time, and pushes."""
    threads = []
    if platform.house.pace or platform.house.commission_pace:
        threads.append(Thread(target=keep_pace, args=[platform, platform.stopping], daemon=True))
    if pusher is not None:
        threads.append(Thread(target=pusher.run, daemon=True))
    for thread in threads:
        thread.start()
    return threads
