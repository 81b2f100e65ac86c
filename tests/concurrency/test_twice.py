"""Every write sent twice, at once, in another order, from two senders: one effect, one answer, no deadlock surfaced."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import pytest
from django.db import connection, connections

from onebasket.base.models import Event, InboxEntry
from onebasket.commerce.catalogue.models import Product, Unit
from onebasket.commerce.orders.models import Order
from onebasket.commerce.places.models import Place
from onebasket.commerce.pricing.models import Promotion, Tax
from onebasket.commerce.sales.models import Receipt
from onebasket.commerce.stock.models import Buffer, Count, Hold
from onebasket.commerce.stock.rules.ends import End
from tests.builders import counts_of, faults_in_stock, make_chain, on_hand, shelf
from tests.concurrency.worker import run_together, send, send_all, start, text
from tests.concurrency.writes import EACH, Write, every_write

pytestmark = pytest.mark.django_db(transaction=True)


def assert_one_effect(said: Sequence[Sequence[str]]) -> None:
    """Whatever was sent how often, it was answered the same each time, and done once."""
    answers = sorted({line for lines in said for line in lines})
    assert [pair for pair in pairwise(answers) if pair[0].split()[:2] == pair[1].split()[:2]] == []
    assert len(answers) == 14 * EACH
    assert InboxEntry.objects.filter(key__startswith="t-").count() == 14 * EACH
    assert (Promotion.objects.count(), Tax.objects.count()) == (EACH, EACH)
    assert counts_of(Order, Hold, Buffer) == [EACH] * 3
    assert counts_of(Place, Unit, Product) == [1 + EACH, 2 + EACH, 4 + EACH]
    assert Event.objects.filter(type="price.changed", subject="price/milk").count() == 1 + EACH
    assert Receipt.objects.filter(kind=1, voided=True).count() == EACH
    assert Receipt.objects.filter(kind=3, awaits_original=False, effect=-1).count() == EACH
    assert Count.objects.count() == EACH
    # Delivered 6 and 12; every receipt is voided, every order cancelled, every hold stands.
    assert (shelf("milk"), shelf("bread")) == ((106, 0, EACH), (112, 0, 0))
    assert on_hand("apples") == 70 + EACH - 1
    assert on_hand("bread", state=End.UNSELLABLE) == 0
    assert faults_in_stock() == []


def _send_shuffled(phase: Sequence[Write], seed: int) -> list[str]:
    try:
        doubled = [*phase, *phase]
        random.Random(seed).shuffle(doubled)  # noqa: S311 - no secret
        return [f"{write.name} {text(outcome)}" for write, outcome in send(doubled)]
    finally:
        connections.close_all()


def test_twice_by_one_sender_after_another() -> None:
    source = make_chain(stock={"milk": 100, "bread": 100})

    assert_one_effect([send_all(source, seed) for seed in (1, 2)])


def test_twice_in_threads() -> None:
    source = make_chain(stock={"milk": 100, "bread": 100})

    said: list[list[str]] = []
    for phase in every_write(source):
        with ThreadPoolExecutor(4) as pool:
            said += pool.map(partial(_send_shuffled, phase), range(4))

    assert_one_effect(said)


@pytest.mark.parametrize("seed", [10, 20])
def test_twice_from_two_processes(seed: int) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("one process at a time writes to SQLite")
    source = make_chain(stock={"milk": 100, "bread": 100})

    said = run_together(*(start("all", str(source), str(seed + number)) for number in range(2)))

    send_all(source, seed)  # whichever process ran ahead, the other's orders are cancelled too
    assert_one_effect([lines for lines in said if lines] + [send_all(source, seed + 5)])
