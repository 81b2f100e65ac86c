"""A small server for simulated partners: a thread a request, so that one that hangs keeps no other waiting."""

import sys
from contextlib import suppress
from socket import socket
from socketserver import ThreadingMixIn
from threading import Event
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import WSGIApplication

from onebasket.base.asked import when_asked


class NeverAnsweredError(Exception):
    """The caller gets no answer: the line is cut."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """Cut the line of a call that gets no answer; a caller that has gone is no news either."""
        if not isinstance(sys.exception(), NeverAnsweredError | ConnectionError):
            super().handle_error(request, client_address)


class _Handler(ServerHandler):
    http_version = "1.1"

    def cleanup_headers(self) -> None:
        """Say that the line ends with the answer: callers who keep lines open would send the next call into it."""
        super().cleanup_headers()
        self.headers["Connection"] = "close"  # type: ignore[attr-defined] # wsgiref has made them

    def close(self) -> None:
        """End without a word, also where nothing was answered."""
        SimpleHandler.close(self)

    def handle_error(self) -> None:
        """Let a call that gets no answer end without one."""
        if isinstance(sys.exception(), NeverAnsweredError):
            raise NeverAnsweredError
        super().handle_error()


class _Requests(WSGIRequestHandler):
    def handle(self) -> None:
        """Answer one request of a connection."""
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.parse_request():
            return
        handler = _Handler(self.rfile, self.wfile, self.get_stderr(), self.get_environ(), multithread=True)  # type: ignore[arg-type] # what wsgiref itself passes
        handler.request_handler = self  # type: ignore[attr-defined] # as wsgiref itself does
        with suppress(ConnectionError):
            handler.run(self.server.get_app())  # type: ignore[attr-defined] # a WSGI server has one

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as http.server has it
        """Say nothing: what was asked stands in the books."""


def make_threaded(host: str, port: int, application: WSGIApplication) -> WSGIServer:
    """Return the server, which listens already; port 0 takes any that is free."""
    return make_server(host, port, application, server_class=_Server, handler_class=_Requests)


def port_of(server: WSGIServer) -> int:
    """Return the port that a server listens at."""
    link: socket = server.socket
    return int(link.getsockname()[1])


def serve_until_told(server: WSGIServer, stopping: Event) -> None:
    """Serve until SIGTERM or SIGINT; `stopping` is set first, so that whoever waits in a request waits no longer."""

    def stop() -> None:
        stopping.set()
        server.shutdown()

    when_asked(stop)
    with server:
        server.serve_forever(poll_interval=0.1)
