"""Brings a database to where the demo begins, and says what it did; loading again continues or changes nothing.

Two trail entries frame the load: `demo.begin` says which days lie where and is written first, `demo.ready` is written
last. A load that was killed in between is done again under the same keys, so that only what is missing is written.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from django.db import connections, transaction
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.base.models import TrailEntry
from onebasket.base.tuning import LOADING, tune_process, tune_writer
from onebasket.channels.demo.chain import Chain, derive_chain
from onebasket.channels.demo.clock import DemoDay
from onebasket.channels.demo.derived import derived_file, read_popularity
from onebasket.channels.demo.installing import ACTOR, LOADER, RELAY, source_of
from onebasket.channels.demo.keeping import DemoError, write_kept
from onebasket.channels.demo.loading import build_search, load_chain, load_earning, load_history, load_stock, load_taxes
from onebasket.channels.demo.offering import load_offers
from onebasket.channels.demo.offers import derive_offers
from onebasket.channels.demo.partnering import PARTNERS, goods_file, write_goods
from onebasket.channels.demo.popularity import Popularity, derive_popularity
from onebasket.channels.demo.slices import ALL_STORES, BUSIEST, FIRST_DAY, LAST_DAY
from onebasket.channels.demo.stock import ChainStock, derive_stock
from onebasket.commerce.places.queries import all_places
from onebasket.kernel.identity import fingerprint

DEFAULT_DAY = date(2017, 12, 23)
HISTORY_DAYS = 7
_BEGIN, _READY, _TARGET = "demo.begin", "demo.ready", "demo/chain"
Value = TypeVar("Value")


class Wish(NamedTuple):
    """What the user asked for; None is whatever the database holds, else the default. 0 stores are all."""

    stores: int | None = None
    day: date | None = None


class Prepared(NamedTuple):
    """A database at the demo's begin: its days, its busiest store, its scarce SKUs, and where the time went.

    `seconds` is by step, of this start; `loaded_now` whether this start has loaded anything.
    """

    day: DemoDay
    installation: str
    seconds: dict[str, float]
    loaded_now: bool
    busiest: str
    scarce: tuple[str, ...]


def check_wish(wish: Wish) -> None:
    """Refuse a day or a number of stores that the data does not have.

    Raises:
        DemoError: says which there are.
    """
    if wish.day is not None and not FIRST_DAY <= wish.day <= LAST_DAY:
        raise DemoError(f"The data has no day {wish.day}: choose one from {FIRST_DAY} to {LAST_DAY}.")


def prepare(folder: Path, wish: Wish, *, console: Console) -> Prepared:
    """Load what is missing, with a progress bar for each step.

    Raises:
        DemoError: the database holds something else.
    """
    begun = _entry(_BEGIN)
    if begun is None:
        if places := all_places():
            raise DemoError(
                f"This database holds a chain of {len(places)} places that is not the demo's, and stays untouched. "
                "Choose another folder with --home, or another DATABASE_URL."
            )
        begun = _begin(wish)
    day, installation = msgspec.convert(begun["day"], DemoDay), str(begun["installation"])
    _same(day, wish)
    steps = Steps(console)
    ready = _entry(_READY)
    loaded_now = ready is None
    if ready is None:
        ready = _load(folder, day, steps)
    elif not all(path.is_file() for path in _derived_files(folder, day.stores)):
        _derive(folder, day, steps)
    connections.close_all()
    scarce = msgspec.convert(ready["scarce"], tuple[str, ...])
    return Prepared(day, installation, steps.seconds, loaded_now, str(ready["busiest"]), scarce)


class Steps:
    """Shows each step's progress and keeps how long it took."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self.seconds: dict[str, float] = {}
        self._tasks: dict[str, tuple[TaskID, float]] = {}

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bars while inside."""
        with self._progress:
            yield

    def advance(self, what: str, done: int, total: int) -> None:
        """Note that so much of a step is done; its first note begins it."""
        if what not in self._tasks:
            self._tasks[what] = (self._progress.add_task(what, total=total), self._ended())
        task, began = self._tasks[what]
        self._progress.update(task, completed=done, total=total)
        self.seconds[what] = time.monotonic() - began

    def single(self, what: str, work: Callable[[], Value]) -> Value:
        """Do a step that tells no progress."""
        task = self._progress.add_task(what, total=1)
        began = time.monotonic()
        result = work()
        self._progress.update(task, completed=1)
        self.seconds[what] = time.monotonic() - began
        self._tasks[what] = (task, began)
        return result

    def _ended(self) -> float:
        """Return when the step before ended: a step's first note comes after its first batch."""
        last = max(((began + self.seconds[what]) for what, (_, began) in self._tasks.items()), default=time.monotonic())
        return min(last, time.monotonic())


