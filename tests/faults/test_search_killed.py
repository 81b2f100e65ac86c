"""Whoever writes the index is killed at random moments: what is left can be searched, and comes up to date again."""

import json
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from onebasket.commerce.search.actions import IndexKeeper, building, rebuild_index
from onebasket.commerce.search.queries import IndexMissingError
from tests.conftest import SpareDatabases
from tests.faults.house import PATIENCE, House, has_not_ended, kill, open_house
from tests.faults.indexing import PRODUCTS as WIDGETS
from tests.forking import Forked, run
from tests.searching import PRODUCTS, build, found, open_store

SEED, KILLS = 20_260_302, 6
SEARCHERS, CHANGES = 6, 5
SOON = 15.0
"""Seconds: what changed is found within one or two; two shared cores may take longer."""
MODULE = "onebasket.project.indexer"
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def environment(spare_database_url: str, tmp_path: Path) -> dict[str, str]:
    told = {"ONEBASKET_ENV": "test", "ONEBASKET_HOME": str(tmp_path), "ONEBASKET_LOG_LEVEL": "WARNING"}
    return (
        os.environ | told | {"DATABASE_URL": spare_database_url, "DJANGO_SETTINGS_MODULE": "onebasket.project.settings"}
    )


def test_killed_at_any_moment_it_leaves_an_index_that_can_be_searched(environment: dict[str, str]) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable moments, no secret
    run("tests.faults.indexing", "open", env=environment)
    for number in range(KILLS):
        churning = Forked("tests.faults.indexing", "churn", str(number), env=environment)
        assert churning.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.05, 1.5))
        churning.kill()
        churning.communicate(timeout=PATIENCE)
        told = json.loads(run("tests.faults.indexing", "check", env=environment))
        assert told["faults"] == [], f"seed {SEED}, kill {number}: {told}"
        assert told["before"] == len(PRODUCTS) + WIDGETS


@pytest.mark.django_db
def test_an_index_that_is_not_whole_is_never_the_one_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: named before it was whole, it would be all there is when its builder is killed."""
    open_store()
    build()

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "_build", killed)
    with pytest.raises(KeyboardInterrupt):
        rebuild_index()
    assert found("bananas") == ["banana", "bread"]

    def named_first(path: Path, _: object) -> int:
        building.let_hold(path.parent, path.name)
        return killed()

    monkeypatch.setattr(building, "_build", named_first)
    with pytest.raises(KeyboardInterrupt):
        rebuild_index()
    with pytest.raises(IndexMissingError):
        found("bananas")
    monkeypatch.undo()
    assert IndexKeeper().turn() == len(PRODUCTS)
    assert found("bananas") == ["banana", "bread"]


@pytest.fixture(scope="module")
def house(
    command: tuple[str, ...], spare_databases: SpareDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A hub of two serving processes, and on PostgreSQL a worker that numbers the news."""
    house = open_house(command, spare_databases.copy(), tmp_path_factory.mktemp("search") / "home")
    try:
        house.start(arguments=("--workers", "2"))
        yield house
    finally:
        house.end()


def put(house: House, name: str, key: str, sku: str = "widget") -> None:
    item = {"key": key, "sku": sku, "name": name, "department": "Toys"}
    answer = house.ask("PUT", "/api/v1/products", {"items": [item]})
    assert answer.status == 200, answer


def skus(house: House, text: str) -> list[str]:
    """Search over a connection of its own: any of the serving processes answers."""
    answer = house.ask("GET", f"/api/v1/search?text={text}")
    assert answer.status == 200, answer
    return [hit["sku"] for hit in answer.json["items"]]


def until_all_find(house: House, text: str, expected: list[str]) -> float:
    """Wait until eight connections in a row find it; return the seconds that it took."""
    return house.wait_until(lambda: all(skus(house, text) == expected for _ in range(8)), seconds=SOON)


def indexers(house: House) -> list[psutil.Process]:
    return [child for child in house.children() if has_not_ended(child) and MODULE in child.cmdline()]


def ready(house: House) -> None:
    house.wait_until(lambda: house.ask("GET", "/api/v1/search?text=x").status == 200)


def test_changes_are_found_within_seconds_by_every_process_while_searches_go_on(house: House) -> None:
    ready(house)
    go_on, searches = [True], [0] * SEARCHERS

    def search(number: int) -> None:
        while go_on:
            skus(house, "widget")
            searches[number] += 1

    with ThreadPoolExecutor(SEARCHERS) as pool:
        running = [pool.submit(search, number) for number in range(SEARCHERS)]
        try:
            for number, word in enumerate(("amber", "beige", "coral", "denim", "ebony")[:CHANGES]):
                put(house, f"{word.title()} widget", f"change-{number}")
                until_all_find(house, word, ["widget"])
        finally:
            go_on.clear()
    assert [one.result(PATIENCE) for one in running] == [None] * SEARCHERS
    assert min(searches) > 0
    assert skus(house, "amber") == []


def test_the_indexer_is_started_again_and_goes_on(house: House) -> None:
    ready(house)
    (before,) = indexers(house)
    kill([before])
    put(house, "Lilac widget", "after-the-kill", sku="lilac")
    until_all_find(house, "lilac", ["lilac"])
    (after,) = indexers(house)
    assert after.pid != before.pid
