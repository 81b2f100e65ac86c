"""The same goods brought back at several counters at once: paid back once, and never more than was sold."""

from collections.abc import Mapping
from datetime import date
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from onebasket.base.committer import perform
from onebasket.commerce.fulfilment.actions import ReturnCall, accept_returns, returning
from onebasket.commerce.fulfilment.locking import lock_back
from onebasket.commerce.fulfilment.models import BroughtBack, Return
from onebasket.commerce.fulfilment.queries.audit import audit_fulfilment
from onebasket.commerce.fulfilment.queries.brought_back import known_back
from onebasket.commerce.fulfilment.rules.messages import (
    BackLine,
    ReturnAccepted,
    ReturnOutcome,
    ReturnRefused,
    ReturnRequest,
)
from onebasket.commerce.sales.models import Receipt
from onebasket.commerce.sales.rules.receipt import Original
from tests.builders import faults_in_stock, item, make_chain, on_hand, receipt, sell

pytestmark = pytest.mark.django_db(transaction=True)

COUNTERS, SOLD = 6, 4
PRINTED = Original("p1", "1", date(2026, 3, 2), "s1")


def bring_at_once(source: int, *, counters: int, prefix: str = "r", same_key: bool = False) -> list[ReturnOutcome]:
    """Let each counter take one milk of the same receipt back; return what each was told."""
    start, told = Barrier(counters), list[ReturnOutcome]()

    def work(number: int) -> None:
        key = prefix if same_key else f"{prefix}{number}"
        asked = ReturnCall(source, ReturnRequest(key, "p2", "eve", (BackLine(1, 1),), receipt=PRINTED))
        try:
            start.wait()
            told.extend(perform(accept_returns, [asked]))
        finally:
            connection.close()

    threads = [Thread(target=work, args=(number,)) for number in range(counters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.fixture
def source() -> int:
    source = make_chain("p1", "p2", stock={"milk": 10})
    sell(source, receipt("s1", item("milk", SOLD, 500, sku="milk")))
    return source


def test_no_more_comes_back_than_was_sold(source: int) -> None:
    told = bring_at_once(source, counters=COUNTERS)

    accepted = [one for one in told if isinstance(one, ReturnAccepted)]
    refused = [one.code for one in told if isinstance(one, ReturnRefused)]
    assert (len(accepted), refused) == (SOLD, ["too_much"] * (COUNTERS - SOLD))
    assert sum(one.total for one in accepted) == 500
    assert BroughtBack.objects.values_list("sold", "back").get() == (SOLD, SOLD)
    assert on_hand("milk", place_code="p2") == 0
    assert [finding for finding in audit_fulfilment() if finding.differences] == []
    assert faults_in_stock() == []


def test_the_same_return_at_once_is_paid_once(source: int) -> None:
    told = bring_at_once(source, counters=3, same_key=True)
    assert len(set(told)) == 1
    assert (Return.objects.count(), Receipt.objects.filter(till="returns").count()) == (1, 1)


def test_without_the_lock_goods_are_paid_back_twice(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: both counters read before either writes, and the last milk is paid back twice."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, lock or no lock")
    bring_at_once(source, counters=SOLD - 1)
    reference = BroughtBack.objects.get().reference
    with transaction.atomic():
        lock_back(reference, {1: SOLD})
    meet = Barrier(2)

    def unlocked(named: str, sold: Mapping[int, int]) -> dict[int, int]:
        found = known_back(named, sold)
        meet.wait(timeout=20)
        return found

    monkeypatch.setattr(returning, "lock_back", unlocked)
    told = bring_at_once(source, counters=2, prefix="u")
    assert [type(one) for one in told[-2:]] == [ReturnAccepted] * 2
    assert {finding.check for finding in audit_fulfilment() if finding.differences} == {"fulfilment.back"}
