"""The fulfilment's part of the audit: green over all that is brought back, and each check fails alone."""
# ruff: noqa: S608 - the statements are the test's own

from datetime import date

import pytest

from onebasket.base import bulk
from onebasket.base.relay import number_waiting
from onebasket.commerce.fulfilment.actions import scan_code, stage_order
from onebasket.commerce.fulfilment.queries.audit import audit_fulfilment
from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnAccepted, ReturnRefused
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.sales.actions.journalising import journalise_all
from onebasket.commerce.sales.rules.receipt import Original
from onebasket.project.auditing import audit
from tests.actions.test_audit import loosen
from tests.actions.test_picking import followed, ordered
from tests.actions.test_returns import back, bring, collected
from tests.builders import EAN, deliver, item, make_chain, receipt, sell, step

pytestmark = pytest.mark.django_db
PRINTED = Original("p1", "1", date(2026, 3, 2), "s1")


@pytest.fixture(autouse=True)
def brought_back() -> None:
    source = make_chain("p1", "p2", stock={"milk": 20, "bread": 5})
    deliver(source, {"milk": 5}, place="p2")
    order = collected(source)
    sell(source, receipt("s1", item("milk", 2, 398, sku="milk")))
    made = bring(
        source,
        back("r1", BackLine(1, 1), order=order.id),
        back("r2", BackLine(1, 1), BackLine(1, 2), order=order.id),
        back("r3", BackLine(1, 1), receipt=PRINTED),
        back("r4", BackLine(1, sku="milk"), place="p1"),
        back("r5", BackLine(9, 1), receipt=PRINTED),
    )
    assert [type(one) for one in made] == [ReturnAccepted] * 4 + [ReturnRefused]
    picked = ordered(source, "b9", milk=3)
    for key in "ab":
        scan_code(followed(picked.id), EAN, key=key)
    step(source, "pick9", picked, Step.PICK)
    stage_order(picked.id, "Fridge", actor="ann", places=None)


def wrong() -> set[str]:
    return {finding.check for finding in audit_fulfilment() if finding.differences}


def test_everything_that_happens_is_green() -> None:
    assert [(finding.check, finding.examples) for finding in audit_fulfilment() if finding.differences] == []
    figures = {finding.check: finding.figure for finding in audit_fulfilment()}
    assert figures == {
        "fulfilment.entries": 4,
        "fulfilment.back": 4,
        "fulfilment.receipts": 4,
        "fulfilment.totals": 167 + 416 + 199 + 199,
        "fulfilment.scans": 2,
    }


def test_the_other_parts_of_the_audit_find_nothing_wrong_with_returns() -> None:
    number_waiting()
    journalise_all()
    assert [(finding.check, finding.examples) for finding in audit() if finding.differences] == []


OF_ORDER = "SUBSTR(reference, 1, 6) = 'order/'"
OTHER = "(SELECT MIN(receipt_id) FROM fulfilment_return)"

CORRUPTIONS: list[tuple[str, str, str, str, str]] = [
    ("a return's entry", "entries", "return", "entry_id = 999999", OF_ORDER),
    ("a return of another source", "entries", "return", "source_id = 77", OF_ORDER),
    ("how much came back", "back", "broughtback", "back = back - 1", OF_ORDER),
    ("more back than was sold", "back", "broughtback", "sold = 0", OF_ORDER),
    ("what a return's line is of", "back", "returnline", "original = 9", "original = 1"),
    ("what a return is of", "back", "return", "reference = 'order/none'", OF_ORDER),
    ("a return without a receipt", "receipts", "return", "receipt_id = 999999", OF_ORDER),
    ("a receipt of two returns", "receipts", "return", f"receipt_id = {OTHER}", f"receipt_id <> {OTHER}"),
    ("a return's number", "receipts", "return", "number = 'R-0'", OF_ORDER),
    ("a return's currency", "receipts", "return", "currency = 'EUR'", OF_ORDER),
    ("a return's total", "receipts totals", "return", "total = total + 1", OF_ORDER),
    ("a return's tax", "receipts totals", "return", "tax_total = tax_total + 1", OF_ORDER),
    ("a line's amount", "totals", "returnline", "amount = amount + 1", "original = 1"),
    ("a line's tax", "totals", "returnline", "tax_amount = tax_amount + 1", "original = 1"),
    ("a tender's amount", "totals", "returntender", "amount = amount - 1", "kind = 'cash'"),
    ("more scanned than promised", "scans", "pickscan", "found = 4", "found = 2"),
    ("a scan of no line", "scans", "pickscan", "line = 9", "found = 2"),
]


@pytest.mark.parametrize(
    ("checks", "table", "change", "where"), [c[1:] for c in CORRUPTIONS], ids=[c[0] for c in CORRUPTIONS]
)
def test_each_check_finds_its_corruption_and_no_other_does(checks: str, table: str, change: str, where: str) -> None:
    name = f"fulfilment_{table}"
    loosen(name)
    row = f"(SELECT id FROM {name} WHERE {where} ORDER BY id LIMIT 1)"
    assert bulk.execute(f"UPDATE {name} SET {change} WHERE id = {row}") == 1
    assert wrong() == {f"fulfilment.{check}" for check in checks.split()}


def test_a_spot_of_no_order_is_found() -> None:
    loosen("fulfilment_staging")
    assert bulk.execute("UPDATE fulfilment_staging SET place_id = 999999") == 1
    assert wrong() == {"fulfilment.scans"}


def test_an_accepted_return_that_is_gone_is_found() -> None:
    assert bulk.execute(f"DELETE FROM fulfilment_return WHERE {OF_ORDER}") == 2
    assert wrong() == {"fulfilment.entries", "fulfilment.back", "fulfilment.totals"}


def test_every_check_has_a_corruption() -> None:
    spoiled = {f"fulfilment.{check}" for _, checks, *_ in CORRUPTIONS for check in checks.split()}
    assert {finding.check for finding in audit_fulfilment()} == spoiled
