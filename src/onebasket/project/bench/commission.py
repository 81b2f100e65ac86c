"""`bench commission`: what a partner states of 100,000 lines, polled over HTTP from the sandbox, and restated.

The sandbox is a process of its own; each page is a signed call. The same lines are then settled for a unit less, in the
sandbox's own books, and polled again. Exact: each line and the sum are compared with what the sandbox states.
"""

import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.polling import poll_commissions
from onebasket.commerce.partners.actions.referring import follow_links
from onebasket.commerce.partners.queries.commissions_audit import audit_commissions
from onebasket.commerce.partners.rules.commissions import SWEEPS
from onebasket.commerce.partners.rules.referrals import FollowLink
from onebasket.project.bench.partnering import APP_KEY, make_offers, make_partner
from onebasket.project.bench.report import Figure, share

LINES = 100_000
SECRET, CONTROL = "what the bench signs with", "what the bench controls with"
WANTED_SECONDS = 30.0
AT_ONCE = 1_000
_SUMS = "SELECT COUNT(*), COALESCE(SUM({}), 0) FROM {}"
_SETTLE = (
    "UPDATE commission SET status = 'Completed Settlement', finished = paid, finished_commission = paid_commission - 1,"
    " finished_ms = modified_ms + 1000, settled_ms = modified_ms + 1000, modified_ms = modified_ms + 1000"
)


def bench_commission(source_id: int, folder: str, say: Callable[[str], None]) -> list[Figure]:
    """Poll lines that are new, then the same lines restated; each time to the last one."""
    books = Path(folder, "sandbox")
    with _sandbox(books) as url:
        partner = make_partner(source_id, "bench-commission", endpoint=url, secret=SECRET)
        (offer,) = make_offers(partner, 1)
        _click(offer)
        _ask(url, {"make": LINES})
        first = _poll(books, "paid_commission", "polled and booked, each credited to its click")
        say(f"commission: {first.value:.1f} s")
        with closing(sqlite3.connect(books / "sandbox.sqlite3", timeout=60)) as connection, connection:
            connection.execute(_SETTLE)
        again = _poll(books, "finished_commission", "polled again, every one settled for a unit less")
        say(f"commission restated: {again.value:.1f} s")
        third = _poll(books, "finished_commission", "polled again, nothing new", restated=False)
    return [first, again, third]


def _poll(books: Path, column: str, what: str, *, restated: bool = True) -> Figure:
    """Poll until all lines came; the limit is the time of reading the same pages and doing nothing with them."""
    cpu, begins, lines = time.process_time(), time.perf_counter(), 0
    _due()
    while lines < LINES:
        came = poll_commissions(seconds=5.0, kinds=(SWEEPS[0].kind,))
        if not came:
            raise RuntimeError("no more lines come, and some are missing")
        lines += came
    seconds, used = time.perf_counter() - begins, time.process_time() - cpu
    with closing(sqlite3.connect(books / "sandbox.sqlite3")) as connection:
        stated = connection.execute(_SUMS.format(column, "commission")).fetchone()
    booked = bulk.fetch(_SUMS.format("commission", "partners_commissionline"))[0]
    entries = bulk.fetch(_SUMS.format("change", "partners_commissionentry"))[0]
    return Figure(
        "commission" if restated else "commission, unchanged",
        f"{LINES:,} lines {what}",
        seconds,
        "s",
        details={
            "lines a second": LINES / seconds,
            "exact": tuple(booked) == tuple(stated) and entries[1] == stated[1],
            "sum in minor units, stated and booked": f"{stated[1]:,}, {int(booked[1]):,}",
            "entries": int(entries[0]),
            "differences that the audit finds": sum(one.differences for one in audit_commissions()),
            "our processor time, s": used,
            "of the time that is allowed": share(seconds, WANTED_SECONDS),
        },
    )


def _due() -> None:
    """Let the sweep begin now."""
    bulk.execute("UPDATE partners_partnercursor SET next_at = NULL WHERE kind = %s", [SWEEPS[0].kind])


def _click(offer: int) -> None:
    """Have as many shoppers follow a link as the sandbox makes lines for."""
    now = database_now()
    for start in range(0, LINES, AT_ONCE):
        follow_links(
            [
                FollowLink(
                    offer_id=offer, channel="shop", place_id=0, associate="", shown_at=now, serial=f"made-{number}",
                    click=f"made-{number}", clicked_at=now,
                )
                for number in range(start, start + AT_ONCE)
            ]
        )  # fmt: skip


def _ask(url: str, content: object) -> None:
    """Have the sandbox make lines."""
    headers = {"Authorization": f"Bearer {CONTROL}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/control/commissions", msgspec.json.encode(content), headers)  # noqa: S310
    urllib.request.urlopen(request, timeout=120).read()  # noqa: S310 - our own server


@contextmanager
def _sandbox(folder: Path) -> Iterator[str]:
    """Run the sandbox partner until the block ends; give its address."""
    folder.mkdir()
    environment = os.environ | {"ONEBASKET_SANDBOX_SECRET": SECRET, "ONEBASKET_SANDBOX_CONTROL": CONTROL}
    options = ["--port", "0", "--folder", str(folder), "--app-key", APP_KEY, "--quota", "0"]
    command = [sys.executable, "-m", "onebasket.project", "partner-sandbox", *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield line.strip().partition(": ")[2]
    finally:
        process.terminate()
        process.wait(60)
