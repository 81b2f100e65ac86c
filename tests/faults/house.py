"""A hub as processes of its own on one database: started, killed, asked, and its rows read past it."""

import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import psycopg

from tests.faults.stocking import OPENING
from tests.forking import run

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
"""Seconds: two shared cores start slowly."""
SETTINGS = "onebasket.project.settings"
ENGINE_SCHEME = "sqlite:///"


class Answer(NamedTuple):
    """What a hub answered: the status, the JSON, and after how many seconds to come again ("" where it did not say)."""

    status: int
    json: Any
    retry_after: str = ""


class Line:
    """One connection to a hub, opened with the first request and kept for the next."""

    def __init__(self, port: int, token: str, *, timeout: float = PATIENCE) -> None:
        self._token = token
        self._connection = HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(self, method: str, path: str, body: object = None, key: str = "") -> Answer:
        """Send a request; OSError or HTTPException where no answer came."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        target = path if path.startswith("/") else f"/api/v1/{path}"
        self._connection.request(method, target, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        text = response.read()
        return Answer(response.status, json.loads(text) if text else None, response.headers.get("Retry-After", ""))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@dataclass
class House:
    """A database with a small chain on it, and the hub that serves it; on PostgreSQL a worker beside it."""

    command: tuple[str, ...]
    url: str
    home: Path
    settings: str = SETTINGS
    token: str = ""
    port: int = 0
    family: list[psutil.Process] = field(default_factory=list)

    @property
    def on_sqlite(self) -> bool:
        return self.url.startswith(ENGINE_SCHEME)

    @property
    def file(self) -> Path:
        """SQLite's file."""
        return Path(self.url.removeprefix(ENGINE_SCHEME))

    @property
    def environment(self) -> dict[str, str]:
        told = {"ONEBASKET_ENV": "test", "ONEBASKET_LOG_LEVEL": "WARNING", "ONEBASKET_HOME": str(self.home)}
        return os.environ | told | {"DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": self.settings}

    def stock(self) -> None:
        """Make the chain and a token, in a process of its own."""
        self.token = run("tests.faults.stocking", env=self.environment).split()[-1]

    def start(self, *, worker: bool = True, ready: bool = True, arguments: Sequence[str] = ()) -> None:
        """Start the hub, and on PostgreSQL the worker, and wait until it is ready, or do not."""
        self.port = free_port()
        self.family = [self._run("hub", "--port", str(self.port), "--no-migrate", *arguments)]
        if worker and not self.on_sqlite:
            self.family.append(self._run("worker"))
        if ready:
            self.wait_until(lambda: self.probe("/readyz") == 200)

    def children(self) -> list[psutil.Process]:
        """The processes that the hub has started."""
        found: list[psutil.Process] = self.family[0].children(recursive=True)
        return found

    def everything(self) -> list[psutil.Process]:
        """Every process of the house: the hub, what it started, the worker."""
        return [*self.family, *(self.children() if self.family and self.family[0].is_running() else [])]

    def end(self) -> None:
        """Kill every process that was started here, whatever state it is in."""
        kill(self.everything())
        self.family = []

    def line(self, *, timeout: float = PATIENCE) -> Line:
        return Line(self.port, self.token, timeout=timeout)

    def ask(self, method: str, path: str, body: object = None, key: str = "") -> Answer:
        """Send one request over a connection of its own."""
        line = self.line()
        try:
            return line.ask(method, path, body, key)
        finally:
            line.close()

    def probe(self, path: str) -> int:
        """Return the status of a page for probes, 0 where nobody answers."""
        line = self.line(timeout=15)
        try:
            return line.ask("GET", path).status
        except (OSError, HTTPException):
            return 0
        finally:
            line.close()

    def every(self, path: str) -> list[Any]:
        """Return all rows of a list, page by page."""
        found: list[Any] = []
        following: str | None = f"/api/v1/{path}?limit=500"
        while following:
            page = self.ask("GET", following)
            assert page.status == 200, page
            found += page.json["items"]
            following = page.json["next"]
        return found

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement past the hub; UUIDs come as their 32 digits on both databases."""
        if self.on_sqlite:
            with closing(sqlite3.connect(self.file, timeout=PATIENCE)) as session, session:
                return list(session.execute(sql).fetchall())
        with psycopg.connect(self.url) as server:
            cursor = server.execute(sql.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def audit(self) -> dict[str, int]:
        """Prove everything from the rows, by the real command, and return each check's figure."""
        findings = json.loads(run("onebasket.project", "audit", "--json", env=self.environment))["findings"]
        assert [finding for finding in findings if finding["differences"]] == []
        return {finding["check"]: finding["figure"] for finding in findings}

    def wait_until(self, comes: Callable[[], bool], *, seconds: float = PATIENCE) -> float:
        """Wait for something while the hub lives; return how many seconds it took."""
        begun = time.monotonic()
        while not comes():
            assert self.family[0].is_running(), self.said()
            assert time.monotonic() < begun + seconds, self.said()
            time.sleep(0.03)
        return time.monotonic() - begun

    def said(self) -> str:
        """Return what the processes wrote, the last of it."""
        return "\n".join(log.read_text(encoding="utf-8")[-3_000:] for log in sorted(self.home.glob("*.log")))

    def _run(self, *arguments: str) -> psutil.Process:
        with (self.home / f"{arguments[0]}.log").open("ab") as log:
            command = [*self.command, *arguments]
            return psutil.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)


def open_house(command: tuple[str, ...], url: str, home: Path, *, settings: str = SETTINGS) -> House:
    """Return a house whose chain is there; its hub is yet to be started."""
    home.mkdir(exist_ok=True)
    house = House(command, url, home, settings)
    house.stock()
    return house


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def opening(sku: str) -> int:
    """What the chain began with."""
    return OPENING[sku]


def kill(processes: Sequence[psutil.Process]) -> None:
    """Kill processes in this order, and wait until they have ended."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    until = time.monotonic() + PATIENCE
    while any(has_not_ended(process) for process in processes):
        assert time.monotonic() < until, processes
        time.sleep(0.01)
    for process in processes:
        if isinstance(process, psutil.Popen):
            process.wait()


def has_not_ended(process: psutil.Process) -> bool:
    """Whether it runs; what nobody has asked for its status yet has ended all the same."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
