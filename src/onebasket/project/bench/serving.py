"""Start the hub and the load driver as processes of their own, and read what they say."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from onebasket.project.bench.driver import Load, Outcome

START_SECONDS = 60


class Hub:
    """A running hub: its port, and what its processes use."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self._process = process
        self.port = port

    def memory_mb(self) -> float:
        """Return the resident memory of the largest serving process, in MB of 10^6 bytes."""
        return max(process.memory_info().rss for process in self._processes()) / 1e6

    def cpu_seconds(self) -> float:
        """Return the CPU time that the hub's processes have used so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def batches(self, action: str = "orders") -> tuple[float, float]:
        """Return how many batches of an action the committer has decided and how many requests were in them."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10).read().decode()
        found = {"count": 0.0, "sum": 0.0}
        for line in text.splitlines():
            for kind in found:
                if line.startswith(f"onebasket_batch_requests_{kind}{{") and f'"{action}"' in line:
                    found[kind] += float(line.rpartition(" ")[2])
        return found["count"], found["sum"]

    def _processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]


@contextmanager
def hub(*arguments: str) -> Iterator[Hub]:
    """Serve on a free port with the present environment until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "onebasket.project", "hub", "--port", str(port), "--no-migrate", *arguments]
    with Path(tempfile.gettempdir(), f"onebasket-bench-hub-{os.getpid()}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own program
        try:
            _wait(port, process)
            yield Hub(process, port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the hub ended with status {process.returncode} before it served")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the hub does not answer")


@contextmanager
def driving(load: Load) -> Iterator["Driving"]:
    """Run the driver beside the block; ask the value for the outcome."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "load.json"), Path(folder, "outcome.json")
        given.write_bytes(msgspec.json.encode(load))
        command = [sys.executable, "-m", "onebasket.project.bench.driver", str(given), str(answer)]
        process = subprocess.Popen(command)  # noqa: S603 - our own program
        try:
            yield Driving(process, answer)
        finally:
            process.terminate()
            process.wait(30)


class Driving:
    """A driver under way."""

    def __init__(self, process: "subprocess.Popen[bytes]", answer: Path) -> None:
        self._process = process
        self._answer = answer

    def ended(self) -> bool:
        """Whether the driver has come to its end."""
        return self._process.poll() is not None

    def outcome(self) -> Outcome:
        """Wait for the driver's end and return what it measured."""
        if self._process.wait():
            raise RuntimeError("the load driver failed")
        return msgspec.json.decode(self._answer.read_bytes(), type=Outcome)


def drive(load: Load) -> Outcome:
    """Run the driver to its end."""
    with driving(load) as under_way:
        return under_way.outcome()
