"""A process that books receipts or journalises them on the database of DATABASE_URL: started, and killed, by a test.

`fill <first> <count>`: book receipts. `run`: journalise one at a time, saying so after each, until nothing waits.
`prove`: print what the audit finds wrong, and how many entries there are.
"""

import sys
from datetime import UTC, date, datetime

import django

if __name__ == "__main__":
    django.setup()

from onebasket.base import bulk  # Django must be set up before models are imported
from onebasket.base.relay import number_waiting
from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.books.actions import set_earning_rule
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.commerce.sales.actions import journalising
from onebasket.commerce.sales.actions.journalising import Journalising
from onebasket.commerce.sales.rules.receipt import Kind
from onebasket.project.auditing import audit
from tests.builders import item, make_chain, receipt, sell


def fill(first: int, count: int) -> None:
    """Book receipts, every fifth of them voided, and number their events."""
    if not sources_by_code(["erp"]):
        make_chain(stock={"milk": 10_000})
        set_earning_rule(EarningRule("USD", date(2026, 1, 1), 1, 100), actor="tests")
    source = sources_by_code(["erp"])["erp"].id
    for number in range(first, first + count):
        when = datetime(2026, 3, 2, 14, tzinfo=UTC)
        sell(source, receipt(f"r{number}", item("milk", 1, 199), loyalty_number=str(number % 7), when=when))
        if number % 5 == 0:
            sell(source, receipt(f"v{number}", kind=Kind.VOID, original=f"r{number}", when=when))
    while number_waiting():
        pass


def run() -> None:
    """Journalise in turns of one receipt."""
    journalising.SQLITE_AT_ONCE = journalising.POSTGRESQL_AT_ONCE = 1
    job = Journalising()
    while job.turn():
        sys.stdout.write("posted\n")
        sys.stdout.flush()


def prove() -> None:
    """Print what is wrong, and the number of entries that are their fact's first."""
    wrong = [finding.check for finding in audit() if finding.differences]
    ((entries,),) = bulk.fetch("SELECT COUNT(*) FROM books_entry WHERE version = 1")
    sys.stdout.write(f"{wrong} {entries}\n")


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]), int(sys.argv[3]))
    else:
        {"run": run, "prove": prove}[sys.argv[1]]()
