"""How the sandbox partner gets its secrets, and what keeps it from starting."""

import stat
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from threading import Thread

import pytest

from onebasket.commerce.partners.gateways.iop.envelopes import Method
from onebasket.project.command.partner_sandbox import Secrets, read_secrets
from onebasket.project.starting import CannotStartError
from tests.sandboxing import SandboxProcess, sandbox_process, wait_until

NAMES = ("ONEBASKET_SANDBOX_SECRET", "ONEBASKET_SANDBOX_CONTROL")


@pytest.fixture(autouse=True)
def nothing_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_they_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    made = read_secrets(tmp_path, None)
    assert read_secrets(tmp_path, None) == made
    assert made.secret != made.control
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert read_secrets(tmp_path / "..", tmp_path / "secrets.json") == made


def test_the_environment_states_both_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMES[0], "a-secret-of-its-own")
    made = read_secrets(tmp_path, None)
    assert made.secret != "a-secret-of-its-own"
    monkeypatch.setenv(NAMES[1], "a-token-of-its-own")
    assert read_secrets(tmp_path, None) == Secrets("a-secret-of-its-own", "a-token-of-its-own")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"secret": "short", "control": "long-enough-for-all"}', b"\xff"])
def test_secrets_that_cannot_be(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.json").write_bytes(content)
    with pytest.raises(CannotStartError):
        read_secrets(tmp_path, tmp_path / "mine.json")
    with pytest.raises(CannotStartError):
        read_secrets(tmp_path, tmp_path / "none.json")


@pytest.mark.parametrize("options", [("--currency", "XYZ"), ("--push-to", "ftp://x"), ("--push-to", "http://x:nine")])
def test_what_keeps_it_from_starting(command: tuple[str, ...], tmp_path: Path, options: tuple[str, ...]) -> None:
    one = SandboxProcess(command, tmp_path, options)
    with pytest.raises(AssertionError):
        one.start()
    assert one.process is not None
    assert one.process.wait(20) == 1
    one.kill()


def test_told_to_stop_it_keeps_nobody_waiting(command: tuple[str, ...], tmp_path: Path) -> None:
    with sandbox_process(command, tmp_path, "--no-own-goods") as one:
        one.fault("timeout_before", seconds=60)
        caller = Thread(target=suppressing(one.top), args=[Method.CATEGORIES])
        caller.start()
        wait_until(lambda: one.done("GET", "faults") == {"faults": []})
        assert one.process is not None
        one.process.terminate()
        assert one.process.wait(20) == 0
        caller.join(20)
        assert not caller.is_alive()


def suppressing(work: Callable[..., object]) -> Callable[..., None]:
    def run(*arguments: object) -> None:
        with suppress(OSError, HTTPException):
            work(*arguments)

    return run
