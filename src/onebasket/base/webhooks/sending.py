"""One delivery over HTTP: to the address resolved, within a deadline, following no redirect."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer

from onebasket import __version__
from onebasket.base.webhooks.addresses import Target, UnfitAddressError, parse, resolve

LONGEST_ERROR = 300
_REDIRECTS = range(300, 400)
_SUCCESSES = range(200, 300)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a delivery: empty `error` is success; `reached` says whether anybody answered."""

    error: str = ""
    reached: bool = True


def send(url: str, *, headers: Mapping[str, str], body: str, timeout: float, private: bool) -> Sent:
    """Post the body; `timeout` in seconds bounds each wait, and twice as long the whole. Never raises."""
    try:
        target = parse(url, private=private)
        addresses = resolve(target, private=private)
        status = _post(target, addresses, headers=headers, body=body.encode(), timeout=timeout)
    except UnfitAddressError as error:
        return Sent(str(error)[:LONGEST_ERROR], reached=False)
    except (OSError, HTTPException, ValueError) as error:
        return Sent(f"{type(error).__name__}: {error}"[:LONGEST_ERROR], reached=False)
    if status in _SUCCESSES:
        return Sent()
    if status in _REDIRECTS:
        return Sent(f"answered {status}: redirects are not followed, register the new address")
    return Sent(f"answered {status}")


def _post(target: Target, addresses: Sequence[str], *, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
    connection = _connection(target, addresses, timeout)
    connection.connect()
    # A receiver that answers a byte at a time would never run into the socket's own time-out.
    cut = Timer(2 * timeout, _shut, (connection,))
    cut.daemon = True
    cut.start()
    try:
        stated = {"content-type": "application/cloudevents+json", "user-agent": f"onebasket/{__version__}", **headers}
        connection.request("POST", target.path, body=body, headers=stated)
        return connection.getresponse().status
    finally:
        cut.cancel()
        connection.close()


def _connection(target: Target, addresses: Sequence[str], timeout: float) -> HTTPConnection:
    kind = _PinnedTls if target.secure else _Pinned
    return kind(target.host, target.port, addresses=addresses, timeout=timeout)


def _open(addresses: Sequence[str], port: int, timeout: float | None) -> socket.socket:
    """Connect to the first address, else to the last: a host may have one of each family, and only one be reached."""
    try:
        return socket.create_connection((addresses[0], port), timeout)
    except OSError:
        if len(set(addresses)) == 1:
            raise
    return socket.create_connection((addresses[-1], port), timeout)


class _Pinned(HTTPConnection):
    """Connects to an address that was checked; asking the resolver again could get another answer."""

    def __init__(self, host: str, port: int, *, addresses: Sequence[str], timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._addresses = addresses

    def connect(self) -> None:
        """Open the socket."""
        self.sock = _open(self._addresses, self.port, self.timeout)


class _PinnedTls(HTTPSConnection):
    """The same with TLS: the certificate is checked against the name."""

    def __init__(self, host: str, port: int, *, addresses: Sequence[str], timeout: float) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=timeout, context=self._tls)
        self._addresses = addresses

    def connect(self) -> None:
        """Open the socket and shake hands."""
        raw = _open(self._addresses, self.port, self.timeout)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)


def _shut(connection: HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
