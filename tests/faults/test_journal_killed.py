"""A worker killed outright while it journalises: every receipt is in the journal once, and points are right."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEED, KILLS, RECEIPTS = 20_260_302, 8, 100
pytestmark = pytest.mark.timeout(300)


def start(url: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.journalling", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "onebasket.project.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )


def told(url: str, *arguments: str) -> str:
    process = start(url, *arguments)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return said


def test_a_worker_killed_while_it_journalises_loses_and_doubles_nothing(spare_database_url: str) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable moments, no secret
    told(spare_database_url, "fill", "0", str(RECEIPTS))
    posted = 0
    for _ in range(KILLS):
        worker = start(spare_database_url, "run")
        assert worker.stdout is not None
        for _ in range(chance.randint(1, 8)):
            posted += worker.stdout.readline() == "posted\n"
        worker.kill()
        worker.communicate()
    assert KILLS <= posted < RECEIPTS  # or it was not killed at work
    assert told(spare_database_url, "prove").startswith("[] ")
    told(spare_database_url, "run")
    assert told(spare_database_url, "prove") == f"[] {RECEIPTS + RECEIPTS // 5}\n"
