"""How a hub keeps its committer: a process of its own, started again should it end."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.2
"""Between the end of a committer and the start of the next, so that one that cannot start does not spin."""

STOP_SECONDS = 30.0

_starting = threading.Lock()
"""Held while a committer is started, and while this process forks: a serving process forked in that moment would hold
the pipe on which `Popen` waits for the start to succeed, and the keeper would wait for as long as it lives."""

os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release)


class Deciding:
    """The committer's process, for as long as the block runs."""

    def __init__(self, path: Path) -> None:
        """Keep the path of the socket that it listens at."""
        self._path = path
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="committer's keeper", daemon=True)

    def __enter__(self) -> Self:
        """Start it."""
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it answer what waits, and end it."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
        self._keeper.join(STOP_SECONDS)
        if self._process is not None:
            self._process.kill()

    def _keep(self) -> None:
        """Start it again and again; this thread is its parent, and with this thread it would end."""
        command = [sys.executable, "-m", "onebasket.project.committer", str(self._path), str(os.getpid())]
        while not self._stopping.is_set():
            self._path.unlink(missing_ok=True)
            try:
                with _starting:
                    self._process = subprocess.Popen(command)  # noqa: S603 - our own program
            except OSError:
                logger.exception("the committer cannot be started, and is tried again")
            else:
                self._see_through(self._process)
            self._stopping.wait(PAUSE_SECONDS)

    def _see_through(self, process: "subprocess.Popen[bytes]") -> None:
        if self._stopping.is_set():
            process.terminate()
        code = process.wait()
        if not self._stopping.is_set():
            logger.error("the committer ended with status %s and is started again", code)
