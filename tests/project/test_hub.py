"""The hub as a process: it serves, says what browsers may do, and drains on SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import psutil
import pytest

from onebasket.project import starting

PATIENCE = 40
"""Seconds: two shared cores start slowly."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, address: str) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", address)
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


@contextmanager
def serving(command: tuple[str, ...], home: Path, url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    variables = {"ONEBASKET_ENV": "development", "ONEBASKET_HOME": str(home), "DATABASE_URL": url}
    environment = os.environ | variables | {"DJANGO_SETTINGS_MODULE": "onebasket.project.settings"}
    log = (home / "hub.log").open("wb")
    process = subprocess.Popen([*command, "hub", "--port", str(port)], env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE
        while not answers(port):
            assert process.poll() is None, (home / "hub.log").read_text(encoding="utf-8")
            assert time.monotonic() < until, (home / "hub.log").read_text(encoding="utf-8")
            time.sleep(0.1)
        yield process, port
    finally:
        log.close()
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)


def answers(port: int) -> bool:
    try:
        return get(port, "/healthz").status == 200
    except OSError:
        return False


def refused(command: tuple[str, ...], *arguments: str, home: Path, url: str) -> str:
    """Start a hub that does not start, and return the one line in which it says why."""
    variables = {"ONEBASKET_ENV": "development", "ONEBASKET_HOME": str(home), "DATABASE_URL": url}
    done = subprocess.run(
        [*command, "hub", *arguments],
        env=os.environ | variables | {"DJANGO_SETTINGS_MODULE": "onebasket.project.settings"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def test_the_hub_serves_and_ends_in_good_order(command: tuple[str, ...], home: Path, spare_database_url: str) -> None:
    with serving(command, home, spare_database_url) as (process, port):
        page = get(port, "/")
        assert set(page.headers["Content-Security-Policy"].split("; ")) == {
            "default-src 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        }
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in page.headers["Permissions-Policy"]

        assert get(port, "/healthz").headers["Content-Security-Policy"].startswith("default-src 'none'")

        desk = get(port, "/desk/").headers["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval'" in desk
        assert "default-src 'self'" in desk
        assert "unsafe" not in get(port, "/deskless").headers["Content-Security-Policy"]

        static = get(port, "/static/django_htmx/htmx-2.min.js")
        assert (static.status, static.headers["Content-Type"]) == (200, 'text/javascript; charset="utf-8"')

        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert not answers(port)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems leave this to the supervisor")
def test_a_killed_hub_leaves_no_process_serving(command: tuple[str, ...], home: Path, spare_database_url: str) -> None:
    with serving(command, home, spare_database_url) as (process, port):
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.kill()
        process.wait(PATIENCE)
        _, alive = psutil.wait_procs(children, timeout=10)
        for child in alive:
            child.kill()
        assert alive == []
        assert not answers(port)


def test_a_second_hub_starts_neither_on_the_port_nor_on_the_sqlite_file(
    command: tuple[str, ...], home: Path, spare_database_url: str
) -> None:
    with serving(command, home, spare_database_url) as (_, port):
        line = refused(command, "--port", str(port), home=home, url=spare_database_url)
        assert line == (
            f"The hub cannot listen at 127.0.0.1, port {port}: Address already in use. Stop what listens there, or "
            "choose another with --host and --port."
        )
        if spare_database_url.startswith("sqlite"):
            line = refused(command, "--port", str(free_port()), home=home, url=spare_database_url)
            assert line.startswith("Another hub serves this SQLite file, which has one hub.")
            assert "Another hub decides for this SQLite file" in deciding_beside(home, spare_database_url)


def deciding_beside(home: Path, url: str) -> str:
    """Start a second committer, as a hub would that started in the very moment of the first; return why it ended."""
    told = {"ONEBASKET_ENV": "test", "ONEBASKET_HOME": str(home), "DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "onebasket.project.committer", str(home / "second"), str(os.getpid())],
        env=os.environ | told | {"DJANGO_SETTINGS_MODULE": "onebasket.project.settings"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_a_hub_that_leaves_and_one_who_only_looks_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([True, True, False])
    monkeypatch.setattr(starting, "hub_is_serving", lambda: next(seen))
    starting.require_file_without_hub()
    assert list(seen) == []


def test_what_is_no_certificate_with_its_key_is_named(
    command: tuple[str, ...], home: Path, tmp_path: Path, spare_database_url: str
) -> None:
    receipt = tmp_path / "r.xml"
    receipt.write_text("<receipt/>", encoding="utf-8")
    line = refused(command, "--certificate", str(receipt), "--key", str(receipt), home=home, url=spare_database_url)
    assert line == (
        f"{receipt} and {receipt} cannot be used. Name a certificate and its private key, both PEM, the key without "
        "a password."
    )
