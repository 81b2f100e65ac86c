"""A process of its own that writes to the test's database: started by tests, told what to do by its arguments.

`buy <source> <first> <count>`: order one milk so many times. `take-slots <slot> <first> <count>`: hold a slot so many
times. `all <source> <seed>`: send every write there is, twice,
in an order of its own. Says `ready`, waits for a line on its standard input, and prints one outcome a line.
"""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django
import msgspec
from django.db import connection

if __name__ == "__main__":
    django.setup()

from onebasket.base.clock import database_now  # Django must be set up before models are imported
from onebasket.base.committer import perform
from onebasket.commerce.orders.actions import OrderCall, place_orders
from tests.builders import order
from tests.concurrency.writes import Write, every_write
from tests.slotting import ref, take

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 90


def start(*arguments: str) -> "subprocess.Popen[str]":
    """Start a worker on the database of the running test (PostgreSQL)."""
    told = connection.settings_dict
    url = f"postgresql://{told['USER']}@/{told['NAME']}?host={quote(told['HOST'], safe='')}"
    return subprocess.Popen(
        [sys.executable, "-m", "tests.concurrency.worker", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_together(*workers: "subprocess.Popen[str]") -> list[list[str]]:
    """Let workers go at the same moment; return what each said, once all have ended well."""
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=TIMEOUT)[0].splitlines() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * len(workers)
    return said


def buy(source: int, first: int, count: int) -> list[str]:
    """Order one milk so many times, each in a transaction of its own."""
    calls = [OrderCall(source, order(f"o{number}", {"milk": 1})) for number in range(first, first + count)]
    return [type(perform(place_orders, [call])[0]).__name__ for call in calls]


def take_slots(slot: int, first: int, count: int) -> list[str]:
    """Hold one slot so many times, each for another basket in a transaction of its own."""
    calls = [(slot, ref(number)) for number in range(first, first + count)]
    return [str(perform(lambda asked: take(asked, now=database_now()), [call])[0]) for call in calls]


def send_all(source: int, seed: int) -> list[str]:
    """Send every write twice, phase by phase, shuffled, in batches of three."""
    shuffle = random.Random(seed)  # noqa: S311 - no secret
    said: list[str] = []
    for phase in every_write(source):
        doubled = phase * 2
        shuffle.shuffle(doubled)
        said += [f"{write.name} {text(outcome)}" for write, outcome in send(doubled)]
    return said


def send(writes: Sequence[Write]) -> list[tuple[Write, Any]]:
    """Send writes in order, neighbours of one kind in one batch."""
    outcomes: list[tuple[Write, Any]] = []
    left = list(writes)
    while left:
        batch = [left.pop(0)]
        while left and left[0].action is batch[0].action and len(batch) < 3:
            batch.append(left.pop(0))
        outcomes += zip(batch, perform(batch[0].action, [write.request for write in batch]), strict=True)
    return outcomes


def text(outcome: object) -> str:
    """Return an outcome in one line."""
    return msgspec.json.encode(outcome).decode()


TASKS: dict[str, Callable[..., list[str]]] = {"buy": buy, "all": send_all, "take-slots": take_slots}

if __name__ == "__main__":
    connection.ensure_connection()
    print("ready", flush=True)  # noqa: T201 - how it talks to the test
    sys.stdin.readline()
    print("\n".join(TASKS[sys.argv[1]](*map(int, sys.argv[2:]))))  # noqa: T201
