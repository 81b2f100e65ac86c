"""Whoever reads a partner's catalogue is killed at each step of a page: the next one goes on, each page counts once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cataloguing import FEED, goods_file
from tests.faults.cataloguing import STEPS
from tests.faults.house import ROOT
from tests.sandboxing import SandboxProcess, sandbox_process

GOODS, PAGES = 230, 5
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def sandbox(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    options = ("--no-own-goods", "--goods", str(goods_file(folder, GOODS)))
    with sandbox_process(command, folder, *options) as found:
        yield found


def start(url: str, home: Path, *arguments: str) -> "subprocess.Popen[str]":
    told = {
        "ONEBASKET_ENV": "test", "ONEBASKET_HOME": str(home), "ONEBASKET_LOG_LEVEL": "WARNING", "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "onebasket.project.settings",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.faults.cataloguing", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | told, stdout=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said.strip()


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_reading_is_gone_on_with(
    sandbox: SandboxProcess, step: str, spare_database_url: str, tmp_path: Path
) -> None:
    sandbox.done("POST", "forget", {})
    pair = sandbox.done("POST", "tokens", {})
    opening = start(spare_database_url, tmp_path, "open", sandbox.url, pair["access_token"], pair["refresh_token"])
    assert ended(opening) == "done"
    for page in (1, 3):
        process = start(spare_database_url, tmp_path, "read", step, str(page))
        assert process.stdout is not None
        assert process.stdout.readline().strip() == step
        process.kill()
        process.communicate()
    found = ended(start(spare_database_url, tmp_path, "read"))
    assert found == f"done read={GOODS} created={GOODS} live={GOODS}"
    asked = sandbox.done("GET", "calls")["calls"][FEED]["done"]
    again = {"claimed": 0, "asked": 2, "written": 2, "committed": 0}
    assert asked == PAGES + again[step]
