"""How a hub keeps a process of its own, such as its committer: started with it, and again should it end."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
"""Between the end of a process and the start of the next; twice as long after each that ended by itself, up to the
longest, so that one that cannot start does not keep a processor busy."""

SOUND_SECONDS = 60.0
"""A process that lived for so long could start."""

STOP_SECONDS = 30.0

_starting = threading.Lock()
"""Held while a process is started, and while this one forks: a serving process forked in that moment would hold the
pipe on which `Popen` waits for the start to succeed, and the keeper would wait for as long as it lives."""

os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release)


class Kept:
    """A process of our own program, for as long as the block runs."""

    def __init__(self, name: str, module: str, arguments: Sequence[str] = ()) -> None:
        """Keep what the log calls it, the module that it runs, and what it is told; the hub's id comes last."""
        self._name = name
        self._command = [sys.executable, "-m", module, *arguments, str(os.getpid())]
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"{name}'s keeper", daemon=True)

    def __enter__(self) -> Self:
        """Start it."""
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it finish what it has in hand, and end it."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
        self._keeper.join(STOP_SECONDS)
        if self._process is not None:
            self._process.kill()

    def clear(self) -> None:
        """Remove what a killed one has left that would be in the way of the next."""

    def _keep(self) -> None:
        """Start it again and again; this thread is its parent, and with this thread it would end."""
        pause = 0.0
        while not self._stopping.wait(pause):
            self.clear()
            code, begun = 1, time.monotonic()
            try:
                with _starting:
                    self._process = subprocess.Popen(self._command)  # noqa: S603 - our own program
            except OSError:
                logger.exception("the %s cannot be started, and is tried again", self._name)
            else:
                code = self._see_through(self._process)
            pause = pause_after(code, lived=time.monotonic() - begun, before=pause)

    def _see_through(self, process: "subprocess.Popen[bytes]") -> int:
        if self._stopping.is_set():
            process.terminate()
        code = process.wait()
        if not self._stopping.is_set():
            logger.error("the %s ended with status %s and is started again", self._name, code)
        return code


def pause_after(code: int, *, lived: float, before: float) -> float:
    """Return the seconds until the next start: few where a signal ended it (status below zero) or it had lived."""
    if code < 0 or lived >= SOUND_SECONDS:
        return PAUSE_SECONDS
    return min(max(2 * before, PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
