"""The audit of orders, payments and returns in the journal: green, and each check fails alone when rows are spoiled."""
# ruff: noqa: S608 - the statements are the test's own

import pytest

from onebasket.base import bulk
from onebasket.base.models import SubscriptionCursor
from onebasket.base.relay import number_waiting
from onebasket.commerce.fulfilment.rules.messages import BackLine
from onebasket.commerce.orders.rules.life import Step
from onebasket.project.auditing import audit
from tests.actions.test_journal_orders import bought, bring, clock, collect, source
from tests.builders import order, placed, step
from tests.journal import run, wrong
from tests.paying import Pay, gift_card, open_order

__all__ = ["clock", "source"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(source: int) -> int:
    """Sell an order, of which a part came back, and one that a gift card paid."""
    card = gift_card(source, 500)
    one, other = bought(source), placed(source, order("o1", {"milk": 2}))
    open_order(Pay("gift_card", 398, card.account), order=other.id)
    collect(source, one)
    collect(source, other)
    bring(source, one, BackLine(1, 1))
    return source


def figures() -> dict[str, int]:
    return {finding.check: finding.figure for finding in audit()}


def test_what_the_journal_has_come_to_is_green(sold: int) -> None:
    assert wrong() == []
    found = figures()
    assert (found["orders.journal"], found["orders.unjournalised"], found["returns.journal"]) == (2, 0, 1)
    assert found["payments.journal"] == 102


def test_orders_that_the_journal_has_not_come_to_are_counted_and_not_wrong(sold: int) -> None:
    late = placed(sold, order("o2", {"milk": 1}))
    step(sold, "s1", late, Step.PICK)
    step(sold, "s2", late, Step.HAND_OVER)
    assert (wrong(), figures()["orders.unjournalised"]) == ([], 1)
    number_waiting()
    assert (wrong(), figures()["orders.unjournalised"]) == ([], 1)
    run()
    assert (wrong(), figures()["orders.unjournalised"]) == ([], 0)


def test_an_order_that_the_journal_has_passed_over_is_wrong(sold: int) -> None:
    late = placed(sold, order("o2", {"milk": 1}))
    step(sold, "s1", late, Step.PICK)
    step(sold, "s2", late, Step.HAND_OVER)
    number_waiting()
    SubscriptionCursor.objects.filter(name="books.orders").update(position=10_000)
    assert [check for check, _ in wrong()] == ["orders.journal"]


def test_tenders_that_have_not_heard_of_their_order_are_not_wrong(sold: int) -> None:
    bulk.execute("UPDATE payments_payment SET due = due - 1 WHERE status = 'captured'")
    assert {check for check, _ in wrong()} == {"orders.tenders"}
    SubscriptionCursor.objects.filter(name="payments.settle").update(position=0)
    assert wrong() == []


def test_nothing_is_due_on_the_tenders_of_a_cancelled_order(source: int) -> None:
    card, gone = gift_card(source, 500), placed(source, order("o1", {"milk": 2}))
    open_order(Pay("gift_card", 398, card.account), order=gone.id)
    step(source, "off", gone, Step.CANCEL)
    assert wrong() == []
    run()
    assert wrong() == []
    bulk.execute("UPDATE payments_payment SET due = 1")
    assert [check for check, _ in wrong()] == ["orders.tenders"]


ENTRY = "(SELECT MIN(id) FROM books_entry WHERE kind = '{}')"
SPOILS: list[tuple[str, set[str], list[str]]] = [
    (
        f"{kind} that is gone",
        {check},
        [f"DELETE FROM books_posting WHERE entry_id = {ENTRY.format(kind)}",
         f"DELETE FROM books_entry WHERE id = {ENTRY.format(kind)}"],
    )
    for kind, check in (
        ("handed over", "orders.journal"),
        ("captured", "payments.journal"),
        ("refunded", "payments.journal"),
        ("issued", "payments.journal"),
        ("spent", "payments.journal"),
        ("returned", "returns.journal"),
    )
] + [
    ("an order's total in the books", {"orders.journal"}, [
        (f"UPDATE books_posting SET amount = amount + 5 WHERE entry_id = {ENTRY.format('handed over')} "
        "AND account = 1400"),
        (f"UPDATE books_posting SET amount = amount - 5 WHERE entry_id = {ENTRY.format('handed over')} "
        "AND account = 4010 AND SUBSTR(part, 1, 2) = '0 '"),
    ]),
    ("an entry of an order that was not handed over", {"orders.journal"}, [
        f"UPDATE books_entry SET fact = REPLACE(fact, 'order/', 'order/x') WHERE id = {ENTRY.format('handed over')}",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "checks", "statements"), SPOILS, ids=[what for what, _, _ in SPOILS])
def test_each_spoiled_row_is_found(sold: int, what: str, checks: set[str], statements: list[str]) -> None:
    for statement in statements:
        bulk.execute(statement)
    assert {check for check, _ in wrong()} == checks, what
