"""Whoever reads a partner's catalogue is killed at each step of a page: the next one goes on, each page counts once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cataloguing import FEED, goods_file
from tests.faults.cataloguing import STEPS
from tests.forking import Forked, run
from tests.sandboxing import SandboxProcess, sandbox_process

MODULE = "tests.faults.cataloguing"
GOODS, PAGES = 230, 5
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def sandbox(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    options = ("--no-own-goods", "--goods", str(goods_file(folder, GOODS)))
    with sandbox_process(command, folder, *options) as found:
        yield found


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_reading_is_gone_on_with(
    sandbox: SandboxProcess, step: str, spare_database_url: str, tmp_path: Path
) -> None:
    sandbox.done("POST", "forget", {})
    pair = sandbox.done("POST", "tokens", {})
    environment = os.environ | {
        "ONEBASKET_ENV": "test", "ONEBASKET_HOME": str(tmp_path), "ONEBASKET_LOG_LEVEL": "WARNING",
        "DATABASE_URL": spare_database_url, "DJANGO_SETTINGS_MODULE": "onebasket.project.settings",
    }  # fmt: skip
    tokens = (pair["access_token"], pair["refresh_token"])
    assert run(MODULE, "open", sandbox.url, *tokens, env=environment) == "done\n"
    for page in (1, 3):
        process = Forked(MODULE, "read", step, str(page), env=environment)
        assert process.stdout.readline().strip() == step
        process.kill()
        process.communicate()
    found = run(MODULE, "read", env=environment)
    assert found == f"done read={GOODS} created={GOODS} live={GOODS}\n"
    asked = sandbox.done("GET", "calls")["calls"][FEED]["done"]
    again = {"claimed": 0, "asked": 2, "written": 2, "committed": 0}
    assert asked == PAGES + again[step]
