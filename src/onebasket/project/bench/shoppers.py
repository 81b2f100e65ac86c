"""The shoppers' driver: so many guests at once, each from an empty basket to a placed order, over `/api/v1`.

Anyone can run it against a hub of his own: `python -m onebasket.project.bench.shoppers GIVEN.json OUTCOME.json`. One
request for each line that is added, as a shop front does; the next request is sent when the last was answered.
"""

import random
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from onebasket.project.bench.driver import percentile

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Shopping(msgspec.Struct, frozen=True):
    """What guests do: `lines` of the SKUs, a slot of the place, checkout; `shoppers` at once, for so many seconds.

    `slots` are collection slots by place; without any, none is chosen. With `total` it ends after so many flows.
    """

    port: int
    token: str
    skus: tuple[str, ...]
    places: tuple[str, ...]
    slots: dict[str, tuple[int, ...]] = {}
    shoppers: int = 16
    lines: int = 5
    seconds: float = 20.0
    warm_up: float = 2.0
    total: int = 0
    seed: int = 1


class Shopped(msgspec.Struct, frozen=True):
    """What came of it: orders a second, how long a flow took and each of its requests, and how flows ended."""

    orders: int
    per_second: float
    p50: float
    p99: float
    longest: float
    requests_per_order: float
    requests_per_second: float
    ends: dict[str, int]
    by_request: dict[str, tuple[float, float]]
    driver_cpu: float


class Answer(msgspec.Struct, frozen=True):
    """A status and a parsed body."""

    status: int
    body: Any


class Request(msgspec.Struct, frozen=True):
    """What a shopper sends next; `name` is how it is told in the outcome."""

    name: str
    method: str
    path: str
    body: object = None


Flow = Generator[Request, Answer, str]
"""A shopper: yields requests, is sent their answers, and returns how it ended."""


def flow(chance: random.Random, wanted: Shopping) -> Flow:
    """Be one guest: open a basket, add lines one by one, choose a slot, look at the total, place the order."""
    place = chance.choice(wanted.places)
    answer = yield Request("open", "POST", "baskets", {"place": place})
    if answer.status != 201:  # noqa: PLR2004 - Created
        return f"open {answer.status}"
    basket = answer.body["id"]
    for sku in chance.sample(wanted.skus, wanted.lines):
        answer = yield Request("add a line", "PUT", f"baskets/{basket}/lines/{sku}", {"quantity": 1})
        if answer.status != 200:  # noqa: PLR2004 - OK
            return f"add {answer.status}"
    for slot in _tries(chance, wanted.slots.get(place, ())):
        answer = yield Request("choose a slot", "PUT", f"baskets/{basket}/slot", {"slot": slot})
        if answer.status == 200:  # noqa: PLR2004 - OK
            break
    answer = yield Request("see the total", "GET", f"baskets/{basket}")
    if answer.status != 200:  # noqa: PLR2004 - OK
        return f"see {answer.status}"
    stated = {
        "version": answer.body["basket"]["version"],
        "expected_total": answer.body["priced"]["total"],
        "contact": {"name": "Guest", "email": "guest@example.org"},
    }
    answer = yield Request("check out", "POST", f"baskets/{basket}/checkout", stated)
    if answer.status == 201:  # noqa: PLR2004 - Created
        return "placed"
    return str(answer.body.get("code", answer.status))


def _tries(chance: random.Random, slots: Sequence[int]) -> list[int]:
    return chance.sample(slots, min(3, len(slots)))


@dataclass(slots=True)
class _Shopper:
    sock: socket.socket
    flow: Flow
    began: float = 0.0
    name: str = ""
    sent_at: float = 0.0
    buffer: bytes = b""
    head: int = 0
    needed: int = 0


@dataclass(slots=True)
class _Record:
    begins_at: float
    flows: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)


