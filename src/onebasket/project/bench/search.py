"""`bench search`: pages of hits with facets over the whole catalogue, in process, beside the engine alone; and quality.

The engine alone is asked the very same, searches and counts, by parts that were built before: no reading of what was
typed, no prices and stock of the hits, no statements.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from onebasket.base import bulk
from onebasket.base.relay import number_waiting
from onebasket.base.tuning import tune_process, tune_writer
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.queries.listing import listed_after
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.places.queries import places_by_id
from onebasket.commerce.search.actions import IndexKeeper, count_sales, rebuild_index
from onebasket.commerce.search.queries import find, finding, suggest
from onebasket.commerce.search.queries.index import generation, index_folder, newest_snapshot
from onebasket.commerce.search.rules.messages import SearchQuery
from onebasket.project.bench.driver import percentile
from onebasket.project.bench.report import Figure, share
from onebasket.project.bench.sales import BATCH, YearRun, receipts_of
from onebasket.project.bench.search_quality import Known, Success, by_hand, judge, known_items

RECEIPTS = 12_000
"""The year's last, some four weeks of them, where the year is not loaded otherwise."""
WARM = 100
PAGE = 24
BROWSED = 200
UPDATES = (1, 100)
WANTED_MS = 10.0


def load_last_receipts(source_id: int, year: Path) -> None:
    """Book the year's last receipts: what sells is counted from them."""
    total = sum(1 for _ in year.open("rb"))
    last = islice(receipts_of(year), max(0, total - RECEIPTS), None)
    YearRun().book(source_id, iter(lambda: list(islice(last, BATCH)), []))


def bench_search(source_id: int, say: Callable[[str], None]) -> list[Figure]:
    """Build the index, ask it, and change it."""
    tune_process()
    tune_writer()
    while number_waiting():
        pass
    count_sales()
    index = _bench_index()
    say(f"search: the index took {index.value:.1f} s")
    place_id = _busiest()
    known, written = known_items(), by_hand()
    pages = _bench_pages([*known, *written], place_id)
    say(f"search: p99 {pages.value:.1f} ms")
    quality = _quality([*judge(known), *judge(written, place_id=place_id)])
    # Last: it changes what is found.
    index.details.update(_bench_updates(source_id))
    return [pages, quality, index]


def mixed_searches(searches: Sequence[Known], place_id: int) -> list[SearchQuery]:
    """Return the searches at a place as shoppers mix them: plain, of what is there, by price, and departments."""
    departments = sorted({product.department for product in listed_after(0, limit=20_000) if product.department})
    found = []
    for number, known in enumerate(searches):
        query = SearchQuery(text=known.text, place_id=place_id, limit=PAGE)
        found.append(_narrowed(query, number))
    for number in range(BROWSED):
        department = departments[number % len(departments)] if number % 5 else ""
        query = SearchQuery(department=department, place_id=place_id, limit=PAGE)
        found.append(_narrowed(query, number))
    return found


def _narrowed(query: SearchQuery, number: int) -> SearchQuery:
    narrowings: dict[int, dict[str, Any]] = {
        1: {"available_only": True},
        2: {"price_from": 100, "price_to": 499},
        3: {"sort": "price"},
        4: {"available_only": True, "sort": "price_desc"},
    }
    stated = narrowings.get(number % 8, {})
    return SearchQuery(
        text=query.text, department=query.department, place_id=query.place_id, limit=query.limit, **stated
    )  # fmt: skip


def _bench_pages(searches: Sequence[Known], place_id: int) -> Figure:
    queries = mixed_searches(searches, place_id)
    for query in queries[:WARM]:
        find(query)
    used: list[float] = []
    times = [_milliseconds(partial(find, query), used) for query in queries]
    with _recording() as recording:
        for query in queries:
            recording.asked.append([])
            find(query)
    bare = sorted(_milliseconds(partial(_again, calls)) for calls in recording.asked)
    starts = [known.text[: 1 + number % 12] for number, known in enumerate(searches)]
    typed = sorted(_milliseconds(partial(suggest, text, place_id=place_id)) for text in starts)
    browsed, ordered = sorted(times[-BROWSED:]), sorted(times)
    p99, limit = percentile(ordered, 99), percentile(bare, 99)
    return Figure(
        "search",
        f"p99 of a page of {PAGE} hits with facets, {newest_snapshot().searcher.num_docs - 1:,} products, in process",
        p99,
        "ms",
        limit=limit,
        limit_is="the engine alone",
        ratio=share(limit, p99),
        details={
            "searches": len(times),
            "p50 ms": percentile(ordered, 50),
            "the engine alone, p50 ms": percentile(bare, 50),
            "the longest ms": ordered[-1],
            "processor time, p99 ms": percentile(sorted(used), 99),
            "without words, p99 ms": percentile(browsed, 99),
            "suggestions as one types, p50 ms": percentile(typed, 50),
            "suggestions as one types, p99 ms": percentile(typed, 99),
            f"over {WANTED_MS:.0f} ms": sum(one > WANTED_MS for one in ordered),
        },
    )


