"""Points under many hands: never spent past zero, each fact posted once, each receipt journalised once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connections, transaction

from onebasket.base.committer import perform
from onebasket.base.outbox import number_events
from onebasket.commerce.books.actions import open_points, post_entries, post_points, posting, set_earning_rule
from onebasket.commerce.books.models import Entry, Posting
from onebasket.commerce.books.queries.audit import audit_books
from onebasket.commerce.books.queries.points import points_of
from onebasket.commerce.books.rules.points import EarningRule, Points, PointsFacts, points_earned
from onebasket.commerce.sales.actions.journalising import Journalising
from onebasket.commerce.sales.queries.journal_audit import audit_journal
from tests.builders import MORNING, item, make_chain, receipt, sell

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


@pytest.fixture(autouse=True)
def chain() -> int:
    return make_chain(stock={"milk": 1000})


def facts(fact: str, points: int) -> PointsFacts:
    return PointsFacts(fact=fact, occurred_at=MORNING, place_code="p1", loyalty_number="77", points=points)


def together(act: Callable[[int], object], times: int) -> list[object]:
    """Act in threads with connections of their own."""

    def run(number: int) -> object:
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(times)))


def earn(points: int) -> int:
    with transaction.atomic():
        return post_entries([points_earned(facts("order/0", points))], now=MORNING).fresh


def spend(number: int) -> bool:
    with transaction.atomic():
        book = open_points(["77"])
        spent = book.spend(facts(f"order/{number + 1}", 10), unit="USD", amount=100, order=str(number + 1))
        post_points(book, now=MORNING)
    return spent


def green() -> None:
    assert [finding for finding in (*audit_books(), *audit_journal()) if finding.differences] == []


def test_forty_who_spend_at_once_spend_what_there_is_and_no_more() -> None:
    earn(85)
    spent = together(lambda number: perform(lambda numbers: [spend(one) for one in numbers], [number])[0], 40)
    assert sorted(spent) == [False] * 32 + [True] * 8  # type: ignore[type-var]
    assert points_of("77") == Points(5, 0)
    green()


def test_a_check_and_its_use_in_two_transactions_would_pass_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: two who looked before either spent, with no witness behind them."""
    monkeypatch.setattr(posting, "passes_zero", lambda *_: False)
    earn(10)
    books = []
    for number in (1, 2):
        with transaction.atomic():
            books.append(open_points(["77"]))
        assert books[-1].spend(facts(f"order/{number}", 10))
    for book in books:
        with transaction.atomic():
            post_points(book, now=MORNING)
    assert points_of("77") == Points(-10, 0)


def test_the_same_fact_from_many_at_once_is_posted_once() -> None:
    def act(_: int) -> None:
        perform(lambda facts: [earn(points) for points in facts], [10])

    together(act, 16)
    assert points_of("77") == Points(10, 0)
    assert Entry.objects.count() == 1
    green()


def test_workers_that_journalise_at_once_post_each_receipt_once(chain: int) -> None:
    set_earning_rule(EarningRule("USD", date(2026, 1, 1), 1, 100), actor="tests")
    sell(chain, *(receipt(f"a{number}", item("milk", 1, 199), loyalty_number="77") for number in range(50)))
    Journalising().finish()
    sell(chain, *(receipt(f"b{number}", item("milk", 1, 199), loyalty_number="77") for number in range(250)))
    while number_events():
        pass
    together(lambda _: Journalising().turn(), 16)
    Journalising().finish()
    assert Entry.objects.count() == 300
    assert Posting.objects.filter(account=1000).count() == 300
    assert points_of("77") == Points(300, 0)
    green()
