"""A card provider as a process of its own, to be killed and started again; and a process that is killed while it pays.

`python -m tests.faults.paying <payment> <token>`: authorise the payment on the test's database, and say the outcome.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import django
import psutil
from django.db import connection

if __name__ == "__main__":
    django.setup()

from onebasket.channels.provider.ledger import Ledger  # Django must be set up before models are imported
from onebasket.commerce.payments.actions import authorise
from tests.faults.house import free_port, kill
from tests.paying import SECRET

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0


@dataclass
class ProviderProcess:
    """`onebasket provider` on a port and a file of its own."""

    command: tuple[str, ...]
    folder: Path
    hang: float = 30.0
    port: int = field(default_factory=free_port)
    process: psutil.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ledger(self) -> Ledger:
        """Its books, read past it."""
        return Ledger(self.folder / "books.sqlite3", lasts=timedelta(days=7))

    def start(self) -> None:
        """Start it, and wait until it listens."""
        options = ["--port", str(self.port), "--file", str(self.folder / "books.sqlite3"), "--hang", str(self.hang)]
        settings = {
            "DJANGO_SETTINGS_MODULE": "onebasket.project.settings", "ONEBASKET_ENV": "test",
            "ONEBASKET_CARD_SECRET": SECRET,
        }  # fmt: skip
        self.process = psutil.Popen(
            [*self.command, "provider", *options], env=os.environ | settings, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        assert line == f"onebasket provider: {self.url}\n", line

    def kill(self) -> None:
        """Kill it outright."""
        if self.process is not None:
            kill([self.process])
            self.process.stdout.close()
            self.process = None

    def put_aside(self) -> dict[str, int]:
        """Return what is put aside or captured, by the payment's id."""
        with self.ledger._transaction() as session:
            rows = session.execute(
                "SELECT reference, amount FROM authorisation WHERE status IN ('authorised', 'captured')"
            ).fetchall()
        found: dict[str, int] = {}
        for reference, amount in rows:
            payment = reference.partition("-")[0]
            found[payment] = found.get(payment, 0) + amount
        return found


@contextmanager
def provider_process(command: tuple[str, ...], folder: Path, **more: float) -> Iterator[ProviderProcess]:
    """Run a provider as a process, and leave none behind."""
    one = ProviderProcess(command, folder, **more)  # type: ignore[arg-type]
    try:
        one.start()
        yield one
    finally:
        one.kill()


def start_paying(payment: UUID, token: str, url: str) -> psutil.Popen:
    """Start a process that authorises a payment, on the database of the running test."""
    told = connection.settings_dict
    if connection.vendor == "postgresql":
        database = f"postgresql://{told['USER']}@/{told['NAME']}?host={quote(told['HOST'], safe='')}"
    else:
        database = f"sqlite:///{told['NAME']}"
    settings = {
        "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings", "ONEBASKET_CARD_URL": url,
        "ONEBASKET_CARD_SECRET": SECRET,
    }  # fmt: skip
    return psutil.Popen(
        [sys.executable, "-m", "tests.faults.paying", str(payment), token],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_until(comes: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + PATIENCE
    while not comes():
        assert time.monotonic() < until
        time.sleep(0.01)


if __name__ == "__main__":
    sys.stdout.write(f"{authorise(UUID(sys.argv[1]), sys.argv[2])}\n")