def _quality(groups: Sequence[Success]) -> Figure:
    searches, successes = sum(group.searches for group in groups), sum(group.successes for group in groups)
    return Figure(
        "search success",
        "searches that have a right product among their first five hits",
        successes / searches if searches else 0.0,
        "of all",
        details={group.group: f"{group.successes} of {group.searches} ({group.share:.3f})" for group in groups},
    )


def _bench_index() -> Figure:
    before = psutil.Process().memory_info().rss
    began = time.perf_counter()
    count = rebuild_index()
    seconds = time.perf_counter() - began
    details: dict[str, Any] = {
        "products": count,
        "on disk, MB": sum(file.stat().st_size for file in _files()) / 1e6,
        "memory it took to build, MB": (psutil.Process().memory_info().rss - before) / 1e6,
    }
    return Figure("search index", "built from the tables, searches going on", seconds, "s", details=details)


def _bench_updates(source_id: int) -> dict[str, float]:
    """Return how long it takes from numbered news of so many products to a search that finds all of them."""
    keeper = IndexKeeper()
    while keeper.turn():
        pass
    return {
        f"{many} changed, from the news to the next search, ms": _update(keeper, source_id, many) for many in UPDATES
    }


def _update(keeper: IndexKeeper, source_id: int, number: int) -> float:
    """Change the names of products, and return how long it is until a search finds all of them."""
    word = f"benchword{number}"
    changed = listed_after(0, limit=number)
    items = [
        ProductItem(
            f"{word}-{one.sku}", one.sku, f"{one.name} {word}", one.unit,
            department=one.department, category=one.category, brand=one.brand, tracked=one.tracked, weighed=one.weighed,
        )
        for one in changed
    ]  # fmt: skip
    upsert_products(source_id, items)
    while number_waiting():
        pass

    def take_in() -> None:
        keeper.turn()
        found = find(SearchQuery(text=word)).total
        assert found == number, (found, number)  # noqa: S101 - a benchmark that measures nothing must not say it did

    return _milliseconds(take_in)


def _busiest() -> int:
    ((place_id, _),) = bulk.fetch(
        "SELECT place_id, SUM(lines) FROM search_soldlines GROUP BY place_id ORDER BY 2 DESC, 1 LIMIT 1"
    )
    return places_by_id([place_id])[place_id].id


def _files() -> list[Path]:
    folder = index_folder()
    return [file for file in (folder / generation(folder)).iterdir() if file.is_file()]


def _milliseconds(run: Callable[[], object], used: list[float] | None = None) -> float:
    """Return how long it took; what it used of the processor goes to `used`, for where others use it too."""
    began, clock = time.perf_counter(), time.thread_time()
    run()
    if used is not None:
        used.append((time.thread_time() - clock) * 1000)
    return (time.perf_counter() - began) * 1000


@dataclass
class _Recording:
    """What the engine was asked, by search: the method and what it was given."""

    searcher: Any
    asked: list[list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the engine has it
        method = getattr(self.searcher, name)
        if not callable(method):
            return method

        def noted(*given: Any, **how: Any) -> Any:  # noqa: ANN401 - as the engine takes and gives it
            self.asked[-1].append((method, given, how))
            return method(*given, **how)

        return noted


@contextmanager
def _recording() -> Iterator[_Recording]:
    """Note what is asked of the engine while the block runs."""
    snapshot, name = newest_snapshot(), newest_snapshot.__name__
    recording = _Recording(snapshot.searcher)
    recorded = replace(snapshot, searcher=recording)  # type: ignore[arg-type] # it stands in for the engine's own
    vars(finding)[name] = lambda: recorded
    try:
        yield recording
    finally:
        vars(finding)[name] = newest_snapshot


def _again(calls: Sequence[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]]) -> None:
    for method, given, how in calls:
        method(*given, **how)