def _load(folder: Path, day: DemoDay, steps: Steps) -> dict[str, object]:
    tune_process()
    tune_writer(LOADING)
    loader, relay = source_of(LOADER, "Loads the demo's master data"), source_of(RELAY)
    with steps.shown():
        chain, derived = _derive_inside(folder, day, steps)
        priced_from = day.past(day.part.begins_at())
        load_chain(chain, source_id=loader, priced_from=priced_from, progress=steps.advance)
        load_earning(chain, since=priced_from)
        suffix = f"{day.move_days}"
        offers = steps.single("offers, derived from the data", lambda: derive_offers(chain, day.part))
        load_taxes(chain, source_id=loader, since=priced_from, progress=steps.advance)
        load_offers(offers, chain, day, source_id=loader, priced_from=priced_from, progress=steps.advance)
        load_stock(derived, source_id=relay, timed=day.past, suffix=suffix, until=day.opens_at, progress=steps.advance)
        load_history(chain, day, source_id=relay, progress=steps.advance)
        steps.single("what sells, and the search index", build_search)
    detail: dict[str, object] = {
        "busiest": _busiest(chain, folder, day.stores),
        "scarce": list(derived.scarce),
        "seconds": {what: round(seconds, 1) for what, seconds in steps.seconds.items()},
    }
    _note(_READY, detail)
    return detail


def _derived_files(folder: Path, stores: int) -> list[Path]:
    return [
        *(derived_file(folder, stores, shape) for shape in (Chain, Popularity)),
        *(goods_file(folder, partner) for partner in PARTNERS),
    ]


def _derive(folder: Path, day: DemoDay, steps: Steps) -> None:
    with steps.shown():
        _derive_inside(folder, day, steps)


def _derive_inside(folder: Path, day: DemoDay, steps: Steps) -> tuple[Chain, ChainStock]:
    chain = steps.single("the chain, derived from the data", lambda: derive_chain(day.part))
    derived = steps.single("stock, derived from the sales", lambda: derive_stock(chain, day.part))
    for stale in folder.glob("*.msgpack"):
        stale.unlink()
    write_kept(derived_file(folder, day.stores, Chain), chain)
    write_goods(folder, chain)
    write_kept(derived_file(folder, day.stores, Popularity), derive_popularity(chain, derived.scarce))
    return chain, derived


def _busiest(chain: Chain, folder: Path, stores: int) -> str:
    """Return the code of the store that sells most often."""
    wanted = read_popularity(folder, stores).places
    return max(wanted, key=lambda code: sum(item.lines for item in wanted[code]), default=chain.places[0].code)


def _same(day: DemoDay, wish: Wish) -> None:
    stores = None if wish.stores is None or wish.stores == day.stores else wish.stores
    if stores is None and (wish.day is None or wish.day == day.day):
        return
    held = "all stores" if day.stores == ALL_STORES else f"{day.stores} stores"
    raise DemoError(
        f"This database holds the demo of {held} on {day.day}. Start it without --stores, --all and --day; or load "
        "another with --fresh, which deletes this one, or beside it with --home."
    )


def _begin(wish: Wish) -> dict[str, object]:
    now: datetime = database_now()
    stores = BUSIEST if wish.stores is None else wish.stores
    day = DemoDay(wish.day or DEFAULT_DAY, stores, HISTORY_DAYS, now)
    detail = {"day": msgspec.to_builtins(day), "installation": fingerprint(now.isoformat())[:12]}
    _note(_BEGIN, detail)
    return detail


def _note(action: str, detail: dict[str, object]) -> None:
    with transaction.atomic():
        trail.note_change(ACTOR, action=action, target=_TARGET, at=database_now(), detail=detail)


def _entry(action: str) -> dict[str, object] | None:
    entry = TrailEntry.objects.filter(target=_TARGET, action=action, actor=ACTOR).order_by("id").first()
    return None if entry is None else entry.detail
