"""`bench go`: links to partners that are followed over HTTP, each click durable, beside a writer of the bare rows."""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import msgspec

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.referring import follow_links, open_ticket, ticket_for
from onebasket.commerce.partners.rules.referrals import FollowLink
from onebasket.project.bench.clicking import Clicking
from onebasket.project.bench.driver import Outcome
from onebasket.project.bench.limits import measure_limit
from onebasket.project.bench.partnering import make_offers, make_partner
from onebasket.project.bench.report import Figure, share
from onebasket.project.bench.serving import hub

OFFERS = 20_000
MOST_A_SECOND = 6_000
LIMIT_BATCHES = 60
WARM_UP = 2.0
SETTLING = 4.0
"""Seconds after which what waited in the spool is booked."""


def bench_go(source_id: int, folder: str, *, seconds: float) -> Figure:
    """Follow links, no ticket twice; what was answered is compared with what is in the database afterwards."""
    ids = make_offers(make_partner(source_id, "bench-go"), OFFERS)
    tickets, minted = _mint(ids, Path(folder, "tickets.txt"), int(seconds * MOST_A_SECOND))
    warming, _ = _mint(ids, Path(folder, "warming.txt"), int(WARM_UP * MOST_A_SECOND))
    with hub() as served:
        _click(Clicking(served.port, str(warming), seconds=WARM_UP), Path(folder))
        time.sleep(SETTLING)
        before, clicks = served.batches("links"), _count()
        cpu, begins = served.cpu_seconds(), time.perf_counter()
        outcome = _click(Clicking(served.port, str(tickets), seconds=seconds), Path(folder))
        elapsed = time.perf_counter() - begins
        used = (served.cpu_seconds() - cpu) / elapsed
        asked = served.batches("links")
        time.sleep(SETTLING)
        written = _count() - clicks
    size = max(1, round((asked[1] - before[1]) / max(1.0, asked[0] - before[0])))
    limit = _limit(ids, size)
    return Figure(
        "go",
        "links to partners followed over HTTP, each click durable, 16 connections",
        outcome.per_second,
        "redirects/s",
        limit=limit,
        limit_is=f"bare writer of the same rows, batches of {size}",
        ratio=share(outcome.per_second, limit),
        details={
            "p50 ms": outcome.p50,
            "p99 ms": outcome.p99,
            "longest ms": outcome.longest,
            "statuses": outcome.statuses,
            "clicks that are in the database": written,
            "every answer is a referral": outcome.statuses == {"302": written},
            "clicks asked of the committer, again after it was late": int(asked[1] - before[1]),
            "batch size reached": size,
            "to mint a ticket, microseconds": minted,
            "driver CPU (cores)": outcome.driver_cpu,
            "hub CPU (cores)": used,
        },
    )


def _mint(ids: list[int], path: Path, count: int) -> tuple[Path, float]:
    """Write so many tickets into a file, and return how many microseconds each took."""
    now = database_now()
    begins = time.perf_counter()
    lines = [
        ticket_for(ids[number % len(ids)], channel="shop", place_id=None, associate="", now=now)
        for number in range(count)
    ]
    took = (time.perf_counter() - begins) / count * 1e6
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path, took


def _click(wanted: Clicking, folder: Path) -> Outcome:
    """Run the driver as a program of its own, to its end."""
    given, answer = folder / "clicking.json", folder / "clicked.json"
    given.write_bytes(msgspec.json.encode(wanted))
    command = [sys.executable, "-m", "onebasket.project.bench.clicking", str(given), str(answer)]
    subprocess.run(command, check=True)  # noqa: S603 - our own program
    return msgspec.json.decode(answer.read_bytes(), type=Outcome)


def _count() -> int:
    return int(bulk.fetch("SELECT COUNT(*) FROM partners_referral")[0][0])


def _limit(ids: list[int], size: int) -> float:
    """Return how many clicks a second the bare writer writes at this batch size."""
    now = database_now()

    def call(number: int) -> FollowLink:
        offer_id = ids[number % len(ids)]
        opened = open_ticket(ticket_for(offer_id, channel="shop", place_id=None, associate="", now=now))
        if opened is None:
            raise RuntimeError("our own ticket does not open")
        return FollowLink(
            offer_id=offer_id, channel="shop", place_id=0, associate="", shown_at=now, serial=opened.serial,
            click=opened.click, clicked_at=now,
        )  # fmt: skip

    runs = [partial(follow_links, [call(batch * size + n) for n in range(size)]) for batch in range(LIMIT_BATCHES)]
    return LIMIT_BATCHES * size / measure_limit(runs)
