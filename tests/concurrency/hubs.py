"""Real hub processes on one spare database, and how a till or a shop talks to them: over HTTP, with retries."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple, Self

from onebasket.commerce.access.rules import SCOPES

PATIENCE = 40
"""Seconds: two shared cores start slowly."""
LONGEST_WAIT = 60
"""Seconds that a sender goes on after "busy": a hub says when to come again."""
BUSY = 503


class Answer(NamedTuple):
    """What a hub answered: the status, and the JSON (None where there is none)."""

    status: int
    json: Any

    @property
    def said(self) -> str:
        """The answer in one line, for comparing."""
        return f"{self.status} {json.dumps(self.json, sort_keys=True)}"

    @property
    def results(self) -> list[Any]:
        return [item["result"] for item in self.json["results"]]


@dataclass
class Sender:
    """One connection to one hub."""

    port: int
    token: str
    busy: int = 0
    connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=LONGEST_WAIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, method: str, path: str, body: object = None, key: str = "") -> Answer:
        """Send a request; where the hub is busy, again with the same key once the time that it names is over."""
        until = time.monotonic() + LONGEST_WAIT
        while True:
            answer, wait = self._send(method, path, body, key)
            if answer.status != BUSY:
                return answer
            assert wait.isdecimal(), f"503 without Retry-After: {answer.json}"
            assert time.monotonic() < until, answer.json
            self.busy += 1
            time.sleep(int(wait))

    def _send(self, method: str, path: str, body: object, key: str) -> tuple[Answer, str]:
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        content = None if body is None else json.dumps(body)
        self.connection.request(method, f"/api/v1/{path}", content, headers)
        response = self.connection.getresponse()
        text = response.read()
        answer = Answer(response.status, json.loads(text) if text else None)
        assert answer.status < 500 or answer.status == BUSY, answer
        return answer, response.headers.get("Retry-After", "")


@dataclass(frozen=True)
class Hubs:
    """Hubs that serve one database, and the token of a shop that may do everything everywhere."""

    url: str
    ports: Sequence[int]
    token: str
    program: Callable[..., str]

    def sender(self, number: int) -> Sender:
        """Return a connection of its own, to one hub after the other."""
        return Sender(self.ports[number % len(self.ports)], self.token)

    def send(self, method: str, path: str, body: object = None, key: str = "") -> Answer:
        with self.sender(0) as sender:
            return sender.send(method, path, body, key)

    def get(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def audit(self) -> dict[str, int]:
        """Prove everything from the rows, by the real command, and return each check's figure."""
        told = json.loads(self.program("audit", "--json", DATABASE_URL=self.url))
        assert [finding for finding in told["findings"] if finding["differences"]] == []
        return {finding["check"]: finding["figure"] for finding in told["findings"]}


@contextmanager
def serving(
    command: tuple[str, ...], program: Callable[..., str], *, url: str, home: Path, count: int
) -> Iterator[Hubs]:
    """Run so many hubs on a migrated database, and leave nothing behind."""
    hubs = [_Hub(command, home / f"{number}", url) for number in range(count)]
    try:
        token = _token(program, url)
        for hub in hubs:
            hub.await_serving()
        yield Hubs(url, [hub.port for hub in hubs], token, program)
    finally:
        for hub in hubs:
            hub.process.send_signal(signal.SIGTERM)
        for hub in hubs:
            hub.await_end()


@contextmanager
def working(command: tuple[str, ...], *, url: str, home: Path) -> Iterator[None]:
    """Run `onebasket worker` beside the hubs, as is done on PostgreSQL: it hears of orders and settles what is paid."""
    variables = {"ONEBASKET_ENV": "test", "ONEBASKET_HOME": str(home), "DATABASE_URL": url}
    environment = os.environ | variables | {"DJANGO_SETTINGS_MODULE": "onebasket.project.settings"}
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen([*command, "worker"], env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        _await_end(process)


def _token(program: Callable[..., str], url: str) -> str:
    program("source", "enrol", "shop", DATABASE_URL=url)
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    issued = program("token", "issue", "--source", "shop", "--name", "t", *scopes, "--place", "*", DATABASE_URL=url)
    return issued.strip()


class _Hub:
    """A hub as a process of its own."""

    def __init__(self, command: tuple[str, ...], home: Path, url: str) -> None:
        home.mkdir()
        self.port = _free_port()
        self.log = home / "hub.log"
        variables = {"ONEBASKET_ENV": "test", "ONEBASKET_HOME": str(home), "DATABASE_URL": url}
        environment = os.environ | variables | {"DJANGO_SETTINGS_MODULE": "onebasket.project.settings"}
        arguments = [*command, "hub", "--port", str(self.port), "--no-migrate"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log)

    def await_serving(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self._is_ready():
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < until, self.log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def await_end(self) -> None:
        _await_end(self.process)

    def _is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def _await_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