class Driver:
    """Sends what shoppers yield, on a persistent connection each."""

    def __init__(self, wanted: Shopping) -> None:
        self._wanted = wanted
        self._chance = random.Random(wanted.seed)  # noqa: S311 - a repeatable load, no secret
        self._stem = f"shop-{wanted.seed}-{time.time_ns()}"
        self._sent = self._begun = 0
        self._record = _Record(time.perf_counter() + wanted.warm_up)
        self._ends_at = self._record.begins_at + wanted.seconds

    def run(self) -> Shopped:
        """Shop until the time is over or enough have, and let those under way come to their end."""
        selector = selectors.DefaultSelector()
        cpu, begins = time.process_time(), time.perf_counter()
        for _ in range(self._wanted.shoppers):
            sock = socket.create_connection(("127.0.0.1", self._wanted.port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            shopper = _Shopper(sock, flow(self._chance, self._wanted))
            selector.register(sock, selectors.EVENT_READ, shopper)
            self._begin(shopper)
        while selector.get_map():
            for key, _ in selector.select(timeout=60):
                if (answer := _receive(key.data)) is not None and not self._go_on(key.data, answer):
                    selector.unregister(key.data.sock)
        elapsed = time.perf_counter() - begins
        return self._sum_up((time.process_time() - cpu) / elapsed)

    def _begin(self, shopper: _Shopper) -> None:
        self._begun += 1
        shopper.began = time.perf_counter()
        self._send(shopper, next(shopper.flow))

    def _go_on(self, shopper: _Shopper, answer: Answer) -> bool:
        """Take an answer to the shopper; whether anything more is to be heard on this connection."""
        now = time.perf_counter()
        counts = shopper.began >= self._record.begins_at
        if counts:
            self._record.requests += 1
            self._record.times.setdefault(shopper.name, []).append((now - shopper.sent_at) * 1000)
        try:
            self._send(shopper, shopper.flow.send(answer))
        except StopIteration as ended:
            if counts:
                self._record.ends[str(ended.value)] += 1
                self._record.flows.append((now - shopper.began) * 1000)
            if now >= self._ends_at or self._begun == self._wanted.total:
                return False
            shopper.flow = flow(self._chance, self._wanted)
            self._begin(shopper)
        return True

    def _send(self, shopper: _Shopper, request: Request) -> None:
        self._sent += 1
        body = b"" if request.body is None else msgspec.json.encode(request.body)
        key = f"Idempotency-Key: {self._stem}-{self._sent}\r\n" if request.method != "GET" else ""
        head = (
            f"{request.method} /api/v1/{request.path} HTTP/1.1\r\nHost: 127.0.0.1:{self._wanted.port}\r\n"
            f"Authorization: Bearer {self._wanted.token}\r\n{key}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        shopper.name, shopper.buffer, shopper.needed = request.name, b"", 0
        shopper.sent_at = time.perf_counter()
        shopper.sock.sendall(head.encode() + body)

    def _sum_up(self, cpu: float) -> Shopped:
        record = self._record
        elapsed = time.perf_counter() - record.begins_at
        placed = record.ends["placed"]
        flows = sorted(record.flows)
        return Shopped(
            orders=placed,
            per_second=placed / elapsed,
            p50=percentile(flows, 50),
            p99=percentile(flows, 99),
            longest=flows[-1] if flows else 0.0,
            requests_per_order=record.requests / max(1, len(flows)),
            requests_per_second=record.requests / elapsed,
            ends=dict(record.ends),
            by_request={
                name: (percentile(sorted(times), 50), percentile(sorted(times), 99))
                for name, times in record.times.items()
            },
            driver_cpu=cpu,
        )


def _receive(shopper: _Shopper) -> Answer | None:
    """Read what has come; return the answer once all of it is there."""
    chunk = shopper.sock.recv(65_536)
    if not chunk:
        raise ConnectionError("the hub closed a connection")
    buffer = shopper.buffer = shopper.buffer + chunk
    if not shopper.needed:
        head = buffer.find(_END_OF_HEAD)
        if head < 0:
            return None
        lowered = buffer[:head].lower()
        start = lowered.find(_LENGTH)
        length = int(lowered[start + len(_LENGTH) :].split(b"\r", 1)[0]) if start >= 0 else 0
        shopper.head = head + len(_END_OF_HEAD)
        shopper.needed = shopper.head + length
    if len(buffer) < shopper.needed:
        return None
    body = buffer[shopper.head : shopper.needed]
    return Answer(int(buffer[9:12]), msgspec.json.decode(body) if body else None)


def main(arguments: list[str]) -> None:
    """Read what to do from one file and write what came of it to another."""
    wanted = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Shopping)
    Path(arguments[1]).write_bytes(msgspec.json.encode(Driver(wanted).run()))


if __name__ == "__main__":
    main(sys.argv[1:])
