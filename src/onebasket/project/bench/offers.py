"""`bench offers`: a million offers out of a partner's file, then the next day's file with one in a hundred changed.

The files are loaded by `onebasket load offers`, a process of its own, so that its memory is its own. The limit is the
bare writer: the statements of real batches on the full table, sent again without reading, rules or Python objects.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.db import connection

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.tuning import LOADING, tune_process
from onebasket.commerce.partners.actions.importing import state_offers
from onebasket.commerce.partners.actions.registering import upsert_agreements, upsert_partners
from onebasket.commerce.partners.gateways.feed.catalogue import HowRead, open_catalogue
from onebasket.commerce.partners.gateways.feed.fields import Habits
from onebasket.commerce.partners.queries.partners import partner_by_code
from onebasket.commerce.partners.rules.partners import AgreementItem, CommissionTermItem, Merchant, PartnerItem
from onebasket.commerce.partners.rules.port import OfferStated
from onebasket.project.bench.limits import measure_limit
from onebasket.project.bench.offers_goods import CHANGED_EVERY, CURRENCY, varied_offers, write_catalogue
from onebasket.project.bench.report import Figure, share
from onebasket.project.loading.offers import BATCH

PARTNER = "bench"
LIMIT_BATCHES = 10
LEFT_OUT = 1_000
"""The last so many of the first file are not in the next day's, which is whole; as many new ones are."""
READ_ALONE = 100_000


class Loaded(NamedTuple):
    """How long a load took from start to end, its process's start included, its time on a processor, its memory."""

    seconds: float
    processor_seconds: float
    megabytes: float
    said: str


def bench_offers(source_id: int, folder: Path, say: Callable[[str], None], *, count: int) -> list[Figure]:
    """Load the offers and the next day's, and return both figures; what follows finds a full table and its changes."""
    tune_process()
    partner_id = _make_partner(source_id)
    first, next_day = folder / "offers.csv", folder / "offers-next-day.csv"
    write_catalogue(first, varied_offers(count))
    write_catalogue(next_day, _next_day(count))
    say(f"offers: two files of {first.stat().st_size / 1e6:,.0f} MB are written")
    made = load_file(first)
    _come_to_rest()
    say(f"offers: {count / made.seconds:,.0f}/s, {made.megabytes:,.0f} MB at the most")
    again = load_file(next_day, "--whole")
    say(f"offers: the next day's {count / again.seconds:,.0f}/s, {again.megabytes:,.0f} MB at the most")
    reading = _read_alone(first, min(count, READ_ALONE))
    bare_new = _bare(partner_id, _new_batches(count))
    bare_again = _bare(partner_id, _changed_batches(count))
    what = f"the next day's whole file: 1 in {CHANGED_EVERY} changed, {LEFT_OUT:,} ended"
    return [
        _figure(f"{count:,} offers from a file", count, made, bare_new, {"read alone, offers/s": reading}),
        _figure(what, count, again, bare_again, {}),
    ]


def load_file(path: Path, *options: str) -> Loaded:
    """Load a file by the command; return how long it took, and its memory at the most."""
    program = "from onebasket.project.command import main; main()"
    arguments = [sys.executable, "-c", program, "load", "offers", str(path), "--partner", PARTNER, *options]
    began = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, env=os.environ | {"COLUMNS": "200"})  # noqa: S603
    said = process.stdout.read().decode() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(said)
    return Loaded(seconds, used.ru_utime + used.ru_stime, _megabytes(used), said)


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def _make_partner(source_id: int) -> int:
    upsert_partners(
        source_id, [PartnerItem(key="partner", code=PARTNER, name="Bench", gateway="feed", currency=CURRENCY)]
    )
    agreement = AgreementItem(
        key="agreement", partner=PARTNER, starts_on=database_now().date(), currency=CURRENCY, merchant=Merchant.AGENT,
        commission=(CommissionTermItem(70_000),), fresh_minutes=60 * 48,
    )  # fmt: skip
    upsert_agreements(source_id, [agreement])
    found = partner_by_code(PARTNER, at=database_now())
    assert found is not None  # noqa: S101 - made above
    return found.id


def _next_day(count: int) -> Iterator[OfferStated]:
    yield from varied_offers(count - LEFT_OUT, changed=True)
    yield from varied_offers(LEFT_OUT, first=count)


def _read_alone(path: Path, count: int) -> float:
    """Return how many offers a second are read from the file, and nothing done with them."""
    began = time.perf_counter()
    with open_catalogue(path, HowRead(habits=Habits(CURRENCY))) as catalogue:
        read = sum(1 for _ in islice(catalogue.entries(), count))
    return read / (time.perf_counter() - began)


def _new_batches(count: int) -> list[list[OfferStated]]:
    offers = varied_offers(LIMIT_BATCHES * BATCH, first=2 * count)
    return [list(islice(offers, BATCH)) for _ in range(LIMIT_BATCHES)]


def _changed_batches(count: int) -> list[list[OfferStated]]:
    """Return offers as they were on the first day: one in a hundred has changed back, the others are as they stand."""
    size = min(LIMIT_BATCHES * BATCH, count - LEFT_OUT)
    offers = varied_offers(size)
    return [batch for _ in range(LIMIT_BATCHES) if (batch := list(islice(offers, BATCH)))]


def _bare(partner_id: int, batches: Sequence[list[OfferStated]]) -> float:
    """Return offers/s of the bare writer."""
    now = database_now()
    runs = [partial(state_offers, partner_id, batch, now=now) for batch in batches]
    return sum(map(len, batches)) / measure_limit(runs, tuning=LOADING)


def _figure(what: str, count: int, loaded: Loaded, limit: float, details: dict[str, float]) -> Figure:
    rate = count / loaded.seconds
    more = {
        "seconds": loaded.seconds,
        "of these on a processor, the database's own process apart": loaded.processor_seconds,
        "memory of the loading process at its most, MB": loaded.megabytes,
    }
    return Figure(
        "offers", what, rate, "offers/s", limit=limit, limit_is=f"bare writer, batches of {BATCH:,}, on the full table",
        ratio=share(rate, limit), details=details | more | {"said": loaded.said.strip().splitlines()[-1]},
    )  # fmt: skip


def _come_to_rest() -> None:
    """Leave the database as it is some time after a load: what it would do in the background is done."""
    statements = ("VACUUM (ANALYZE) partners_offer",) if bulk.is_postgresql() else ("PRAGMA wal_checkpoint(TRUNCATE)",)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
