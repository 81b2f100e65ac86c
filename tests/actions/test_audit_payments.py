"""The payments' part of the audit: green over everything that happens, and each check fails alone."""
# ruff: noqa: S608 - the statements are the test's own

import pytest

from onebasket.base import bulk
from onebasket.commerce.payments.queries.audit import audit_payments
from tests.actions.test_audit import loosen
from tests.scenario import open_chain
from tests.scenario_paying import pay_everything

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def paid() -> None:
    pay_everything(open_chain().source)


def wrong() -> dict[str, int]:
    return {finding.check: finding.differences for finding in audit_payments() if finding.differences}


def test_everything_that_happens_is_green() -> None:
    assert [(finding.check, finding.examples) for finding in audit_payments() if finding.differences] == []
    figures = {finding.check: finding.figure for finding in audit_payments()}
    assert figures == {
        "payments.balances": 5_000 - 2_000 + 900 - 500,
        "payments.spent": 4,
        "payments.amounts": 12,
        "payments.tenders": 7,
        "payments.refunds": 1_300,
        "payments.calls": 11,
        "payments.unknown": 1,
    }


CARD = "status = 'captured' AND method = 'card' AND refunded > 0"
SPENT = "amount < 0 AND order_id IS NOT NULL"
LET_GO = "status = 'reversed' AND account_id IS NULL AND authorised > 0"
FIRST_CARD = f"payment_id = (SELECT id FROM payments_payment WHERE {CARD} ORDER BY id LIMIT 1)"
MOVED = "operation IN ('capture', 'reverse')"

CORRUPTIONS: list[tuple[str, str, str, str, str]] = [
    ("a balance", "balances", "balanceaccount", "balance = balance + 1", "balance > 9"),
    ("an entry's amount", "balances spent", "balanceentry", "amount = amount - 1", SPENT),
    ("an entry's order", "spent", "balanceentry", "order_id = NULL", SPENT),
    ("an entry of nobody's account", "balances spent", "balanceentry", "account_id = 999", SPENT),
    ("more captured than put aside", "amounts", "payment", "authorised = 1", CARD),
    ("more due than asked", "amounts", "payment", "due = amount + 1", CARD),
    ("more given back than captured", "amounts refunds", "payment", "refunded = captured + 1", CARD),
    ("captured money of a payment that was let go", "amounts", "payment", "captured = 1", LET_GO),
    ("a tender numbered twice", "tenders", "payment", "number = 2", "number = 3"),
    ("a tender in another currency", "tenders", "payment", "currency = 'EUR'", "number = 3"),
    ("a refund's amount", "refunds", "refund", "amount = amount + 1", "key = 'back-1'"),
    ("a refund's part", "refunds", "refundpart", "amount = amount + 1", "status = 'done'"),
    ("a call of nobody's payment", "calls", "attempt", "payment_id = NULL", "result = 'lost'"),
]


@pytest.mark.parametrize(
    ("checks", "table", "change", "where"), [c[1:] for c in CORRUPTIONS], ids=[c[0] for c in CORRUPTIONS]
)
def test_each_check_finds_its_corruption_and_no_other_does(checks: str, table: str, change: str, where: str) -> None:
    name = f"payments_{table}"
    loosen(name)
    assert (
        bulk.execute(f"UPDATE {name} SET {change} WHERE id = (SELECT id FROM {name} WHERE {where} ORDER BY id LIMIT 1)")
        == 1
    )
    assert set(wrong()) == {f"payments.{check}" for check in checks.split()}


def test_an_authorisation_asked_for_twice_is_found() -> None:
    assert bulk.execute(f"UPDATE payments_attempt SET key = 'same', operation = 'authorise' WHERE {MOVED}") > 1
    assert set(wrong()) == {"payments.calls"}


def test_a_card_that_paid_without_a_word_is_found() -> None:
    assert bulk.execute(f"UPDATE payments_attempt SET result = 'lost' WHERE {FIRST_CARD}") > 1
    assert set(wrong()) == {"payments.calls"}


def test_every_check_has_a_corruption() -> None:
    spoiled = {f"payments.{check}" for _, checks, *_ in CORRUPTIONS for check in checks.split()}
    assert {finding.check for finding in audit_payments()} - spoiled == {"payments.unknown"}
