"""How a hub keeps its committer: started again whatever happens, and never in the moment of a fork."""

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onebasket.project import kept
from onebasket.project.deciding import Deciding

PATIENCE = 20


class Process:
    """A committer that runs until it is asked to end, or has ended at once."""

    def __init__(self, *, code: int | None = None) -> None:
        self._ended = threading.Event()
        self.code, self.killed = 0, False
        if code is not None:
            self.code = code
            self._ended.set()

    def wait(self) -> int:
        assert self._ended.wait(PATIENCE)
        return self.code

    def terminate(self) -> None:
        self._ended.set()

    def kill(self) -> None:
        self.killed = True


def keep(monkeypatch: pytest.MonkeyPatch, start: Callable[[list[str]], Any], path: Path) -> Deciding:
    monkeypatch.setattr(kept, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(subprocess, "Popen", start)
    return Deciding(path)


def test_a_committer_that_ends_or_cannot_be_started_is_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, running, last = tmp_path / "committer", threading.Event(), Process()
    found: list[bool] = []
    answers = (Process(code=-9), OSError("no memory"), Process(code=1), last)

    def start(command: list[str]) -> Process:
        found.append(path.exists())
        path.touch()  # what a killed committer leaves
        assert command[1:] == ["-m", "onebasket.project.committer", str(path), str(os.getpid())]
        answer: Process | OSError = answers[len(found) - 1]
        if isinstance(answer, OSError):
            raise answer
        if answer is last:
            running.set()
        return answer

    with keep(monkeypatch, start, path):
        assert running.wait(PATIENCE)
    assert found == [False] * 4
    assert last._ended.is_set()
    assert [record.message for record in caplog.records] == [
        "the committer ended with status -9 and is started again",
        "the committer cannot be started, and is tried again",
        "the committer ended with status 1 and is started again",
    ]


def test_no_process_is_forked_while_a_committer_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Or it would hold the pipe on which the start waits, and a committer that ends would not be started again."""
    began, go, order = threading.Event(), threading.Event(), []

    def start(_: list[str]) -> Process:
        began.set()
        assert go.wait(PATIENCE)
        order.append("started")
        return Process()

    def fork() -> None:
        child = os.fork()
        if not child:
            os._exit(0)
        order.append("forked")
        os.waitpid(child, 0)

    with keep(monkeypatch, start, tmp_path / "committer"):
        assert began.wait(PATIENCE)
        forking = threading.Thread(target=fork)
        forking.start()
        forking.join(0.3)
        go.set()
        forking.join(PATIENCE)
    assert order == ["started", "forked"]
