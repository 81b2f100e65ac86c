"""The load driver: one process, many persistent connections, one request in flight on each.

It is run as a program of its own, so that its share of the machine is its own and can be told. Plain sockets, because a
client library would cost more than the hub that it measures.
"""

import json
import random
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Load(msgspec.Struct, frozen=True):
    """What to send: POSTs of orders with `lines` lines of different SKUs to one of the places, for so many seconds.

    With `total` it stops after so many requests, whichever comes first. `warm_up` seconds are sent but not counted.
    """

    port: int
    token: str
    skus: tuple[str, ...]
    places: tuple[str, ...]
    connections: int = 64
    lines: int = 5
    seconds: float = 10.0
    warm_up: float = 2.0
    total: int = 0
    seed: int = 1


class Outcome(msgspec.Struct, frozen=True):
    """What came back: statuses, requests a second, latency percentiles in ms, the driver's own CPU share."""

    statuses: dict[str, int]
    per_second: float
    p50: float
    p99: float
    longest: float
    seconds: float
    driver_cpu: float
    by_status: dict[str, tuple[float, float]]
    """p50 and p99 in milliseconds, by HTTP status."""


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    sent_at: float = 0.0
    buffer: bytes = b""
    needed: int = 0


@dataclass(slots=True)
class _Record:
    begins_at: float
    statuses: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)

    def add(self, status: str, sent_at: float, now: float) -> None:
        if sent_at >= self.begins_at:
            self.statuses[status] += 1
            self.times.setdefault(status, []).append((now - sent_at) * 1000)


def requests(load: Load) -> Iterator[bytes]:
    """Yield ready requests, each with a key of its own."""
    chance = random.Random(load.seed)  # noqa: S311 - a repeatable load, no secret
    stem = f"bench-{load.seed}-{time.time_ns()}"
    count = 0
    while True:
        count += 1
        picked = chance.sample(load.skus, load.lines)
        body = json.dumps(
            {
                "places": [chance.choice(load.places)],
                "lines": [{"sku": sku, "quantity": 1} for sku in picked],
                "channel": "web",
            }
        ).encode()
        yield (
            f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\nAuthorization: Bearer {load.token}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {stem}-{count}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


def drive(load: Load, source: Iterator[bytes] | None = None) -> Outcome:
    """Send until the time or the total is reached, wait for what is in flight, and sum up.

    `source` yields other requests than orders.
    """
    selector = selectors.DefaultSelector()
    source = source or requests(load)
    cpu = time.process_time()
    begins = time.perf_counter()
    record = _Record(begins + load.warm_up)
    sent = 0
    for _ in range(load.connections):
        connection = _Connection(socket.create_connection(("127.0.0.1", load.port)))
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection.sock, selectors.EVENT_READ, connection)
        _send(connection, next(source))
        sent += 1
    ends = begins + load.warm_up + load.seconds
    waiting = load.connections
    while waiting:
        for key, _ in selector.select(timeout=30):
            connection = key.data
            status = _receive(connection)
            if status is None:
                continue
            now = time.perf_counter()
            record.add(status, connection.sent_at, now)
            waiting -= 1
            if now < ends and (not load.total or sent < load.total):
                _send(connection, next(source))
                sent += 1
                waiting += 1
    elapsed = time.perf_counter() - record.begins_at
    return _sum_up(record, elapsed, (time.process_time() - cpu) / (elapsed + load.warm_up))


def _send(connection: _Connection, request: bytes) -> None:
    connection.sent_at = time.perf_counter()
    connection.buffer, connection.needed = b"", 0
    connection.sock.sendall(request)


def _receive(connection: _Connection) -> str | None:
    """Read what has come; return the status once the whole answer is there."""
    chunk = connection.sock.recv(65_536)
    if not chunk:
        raise ConnectionError("the hub closed a connection")
    buffer = connection.buffer = connection.buffer + chunk
    if not connection.needed:
        head = buffer.find(_END_OF_HEAD)
        if head < 0:
            return None
        lowered = buffer[:head].lower()
        start = lowered.find(_LENGTH)
        length = int(lowered[start + len(_LENGTH) :].split(b"\r", 1)[0]) if start >= 0 else 0
        connection.needed = head + len(_END_OF_HEAD) + length
    return buffer[9:12].decode() if len(buffer) >= connection.needed else None


def _sum_up(record: _Record, elapsed: float, cpu: float) -> Outcome:
    every = sorted(value for values in record.times.values() for value in values)
    return Outcome(
        statuses=dict(record.statuses),
        per_second=len(every) / elapsed,
        p50=percentile(every, 50),
        p99=percentile(every, 99),
        longest=every[-1] if every else 0.0,
        seconds=elapsed,
        driver_cpu=cpu,
        by_status={
            status: (percentile(sorted(values), 50), percentile(sorted(values), 99))
            for status, values in record.times.items()
        },
    )


def percentile(ordered: list[float], percent: int) -> float:
    """Return the smallest value that so many percent of the ascending values do not exceed; 0 when there is none."""
    if not ordered:
        return 0.0
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def main(arguments: list[str]) -> None:
    """Read the load from one file and write the outcome to another."""
    load: Any = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Load)
    Path(arguments[1]).write_bytes(msgspec.json.encode(drive(load)))


if __name__ == "__main__":
    main(sys.argv[1:])
