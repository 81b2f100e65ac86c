"""What the suite's scheduler does when one of its workers dies."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONFTEST = """
from tests.scheduling import Scheduling

def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)
"""
LATE = """
import time
from xdist.workermanage import WorkerController

hand = WorkerController.send_runtest_some

def late(worker, indices):
    time.sleep(0.1)
    hand(worker, indices)

WorkerController.send_runtest_some = late
"""
TESTS = """
import os
import pytest

@pytest.mark.parametrize("number", range({many}))
def test_it(number):
    with open({told!r}, "a") as told:
        print(f"{{__name__}} {{number}}", file=told)
    if number in {deadly}:
        os._exit(1)
"""


@pytest.mark.parametrize(("shared", "apart"), [((), {0, 7}), ({2}, {3}), ({5}, {28, 29})], ids=str)
def test_a_worker_that_dies_fails_one_test_and_the_others_run_once(
    tmp_path: Path, shared: set[int], apart: set[int]
) -> None:
    assert_each_runs_once(tmp_path, CONFTEST, shared=shared, apart=apart)


def test_a_worker_may_die_before_the_next_unit_reaches_it(tmp_path: Path) -> None:
    assert_each_runs_once(tmp_path, CONFTEST + LATE, shared=set(), apart={3, 8, 15})


def assert_each_runs_once(folder: Path, conftest: str, *, shared: set[int], apart: set[int]) -> None:
    """Run 36 tests, of which these take their worker along: 6 of a file that shares, and 30 of another."""
    told = folder / "told"
    for name, many, deadly in (("faults/test_shared.py", 6, shared), ("test_apart.py", 30, apart)):
        file = folder / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TESTS.format(told=str(told), many=many, deadly=tuple(deadly)), encoding="utf-8")
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    arguments = ("-n2", "-q", "-p", "no:django", "-p", "no:cacheprovider", "--import-mode=importlib", "tests")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    dead = len(shared) + len(apart)
    assert f"{dead} failed, {36 - dead} passed" in done.stdout, done.stdout + done.stderr
    ran = Counter(told.read_text(encoding="utf-8").splitlines())
    assert set(ran.values()) == {1}
    assert len(ran) == 36
