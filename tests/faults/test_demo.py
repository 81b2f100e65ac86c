"""The demo as a process: killed while loading, started again, stopped, killed outright. One installation, in order."""

import json
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.conftest import SpareDatabases
from tests.forking import run

PATIENCE = 100
"""Seconds: two shared cores load slowly."""
HISTORY = 198
"""Receipts of the three busiest stores in the seven days before 2017-12-23 and on it until eleven."""
pytestmark = pytest.mark.timeout(300)


class Installation:
    """A folder and database for one demo, and what of it can be looked at from outside."""

    def __init__(self, folder: Path, url: str, command: tuple[str, ...]) -> None:
        self.folder = folder
        self.said = folder / "said.txt"
        self._url = url
        self._command = command

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ONEBASKET_")}
        return inherited | {"DATABASE_URL": self._url, "ONEBASKET_HOME": str(self.folder), "ONEBASKET_ENV": "demo"}

    @contextmanager
    def running(self, *options: str) -> Iterator[psutil.Popen]:
        """Start the demo on a free port, and leave nothing behind."""
        command = [*self._command, "demo", "--port", str(free_port()), "--speed", "3000", *options]
        with self.said.open("wb") as said:
            demo = psutil.Popen(command, env=self.environment, stdout=said, stderr=said)
        family: list[psutil.Process] = []
        try:
            yield demo
        finally:
            if demo.is_running() and demo.status() != psutil.STATUS_ZOMBIE:
                family = [demo, *demo.children(recursive=True)]
            for process in family:
                with_grace(process.kill)
            demo.wait(PATIENCE)

    def kept(self, name: str) -> dict[str, object]:
        path = self.folder / "demo" / name
        return dict(json.loads(path.read_bytes())) if path.is_file() else {}

    def audit(self) -> dict[str, int]:
        """Prove everything from the rows and return each check's figure."""
        told = self.environment | {"DJANGO_SETTINGS_MODULE": "onebasket.project.settings"}
        findings = json.loads(run("onebasket.project", "audit", "--json", env=told))["findings"]
        assert [finding for finding in findings if finding["differences"]] == []
        return {finding["check"]: finding["figure"] for finding in findings}

    def await_said(self, words: str, demo: psutil.Popen) -> None:
        self.wait_until(lambda: words in self.said.read_text(encoding="utf-8"), demo)

    def wait_until(self, comes: Callable[[], bool], demo: psutil.Popen) -> None:
        until = time.monotonic() + PATIENCE
        while not comes():
            assert demo.poll() is None, self.said.read_text(encoding="utf-8")
            assert time.monotonic() < until, self.said.read_text(encoding="utf-8")
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_grace(act: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        act()


def whole(value: object) -> int:
    assert isinstance(value, int)
    return value


@pytest.fixture(scope="module")
def installation(
    spare_databases: SpareDatabases, tmp_path_factory: pytest.TempPathFactory, command: tuple[str, ...]
) -> Installation:
    return Installation(tmp_path_factory.mktemp("demo"), spare_databases.copy(), command)


@pytest.fixture(scope="module")
def loaded(installation: Installation) -> Installation:
    """Killed in the middle of its load, and started again for a while: what every test below goes on from."""
    with installation.running("--stores", "3") as demo:
        installation.wait_until(lambda: any((installation.folder / "demo").glob("popularity*")), demo)
        time.sleep(1.5)  # somewhere among products, prices and stock
        demo.kill()
    with installation.running("--stores", "3", "--for", "0") as demo:
        installation.await_said("Ready after", demo)
        installation.wait_until(lambda: whole(installation.kept("replay.json")["sent"]) >= 5, demo)
        installation.wait_until(lambda: whole(installation.kept("shoppers.json").get("placed", 0)) >= 1, demo)
        family = demo.children(recursive=True)
        assert len(family) >= 4  # hub, its serving process, replay, shoppers
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE) == 0, installation.said.read_text(encoding="utf-8")
        assert [process for process in family if process.is_running()] == []
    return installation


def test_a_killed_load_goes_on_and_everything_flows_in_once(loaded: Installation) -> None:
    figures = loaded.audit()
    kept = loaded.kept("replay.json")
    assert kept["quarantined"] == 0
    assert figures["sales.entries"] == HISTORY + whole(kept["sent"])
    assert figures["orders.entries"] >= 1


def test_the_keys_are_for_their_owner_alone(loaded: Installation) -> None:
    for name in ("keys.json", "task-replay.json", "task-shoppers.json"):
        assert stat.S_IMODE((loaded.folder / "demo" / name).stat().st_mode) == 0o600
    said = loaded.said.read_text(encoding="utf-8")
    logins = loaded.kept("keys.json")["logins"]
    assert isinstance(logins, list)
    roles = ["admin", "finance", "manager", "merchandiser", "reader", "store"]
    assert sorted(login["role"] for login in logins) == roles
    assert len({login["password"] for login in logins}) == 6
    assert all(f"{login['username']} " in said and login["password"] in said for login in logins)


def test_a_second_start_reuses_what_is_there_and_a_killed_demo_leaves_no_process(loaded: Installation) -> None:
    keys, before = loaded.kept("keys.json"), whole(loaded.kept("replay.json")["sent"])
    with loaded.running() as demo:
        loaded.await_said("Ready after", demo)
        assert "opening stock" not in loaded.said.read_text(encoding="utf-8")
        loaded.wait_until(lambda: whole(loaded.kept("replay.json")["sent"]) > before, demo)
        family = demo.children(recursive=True)
        demo.kill()
        demo.wait(PATIENCE)
        if sys.platform == "linux":
            _, alive = psutil.wait_procs(family, timeout=60)
            assert alive == []
        for process in family:
            with_grace(process.kill)
    assert loaded.kept("keys.json") == keys
    assert loaded.audit()["sales.entries"] >= HISTORY + before


def shoppers(demo: psutil.Popen) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in demo.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "onebasket.channels.demo.shoppers" in process.cmdline():
                found.append(process)
    return found


def test_a_child_that_dies_is_told_and_stops_the_rest(loaded: Installation) -> None:
    with loaded.running() as demo:
        loaded.await_said("Ready after", demo)
        loaded.wait_until(lambda: shoppers(demo) != [], demo)  # a process that has just been forked has another name
        family = demo.children(recursive=True)
        shoppers(demo)[0].kill()
        assert demo.wait(PATIENCE) == 1
        assert "The shoppers ended by itself (exit -9)." in loaded.said.read_text(encoding="utf-8")
        assert [process for process in family if process.is_running()] == []


def test_another_demo_is_not_loaded_over_this_one(loaded: Installation) -> None:
    with loaded.running("--stores", "4") as demo:
        assert demo.wait(PATIENCE) == 1
    assert "This database holds the demo of 3 stores on 2017-12-23." in loaded.said.read_text(encoding="utf-8")
