"""A server of exact bytes: it answers each connection with what a test states, however wrong that is."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

Script = Callable[[socket.socket], None]
"""What is done with one connection after its request was read."""


@dataclass
class Served:
    """A server at an address, and the requests that it read, whole."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    def parameters(self, index: int = -1) -> dict[str, str]:
        """Return what a request said, in its address and in its form together."""
        head, _, body = self.requests[index].partition(b"\r\n\r\n")
        target = head.split(b" ")[1].decode()
        return dict(parse_qsl(urlsplit(target).query)) | dict(parse_qsl(body.decode()))


def answer(content: Any, status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole answer; what is no bytes is written as JSON."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


@contextmanager
def served(*scripts: bytes | Script, certificate: Path | None = None) -> Iterator[Served]:
    """Serve: each request is answered by the next script, the last one again and again; connections are kept open."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Served(f"http{'s' if context else ''}://127.0.0.1:{listening.getsockname()[1]}")
        links: list[socket.socket] = []
        thread = threading.Thread(target=_accept, args=(listening, found, scripts, links, context), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for link in links:
                link.close()


def _accept(
    listening: socket.socket,
    found: Served,
    scripts: Sequence[bytes | Script],
    links: list[socket.socket],
    context: ssl.SSLContext | None,
) -> None:
    while True:
        try:
            link, _ = listening.accept()
        except OSError:
            return
        links.append(link)
        found.connections += 1
        threading.Thread(target=_serve, args=(link, found, scripts, context), daemon=True).start()


def _serve(
    link: socket.socket, found: Served, scripts: Sequence[bytes | Script], context: ssl.SSLContext | None
) -> None:
    try:
        link = context.wrap_socket(link, server_side=True) if context else link
        while (request := _request(link)) is not None:
            found.requests.append(request)
            script = scripts[min(len(found.requests), len(scripts)) - 1]
            if isinstance(script, bytes):
                link.sendall(script)
            else:
                script(link)
    except OSError:
        pass
    finally:
        link.close()


def _request(link: socket.socket) -> bytes | None:
    """Read one request by its stated length, None at the end of the connection."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = link.recv(65_536)
        if not more:
            return None
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    if b"ontent-" not in head:
        return None
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += link.recv(65_536)
    return head + b"\r\n\r\n" + body


def cut(content: bytes = b"") -> Script:
    """Send some bytes, or none, and end the connection."""

    def script(link: socket.socket) -> None:
        link.sendall(content)
        link.shutdown(socket.SHUT_RDWR)

    return script


def silent(seconds: float = 30.0) -> Script:
    """Say nothing at all for a while."""
    return lambda _link: time.sleep(seconds)


def trickle(content: bytes, pause: float = 0.02) -> Script:
    """Send a byte at a time."""

    def script(link: socket.socket) -> None:
        for byte in content:
            link.sendall(bytes([byte]))
            time.sleep(pause)

    return script
