"""A worker killed outright while it journalises: every receipt is in the journal once, and points are right."""

import os
import random

import pytest

from tests.forking import Forked, run

MODULE = "tests.faults.journalling"
SEED, KILLS, RECEIPTS = 20_260_302, 8, 100
pytestmark = pytest.mark.timeout(300)


def test_a_worker_killed_while_it_journalises_loses_and_doubles_nothing(spare_database_url: str) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable moments, no secret
    settings = {"DATABASE_URL": spare_database_url, "DJANGO_SETTINGS_MODULE": "onebasket.project.settings"}
    environment = os.environ | settings
    run(MODULE, "fill", "0", str(RECEIPTS), env=environment)
    posted = 0
    for _ in range(KILLS):
        worker = Forked(MODULE, "run", env=environment)
        for _ in range(chance.randint(1, 8)):
            posted += worker.stdout.readline() == "posted\n"
        worker.kill()
        worker.communicate()
    assert KILLS <= posted < RECEIPTS  # or it was not killed at work
    assert run(MODULE, "prove", env=environment).startswith("[] ")
    run(MODULE, "run", env=environment)
    assert run(MODULE, "prove", env=environment) == f"[] {RECEIPTS + RECEIPTS // 5}\n"
