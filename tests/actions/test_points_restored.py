"""Points that paid at a till come back with the goods: as many as they were, whatever points are worth today."""

from datetime import date, timedelta

import pytest

from onebasket.base.models import SubscriptionCursor
from onebasket.commerce.books.actions import set_earning_rule
from onebasket.commerce.books.models import Entry
from onebasket.commerce.books.queries.points import points_of
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.commerce.fulfilment.actions import ReturnCall, accept_returns, returning
from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnAccepted, ReturnRequest
from onebasket.commerce.sales.rules.receipt import Original, Tender
from tests.builders import Clock, item, make_chain, receipt, sell
from tests.journal import posted, run, wrong
from tests.offers import add_customers

pytestmark = pytest.mark.django_db
NUMBER = "77"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock().hold_still(monkeypatch)
    monkeypatch.setattr(returning, "database_now", clock)
    return clock


@pytest.fixture
def source(clock: Clock) -> int:
    source = make_chain()
    add_customers(source, NUMBER)
    return source


def worth(day: int, points: int, *, earn: int = 1) -> None:
    """Let 1.00 earn so many points from a day on, and so many points pay 1.00."""
    rule = EarningRule("USD", date(2026, 3, day), earn, 100, worth_points=points, worth_amount=100)
    set_earning_rule(rule, actor="tests")


def bring(source: int, key: str, quantity: int) -> ReturnAccepted:
    printed = Original("p1", "1", date(2026, 3, 2), "s1")
    request = ReturnRequest(key, "p1", "eve", (BackLine(quantity, 1),), receipt=printed)
    (done,) = accept_returns([ReturnCall(source, request)])
    assert isinstance(done, ReturnAccepted), done
    run()
    return done


@pytest.mark.parametrize("later", [100, 250, 0])
def test_as_many_points_come_back_as_had_paid(source: int, clock: Clock, later: int) -> None:
    """Four milks at 2.00: 5.00 in cash, and 300 points of 100 for 1.00 paid 3.00; 8 points were earned."""
    worth(1, 100)
    worth(3, later, earn=2)
    tenders = (Tender("cash", 500), Tender("points", 300))
    sell(source, receipt("s1", item("milk", 4, 800, sku="milk"), tenders=tenders, loyalty_number=NUMBER))
    run()
    assert points_of(NUMBER).available == 8 - 300

    clock.now += timedelta(days=1)
    first = bring(source, "r1", 1)
    assert [(one.kind, one.amount) for one in first.tenders] == [("points", 200)]
    assert points_of(NUMBER).available == 6 - 100
    second = bring(source, "r2", 3)

    assert [(one.kind, one.amount) for one in second.tenders] == [("points", 100), ("cash", 500)]
    assert points_of(NUMBER).available == 0
    before = Entry.objects.count()
    SubscriptionCursor.objects.update(position=0)
    run()
    assert Entry.objects.count() == before
    assert wrong() == []


def test_on_the_day_of_the_sale_the_receipt_does_all_of_it(source: int) -> None:
    worth(1, 100)
    sell(
        source, receipt("s1", item("milk", 2, 400, sku="milk"), tenders=(Tender("points", 400),), loyalty_number=NUMBER)
    )
    run()

    done = bring(source, "r1", 1)

    assert posted(f"return/{done.id}") == {}
    assert points_of(NUMBER).available == 2 - 200
