"""The audit beside writers: it sees one instant, and makes nobody wait."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
from django.db import DatabaseError, connection, connections

from onebasket.base import audit as auditing
from onebasket.base import bulk
from onebasket.base.audit import Check, prove, snapshot
from onebasket.project.auditing import audit
from tests.scenario import line, open_chain, receipt

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(act: Callable[[], object]) -> None:
    """Do something in another thread, on a connection of its own, and wait for it."""

    def run() -> None:
        act()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("inside", "later"), [(snapshot, 0), (nullcontext, 1)], ids=["one instant", "control: without the snapshot"]
)
def test_what_is_booked_meanwhile_is_not_seen(inside: Callable[[], AbstractContextManager[None]], later: int) -> None:
    chain = open_chain()
    with inside():
        assert bulk.fetch("SELECT COUNT(*) FROM sales_receipt") == [(0,)]
        elsewhere(lambda: chain.sell(receipt(1, line("milk"))))
        assert bulk.fetch("SELECT COUNT(*) FROM sales_receipt") == [(later,)]
    assert bulk.fetch("SELECT COUNT(*) FROM sales_receipt") == [(1,)]


@pytest.mark.parametrize(("same", "seen"), [(True, {0}), (False, {0, 1})], ids=["one instant", "control: its own"])
def test_the_second_connection_sees_the_same_instant(
    monkeypatch: pytest.MonkeyPatch, *, same: bool, seen: set[int]
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite one connection proves everything")
    chain, helped = open_chain(), auditing._helped

    def after_a_sale(name: str) -> AbstractContextManager[None]:
        elsewhere(lambda: chain.sell(receipt(1, line("milk"))))
        return helped(name if same else "")

    monkeypatch.setattr(auditing, "_helped", after_a_sale)
    asleep = "FROM (SELECT pg_sleep(0.2)) AS slept"
    with snapshot():
        counts = prove([Check(f"{n}", "", f"SELECT (SELECT COUNT(*) FROM sales_receipt) {asleep}") for n in range(4)])  # noqa: S608
        sessions = prove([Check(f"{n}", "", f"SELECT pg_backend_pid() {asleep}") for n in range(4)])
    assert {one.figure for one in counts} == seen
    assert len({one.figure for one in sessions}) == 2
    assert [one.check for one in counts] == ["0", "1", "2", "3"]


def test_a_check_that_fails_on_either_connection_fails_the_audit() -> None:
    broken = [Check(f"{n}", "", "SELECT COUNT(*) FROM nothing_of_the_kind") for n in range(4)]
    with pytest.raises(DatabaseError, match="nothing_of_the_kind"), snapshot():
        prove(broken)
    assert audit()


def test_it_is_green_again_and_again_while_tills_sell() -> None:
    chain = open_chain()
    done = threading.Event()

    def sell() -> None:
        number = 1
        while not done.is_set():
            chain.sell(*[receipt(n, line("milk"), line("cheese", 2, paid=500)) for n in range(number, number + 5)])
            number += 5
        connections.close_all()

    thread = threading.Thread(target=sell)
    thread.start()
    try:
        for _ in range(6):
            assert [(item.check, item.examples) for item in audit() if item.differences] == []
    finally:
        done.set()
        thread.join()
    assert bulk.fetch("SELECT COUNT(*) FROM sales_receipt")[0][0] > 0


def test_an_empty_database_is_green() -> None:
    findings = audit()
    assert [finding for finding in findings if finding.figure or finding.differences] == []
    assert len(findings) > 60


def test_it_writes_nothing() -> None:
    open_chain()
    with snapshot(), pytest.raises(Exception, match=r"read-only|readonly"):
        bulk.execute("DELETE FROM stock_shelf")
    assert bulk.fetch("SELECT COUNT(*) FROM stock_shelf") == [(10,)]
