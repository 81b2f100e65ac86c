"""The disk is full under a running hub: writers are told so, and once there is room all goes on by itself."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import SpareDatabases
from tests.faults.effects import wrong_effects, wrong_positions
from tests.faults.house import Answer, House, open_house
from tests.faults.sending import Books, Senders, send_again
from tests.faults.server import own_server, small_disk

pytestmark = pytest.mark.timeout(300)
PROMISES_AND_FACTS = {"orders", "holds", "receipts", "stock/facts"}
SOME = 20
PAGES_VARIABLE = "ONEBASKET_TEST_PAGES"
"""Where small_settings.py reads how many pages the file may have."""
PAGES = 60
"""So many pages of 4 KiB the file may grow by."""


def work_through(
    house: House, *, fill: Callable[[], None], while_full: Callable[[], None], clear: Callable[[], None]
) -> Books:
    """Fill the disk under load until every kind of write is refused, make room, and go on; nothing is started again."""
    books = Books()
    with Senders(house, books, stem="full", count=4).at_work():
        house.wait_until(lambda: len(books.acknowledged) > SOME)
        fill()
        house.wait_until(lambda: books.refused() == PROMISES_AND_FACTS)
        while_full()
        clear()
        before = len(books.acknowledged)
        house.wait_until(lambda: len(books.acknowledged) > before + SOME)
    assert send_again(house, books) >= len(PROMISES_AND_FACTS)
    assert wrong_effects(house, books) == []
    house.wait_until(lambda: wrong_positions(house) == [])
    house.audit()
    return books


def told(books: Books) -> set[tuple[int, str, str]]:
    """Return the status, code and Retry-After of every refusal."""
    return {(answer.status, answer.json["code"], answer.retry_after) for _, answer in books.refusals}


def reads_work(house: House) -> None:
    for path in ("stock/shelves", "orders", "receipts", "events"):
        assert house.ask("GET", path).status == 200
    assert house.probe("/healthz") == 200


@pytest.fixture
def house(command: tuple[str, ...], spare_databases: SpareDatabases, tmp_path: Path) -> House:
    if spare_databases.on_postgres:
        pytest.skip("PostgreSQL gets a small disk of its own below")
    return open_house(command, spare_databases.copy(), tmp_path / "home")


def test_sqlite_that_may_not_grow_refuses_and_goes_on_once_there_is_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(house.file)) as session, session:
        session.execute("CREATE TABLE ballast (content BLOB)")
        session.execute("INSERT INTO ballast VALUES (zeroblob(4000000))")
        ((pages,),) = session.execute("PRAGMA page_count")
    monkeypatch.setenv(PAGES_VARIABLE, str(pages + PAGES))
    house.settings = "tests.faults.small_settings"

    def while_full() -> None:
        reads_work(house)
        house.audit()

    try:
        house.start()
        books = work_through(house, fill=lambda: None, while_full=while_full, clear=lambda: drop_ballast(house))
    finally:
        house.end()
    assert told(books) == {(503, "unavailable", "2")}
    assert "database or disk is full" in house.said()


def drop_ballast(house: House) -> None:
    house.rows("DROP TABLE ballast")


def test_sqlite_on_a_full_disk_refuses_and_goes_on_once_there_is_room(house: House, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=64) as disk:
        moved = disk.folder / "onebasket.sqlite3"
        shutil.copyfile(house.file, moved)
        house.url = f"sqlite:///{moved}"
        try:
            house.start()
            books = work_through(
                house, fill=lambda: disk.fill(leave=200_000), while_full=lambda: reads_work(house), clear=disk.clear
            )
        finally:
            house.end()
        assert told(books) == {(503, "unavailable", "2")}


def test_postgresql_on_a_full_disk_refuses_and_goes_on_once_there_is_room(
    command: tuple[str, ...], program: Callable[..., str], spare_databases: SpareDatabases, tmp_path: Path
) -> None:
    if not spare_databases.on_postgres:
        pytest.skip("SQLite gets a small disk of its own above")
    folder = Path(os.environ["ONEBASKET_TEST_FOLDER"]) / "disk"
    with small_disk(folder, megabytes=192) as disk, own_server(folder / "server") as server:
        program("migrate", DATABASE_URL=server.url)
        house = open_house(command, server.url, tmp_path / "home")

        def while_full() -> None:
            assert house.probe("/healthz") == 200
            answer: Answer = house.ask("GET", "stock/shelves")
            assert answer.status == 200 or answer.retry_after == "2", answer

        def clear() -> None:
            disk.clear()
            server.start()  # a server that could not even write its log has ended, and its supervisor starts it

        try:
            house.start()
            books = work_through(house, fill=lambda: disk.fill(leave=500_000), while_full=while_full, clear=clear)
        finally:
            house.end()
        assert told(books) <= {(503, "unavailable", "2"), (503, "late", "1")}
