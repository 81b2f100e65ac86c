"""The database goes away under a running hub and comes back: nobody starts the hub again, and nothing is lost."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.channels.api import order_body
from tests.conftest import SpareDatabases
from tests.faults.effects import wrong_effects, wrong_positions
from tests.faults.house import House, open_house
from tests.faults.sending import Books, Senders, send_again
from tests.faults.server import Server, own_server

pytestmark = pytest.mark.timeout(300)
PROMISES_AND_FACTS = {"orders", "holds", "receipts", "stock/facts"}
SOME = 20
OUTAGE, LONG_OUTAGE = 6, 90
"""Seconds that the server is away."""
RECOVERY = 15
"""Seconds after which, at the latest, the hub serves again once the server does."""
CHORES = 2
"""Seconds in which the committer has tried all that it does between batches, on connections of its own."""
BUSY_TIMEOUT = 20
"""Seconds that a SQLite connection waits for another's write."""


@pytest.fixture
def house(command: tuple[str, ...], spare_databases: SpareDatabases, tmp_path: Path) -> Iterator[House]:
    if spare_databases.on_postgres:
        pytest.skip("a file that goes away: PostgreSQL has no such file")
    made = open_house(command, spare_databases.copy(), tmp_path / "home")
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def server(spare_databases: SpareDatabases) -> Iterator[Server]:
    if not spare_databases.on_postgres:
        pytest.skip("a server that goes away: SQLite has none")
    with own_server(spare_databases.folder / f"gone-{spare_databases.worker}") as made:
        yield made


@pytest.fixture(scope="module")
def served(
    command: tuple[str, ...], program: Callable[..., str], server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, Books]]:
    """A hub on the server, and what its senders know: both outlive every outage below."""
    program("migrate", DATABASE_URL=server.url)
    made = open_house(command, server.url, tmp_path_factory.mktemp("gone") / "home")
    try:
        made.start()
        yield made, Books()
    finally:
        made.end()


def everything_is_right(house: House, books: Books) -> None:
    send_again(house, books)
    assert wrong_effects(house, books) == []
    house.wait_until(lambda: wrong_positions(house) == [])
    house.audit()


@pytest.mark.parametrize(
    ("go", "outage"),
    [
        pytest.param(Server.stop, OUTAGE, id="stopped at once"),
        pytest.param(Server.kill, OUTAGE, id="killed"),
        pytest.param(Server.kill, LONG_OUTAGE, id="away for long", marks=pytest.mark.soak),
    ],
)
def test_the_hub_outlives_its_postgresql(
    server: Server, served: tuple[House, Books], go: Callable[[Server], None], outage: int
) -> None:
    house, books = served
    begun = [(process.pid, process.create_time()) for process in house.family]
    books.refusals.clear()
    with Senders(house, books, stem=f"{go.__name__} {outage}", count=6).at_work():
        before = len(books.acknowledged)
        house.wait_until(lambda: len(books.acknowledged) > before + SOME)
        go(server)
        gone = time.monotonic()
        house.wait_until(lambda: house.probe("/readyz") == 503)
        assert house.probe("/healthz") == 200
        house.wait_until(
            lambda: books.refused() == PROMISES_AND_FACTS and time.monotonic() > gone + outage,
            seconds=outage + RECOVERY * 2,
        )
        before = len(books.acknowledged)
        server.start()
        seconds = house.wait_until(
            lambda: house.probe("/readyz") == 200 and len(books.acknowledged) > before + SOME, seconds=RECOVERY
        )
    print(f"served again {seconds:.1f} s after the server did")  # noqa: T201 - read with -s
    assert {(answer.status, answer.json["code"], answer.retry_after) for _, answer in books.refusals} == {
        (503, "unavailable", "2")
    }
    everything_is_right(house, books)
    assert [(process.pid, process.create_time()) for process in house.family] == begun


def test_a_sqlite_file_locked_for_too_long_is_told_and_waited_for(house: House) -> None:
    house.start()
    house.wait_until(lambda: wrong_positions(house) == [])  # or the relay would wait for the lock first
    with closing(sqlite3.connect(house.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        answer = house.ask("POST", "orders", order_body({"milk": 1}), "behind-the-lock")
        seconds = time.monotonic() - begun
        assert (answer.status, answer.json["code"], answer.retry_after) == (503, "unavailable", "2")
        assert BUSY_TIMEOUT - 1 < seconds < BUSY_TIMEOUT + 5
        assert house.ask("GET", "stock/shelves").status == 200
        other.execute("ROLLBACK")
    assert house.ask("POST", "orders", order_body({"milk": 1}), "behind-the-lock").status == 201
    assert house.rows("SELECT COUNT(*) FROM orders_order") == [(1,)]
    house.audit()


def test_a_sqlite_file_that_was_moved_away_is_not_sold_from_until_it_is_back(house: House) -> None:
    """Whoever wrote on into a file without a name would lose what was acknowledged, at the next start."""
    house.start()
    books = Books()
    away = house.file.with_suffix(".away")
    with Senders(house, books, stem="moved", count=4).at_work():
        house.wait_until(lambda: len(books.acknowledged) > SOME)
        house.file.rename(away)
        house.wait_until(lambda: books.refused() == PROMISES_AND_FACTS)
        assert (house.probe("/healthz"), house.probe("/readyz")) == (200, 503)
        assert not house.file.exists()
        before = len(books.acknowledged)
        away.rename(house.file)
        house.wait_until(lambda: len(books.acknowledged) > before + SOME, seconds=RECOVERY)
    assert house.probe("/readyz") == 200
    everything_is_right(house, books)


def test_another_file_in_the_place_of_the_database_is_not_sold_from(
    house: House, spare_databases: SpareDatabases
) -> None:
    house.start()
    assert house.ask("POST", "orders", order_body({"milk": 1}), "before").status == 201
    kept = house.file.rename(house.file.with_suffix(".kept"))
    other = Path(spare_databases.template).read_bytes()
    house.file.write_bytes(other)
    answer = house.ask("POST", "orders", order_body({"milk": 1}), "after")
    assert (answer.status, answer.json["code"], answer.retry_after) == (503, "unavailable", "2")
    assert house.probe("/readyz") == 503
    time.sleep(CHORES)
    assert house.file.read_bytes() == other
    house.file.unlink()
    kept.rename(house.file)
    assert house.ask("POST", "orders", order_body({"milk": 1}), "after").status == 201
    assert house.rows("SELECT COUNT(*) FROM orders_order") == [(2,)]


def test_a_hub_without_its_sqlite_file_makes_no_empty_one(house: House) -> None:
    house.start()
    house.end()
    away = house.file.rename(house.file.with_suffix(".away"))
    house.start(ready=False)
    house.wait_until(lambda: house.probe("/healthz") == 200)
    assert house.probe("/readyz") == 503
    answer = house.ask("POST", "orders", order_body({"milk": 1}), "early")
    assert (answer.status, answer.json["code"], answer.retry_after) == (503, "unavailable", "2")
    assert not house.file.exists()
    away.rename(house.file)
    house.wait_until(lambda: house.probe("/readyz") == 200)
    assert house.ask("POST", "orders", order_body({"milk": 1}), "early").status == 201
