"""The processes that the demo starts: one group, watched, stopped in order, none left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

STOP_SECONDS = 40
"""How long a process may take after SIGTERM: the hub lets requests in hand finish."""
_LOG_LINES = 12


class Child(NamedTuple):
    """A process that the demo started, and where it writes what it has to say."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """Return the last lines of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])


class Children:
    """Starts processes into one group of their own, so that Ctrl-C at the terminal reaches the demo alone."""

    def __init__(self, folder: Path) -> None:
        """Keep where logs go; nothing is started."""
        self._folder = folder
        self._children: list[Child] = []

    def start(self, name: str, program: Sequence[str]) -> Child:
        """Start a program; it ends when the demo ends, whatever the reason."""
        log = self._folder / f"{name}.log"
        tied = [sys.executable, "-m", "onebasket.channels.demo.process", str(os.getpid()), *program]
        group = self._children[0].process.pid if self._children else 0
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 - the demo's own programs
                tied, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, process_group=group
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def ended(self) -> Child | None:
        """Return a child that has ended."""
        return next((child for child in self._children if child.process.poll() is not None), None)

    def stop(self) -> list[str]:
        """Stop every child, the last started first; return the names of those that had to be killed."""
        killed = []
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.terminate()
                try:
                    child.process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    killed.append(child.name)
                    child.process.kill()
                    child.process.wait()
        if self._children:
            _end_group(self._children[0].process.pid)
        self._children.clear()
        return killed


def _end_group(group: int) -> None:
    """End what a child may have left in the group; usually there is nothing any more."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
        time.sleep(0)
