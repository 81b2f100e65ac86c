"""The audit: green over everything that happens, and each check fails alone when its rows are spoiled."""
# ruff: noqa: S608 - the statements are the test's own

import json
from datetime import date, timedelta

import msgspec
import pytest
import typer
from django.db import transaction

from onebasket.base import bulk
from onebasket.base.relay import number_waiting
from onebasket.commerce.books.actions import post_entries, restate_entries, set_earning_rule
from onebasket.commerce.books.rules.points import EarningRule, PointsFacts, points_pending
from onebasket.commerce.fulfilment.queries.audit import audit_fulfilment
from onebasket.commerce.fulfilment.queries.journal_audit import audit_returned
from onebasket.commerce.orders.actions import OrderCall, place_orders
from onebasket.commerce.orders.queries.journal_audit import audit_sold
from onebasket.commerce.orders.rules.messages import LineRequest, OrderRequest
from onebasket.commerce.partners.queries.audit import audit_partners
from onebasket.commerce.partners.queries.commissions_audit import audit_commissions
from onebasket.commerce.partners.queries.journal_audit import audit_sent
from onebasket.commerce.payments.queries.audit import audit_payments
from onebasket.commerce.payments.queries.journal_audit import audit_paid
from onebasket.commerce.pricing.queries.audit import audit_pricing
from onebasket.commerce.sales.actions.journalising import journalise_all
from onebasket.commerce.sales.rules.receipt import Kind, Original
from onebasket.commerce.stock.queries.as_of import shelves_as_of
from onebasket.project.auditing import audit
from onebasket.project.command.audit import run
from tests.scenario import START, Chain, line, receipt, run_everything
from tests.standing import Standing

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def chain(standing: Standing) -> Chain:
    return standing(_everything)


def _everything() -> Chain:
    set_earning_rule(EarningRule("USD", date(2026, 1, 1), 1, 100), actor="tests")
    chain = run_everything()
    number_waiting()
    journalise_all()
    pending = PointsFacts(fact="order/1", occurred_at=START, place_code="s1", loyalty_number="loyal-1", points=9)
    with transaction.atomic():
        post_entries([points_pending(pending)], now=START)
        restate_entries([points_pending(msgspec.structs.replace(pending, points=8))], now=START)
    return chain


def wrong() -> dict[str, int]:
    return {finding.check: finding.differences for finding in audit() if finding.differences}


def test_everything_that_happens_is_green(chain: Chain) -> None:
    assert [(finding.check, finding.examples) for finding in audit() if finding.differences] == []
    figures = {finding.check: finding.figure for finding in audit()}
    ((entries,), (receipts,), (orders,)) = [
        bulk.fetch(f"SELECT COUNT(*) FROM {table}")[0] for table in ("base_inboxentry", "sales_receipt", "orders_order")
    ]
    assert (figures["inbox.once"], figures["sales.entries"], figures["orders.entries"]) == (entries, receipts, orders)
    assert figures["stock.breaches"] == 1
    assert figures["stock.discrepancies"] == 1
    assert figures["stock.held"] == 3
    assert figures["stock.expired_holds"] == 0
    assert (figures["slots.taken"], figures["slots.promises"], figures["slots.expired_holds"]) == (2, 4, 0)
    assert figures["quarantine.kept"] == 2


def test_receipts_that_the_journal_has_not_come_to_are_counted_and_not_wrong(chain: Chain) -> None:
    original = Original("s1", "t1", START.date(), "302")
    chain.sell(receipt(301, kind=Kind.VOID, original=original))
    number_waiting()
    journalise_all()
    chain.sell(receipt(302, line("milk")), receipt(303, line("milk")))
    assert wrong() == {}
    assert {finding.check: finding.figure for finding in audit()}["sales.unjournalised"] == 2
    number_waiting()
    journalise_all()
    assert wrong() == {}
    assert {finding.check: finding.figure for finding in audit()}["sales.unjournalised"] == 0


def test_refusals_leave_it_green(chain: Chain) -> None:
    request = OrderRequest("short", ("s1",), (LineRequest("cheese", 10_000),))
    place_orders([OrderCall(chain.source, request)])
    assert wrong() == {}


def test_expired_holds_are_counted_apart(chain: Chain) -> None:
    bulk.execute(
        "UPDATE stock_holdline SET expires_at = '2026-03-02 09:00:00+00:00' WHERE state = 'active' "
        "AND hold_id IN (SELECT id FROM stock_hold WHERE source_id <> 0)"
    )
    figures = {finding.check: finding.figure for finding in audit()}
    assert (figures["stock.held"], figures["stock.expired_holds"]) == (3, 1)
    assert wrong() == {}


def execute(sql: str) -> int:
    touched = bulk.execute(sql)
    assert touched == 1 or "INSERT" in sql or "CREATE" in sql or "ALTER" in sql, f"{touched} rows: {sql}"
    return touched


def first(table: str, condition: str = "1 = 1") -> str:
    return f"id = (SELECT MIN(id) FROM {table} WHERE {condition})"


def loosen(table: str) -> None:
    """Put the rows into a table without any constraint: what the database refuses, the audit has to see as well."""
    bulk.execute(f"ALTER TABLE {table} RENAME TO spoiled")
    bulk.execute(f"CREATE TABLE {table} AS SELECT * FROM spoiled")


SHELF = first("stock_shelf", "state = 1 AND reserved = 0 AND held = 0 AND on_hand > 5")
LAST_SHELF = "id = (SELECT MAX(id) FROM stock_shelf WHERE on_hand > 5)"
RESERVED = first("stock_shelf", "reserved > 0 AND on_hand > reserved + 5")
O4 = "entry_id = (SELECT id FROM base_inboxentry WHERE key = 'o4')"
SOLD = "(SELECT {} FROM stock_movement WHERE id = (SELECT MIN(id) FROM stock_movement WHERE kind = 5))"
ITS_SHELF = (
    "(SELECT s.id FROM stock_shelf s JOIN stock_movement m ON m.place_id = s.place_id AND m.product_id = s.product_id "
    "WHERE s.state = 1 AND m.id = (SELECT MIN(id) FROM stock_movement WHERE kind = 5))"
)
VOID = "number = '4' AND kind = 3"
FALSE = "1 = 0"
SALE_OF_TAX = (
    "id = (SELECT MIN(p.id) FROM books_posting p WHERE p.account = 4000 AND p.entry_id = "
    "(SELECT MIN(entry_id) FROM books_posting WHERE account = 2000))"
)
TENDER = "amount = 100 AND status = 'refused'"
ENTRY = "fact, kind, version, business_day, occurred_at, booked_at"
REVERSAL = "(SELECT id FROM books_entry WHERE reverses IS NOT NULL)"
PARTED = "(SELECT order_id FROM partners_partnerpart)"
S2 = "(SELECT id FROM places_place WHERE code = 's2')"
R231 = "(SELECT id FROM sales_receipt WHERE number = '231')"

CORRUPTIONS: list[tuple[str, set[str], list[str]]] = [
    (
        "a shelf's figure",
        {"stock.shelves", "stock.conserved"},
        [f"UPDATE stock_shelf SET on_hand = on_hand + 1 WHERE {SHELF}"],
    ),
    (
        "two shelves' figures that cancel",
        {"stock.shelves"},
        [
            f"UPDATE stock_shelf SET on_hand = on_hand + 1 WHERE {SHELF}",
            f"UPDATE stock_shelf SET on_hand = on_hand - 1 WHERE {LAST_SHELF}",
        ],
    ),
    (
        "a movement's quantity",
        {"stock.shelves", "stock.conserved", "sales.movements"},
        [f"UPDATE stock_movement SET quantity = quantity + 1 WHERE {first('stock_movement', 'kind = 5')}"],
    ),
    (
        "a shelf that is gone",
        {"stock.shelves", "stock.conserved"},
        [f"DELETE FROM stock_shelf WHERE {first('stock_shelf', 'state = 3 AND on_hand > 0')}"],
    ),
    (
        "half a transfer",
        {"stock.transfers", "stock.shelves", "stock.conserved"},
        [f"DELETE FROM stock_movement WHERE {first('stock_movement', 'origin = 15')}"],
    ),
    (
        "a movement that nobody caused",
        {"stock.entries"},
        [f"UPDATE stock_movement SET entry_id = 999999 WHERE {first('stock_movement', 'kind = 8')}"],
    ),
    (
        "a promise of an unknown product",
        {"stock.orphans", "stock.reserved", "orders.promises"},
        [f"UPDATE stock_reservation SET product_id = 999999 WHERE {first('stock_reservation', 'state = 1')}"],
    ),
    (
        "a count of an unknown product",
        {"stock.orphans"},
        [f"UPDATE stock_count SET product_id = 999999 WHERE {first('stock_count')}"],
    ),
    ("a shelf's reserved", {"stock.reserved"}, [f"UPDATE stock_shelf SET reserved = reserved + 1 WHERE {RESERVED}"]),
    ("a shelf's held", {"stock.held"}, [f"UPDATE stock_shelf SET held = held + 1 WHERE {SHELF}"]),
    (
        "a hold without an entry",
        {"stock.holds"},
        ["DELETE FROM base_inboxentry WHERE key = 'h4'"],
    ),
    (
        "what is taken of a slot",
        {"slots.taken"},
        [f"UPDATE slots_slot SET taken = taken - 1 WHERE {first('slots_slot', 'taken > 0')}"],
    ),
    (
        "a slot's promise that is gone",
        {"slots.taken", "orders.slots"},
        ["DELETE FROM slots_slotpromise WHERE standing = 'firm'"],
    ),
    (
        "a slot that is gone",
        {"slots.taken", "slots.promises"},
        [f"DELETE FROM slots_slot WHERE {first('slots_slot', 'taken > 0')}"],
    ),
    (
        "a promise at another place than its slot",
        {"slots.taken", "slots.promises", "orders.slots"},
        [f"UPDATE slots_slotpromise SET place_id = {S2} WHERE standing = 'firm'"],
    ),
    (
        "a slot's room",
        {"slots.ids"},
        [f"UPDATE slots_slot SET capacity = capacity + 1 WHERE {first('slots_slot')}"],
    ),
    (
        "a breach closed too early",
        {"stock.breaches"},
        ["UPDATE stock_breach SET closed_at = opened_at WHERE closed_at IS NULL"],
    ),
    ("a breach's shortfall", {"stock.breaches"}, ["UPDATE stock_breach SET shortfall = 1 WHERE closed_at IS NULL"]),
    (
        "a breach that its shelf does not know",
        {"stock.breaches"},
        ["UPDATE stock_shelf SET breach_id = NULL WHERE breach_id IS NOT NULL"],
    ),
    (
        "a discrepancy closed too early",
        {"stock.discrepancies"},
        ["UPDATE stock_discrepancy SET closed_at = opened_at WHERE closed_at IS NULL"],
    ),
    (
        "a discrepancy that its shelf does not know",
        {"stock.discrepancies"},
        ["UPDATE stock_shelf SET discrepancy_id = NULL WHERE discrepancy_id IS NOT NULL"],
    ),
    ("an entry without an outcome", {"inbox.outcomes"}, ["UPDATE base_inboxentry SET outcome = NULL WHERE key = 'u1'"]),
    (
        "a receipt's entry that is gone",
        {"sales.entries", "stock.entries"},
        ["DELETE FROM base_inboxentry WHERE key = 'r231'"],
    ),
    (
        "an acknowledged receipt that is gone",
        {"sales.entries"},
        ["DELETE FROM sales_receipt WHERE number = '8'"],
    ),
    (
        "a receipt's total",
        {"sales.ties", "sales.tenders", "sales.journal_totals"},
        ["UPDATE sales_receipt SET paid_total = 1 WHERE number = '231'"],
    ),
    ("a receipt's count of lines", {"sales.ties"}, ["UPDATE sales_receipt SET line_count = 2 WHERE number = '231'"]),
    (
        "a receipt's tax",
        {"sales.ties", "sales.journal_totals"},
        ["UPDATE sales_receipt SET tax_total = tax_total + 1 WHERE number = '1'"],
    ),
    (
        "a receipt's line that is gone",
        {"sales.ties"},
        [f"DELETE FROM sales_receiptline WHERE {first('sales_receiptline', 'paid_amount = 3000')}"],
    ),
    (
        "a line's list amount",
        {"sales.ties"},
        ["UPDATE sales_receiptline SET list_amount = list_amount + 1 WHERE paid_amount = 3000"],
    ),
    (
        "a tender's amount",
        {"sales.ties"},
        ["UPDATE sales_receipttender SET amount = amount + 1 WHERE amount = 3100"],
    ),
    (
        "a receipt's change",
        {"sales.tenders", "sales.journal_totals"},
        ["UPDATE sales_receipt SET change = 0 WHERE number = '231'"],
    ),
    (
        "a line's discount",
        {"sales.discounts"},
        [f"UPDATE sales_receiptdiscount SET amount = amount + 1 WHERE {first('sales_receiptdiscount')}"],
    ),
    (
        "a sale's movement that is gone, with the shelf made to agree",
        {"sales.movements"},
        [
            f"UPDATE stock_shelf SET on_hand = on_hand + {SOLD.format('quantity')} WHERE id = {ITS_SHELF}",
            f"DELETE FROM stock_movement WHERE id = {SOLD.format('id')}",
        ],
    ),
    (
        "a pick's movement as a hand-over's",
        {"orders.movements"},
        [f"UPDATE stock_movement SET kind = 7 WHERE {first('stock_movement', 'kind = 6')}"],
    ),
    (
        "a void that counts for nothing",
        {"sales.voids", "sales.journal_totals"},
        [f"UPDATE sales_receipt SET effect = 0 WHERE {VOID}"],
    ),
    (
        "a void's total",
        {"sales.voids", "sales.journal_totals"},
        [f"UPDATE sales_receipt SET paid_total = paid_total + 1 WHERE {VOID}"],
    ),
    (
        "a voided receipt that does not know",
        {"sales.voids"},
        [f"UPDATE sales_receipt SET voided = {FALSE} WHERE number = '3'"],
    ),
    (
        "an exception beside its line",
        {"sales.exceptions"},
        [f"UPDATE sales_lineexception SET line = 9 WHERE {first('sales_lineexception')}"],
    ),
    (
        "an open exception that moved",
        {"sales.exceptions"},
        [
            f"UPDATE sales_lineexception SET line = 1, receipt_id = {R231} WHERE {first('sales_lineexception')}",
            f"UPDATE sales_lineexception SET state = 'open' WHERE {first('sales_lineexception')}",
        ],
    ),
    (
        "a line of an unknown product",
        {"sales.orphans"},
        ["UPDATE sales_receiptline SET product_id = 999999 WHERE paid_amount = 3000"],
    ),
    (
        "a receipt at an unknown place",
        {"sales.orphans"},
        ["UPDATE sales_receipt SET place_id = 999999 WHERE number = '8'"],
    ),
    (
        "an order's entry that is gone",
        {"orders.entries"},
        ["DELETE FROM base_inboxentry WHERE key = 'o4'"],
    ),
    (
        "a reservation released while its order stands",
        {"orders.promises", "stock.reserved"},
        [f"UPDATE stock_reservation SET state = 3 WHERE {first('stock_reservation', 'state = 1')}"],
    ),
    (
        "a reservation that is gone",
        {"orders.promises"},
        [f"DELETE FROM stock_reservation WHERE {first('stock_reservation', 'state = 2')}"],
    ),
    (
        "a reservation of no order",
        {"orders.promises"},
        [f"UPDATE stock_reservation SET line = 9 WHERE {first('stock_reservation', 'state = 1')}"],
    ),
    (
        "more picked than promised",
        {"orders.lines", "orders.totals", "orders.movements"},
        [f"UPDATE orders_orderline SET picked = promised + 1 WHERE {first('orders_orderline', 'picked = promised')}"],
    ),
    (
        "more promised than ordered",
        {"orders.lines"},
        [f"UPDATE orders_orderline SET ordered = 1 WHERE {first('orders_orderline', 'ordered = 10')}"],
    ),
    (
        "what a basket holds",
        {"orders.baskets", "orders.holds"},
        [f"UPDATE orders_basketline SET held = 0 WHERE {first('orders_basketline', 'held = 1')}"],
    ),
    (
        "a placed basket that is open again",
        {"orders.placed_baskets"},
        [f"UPDATE orders_basket SET state = 'open' WHERE state = 'placed' AND slot_id IS NULL AND id NOT IN {PARTED}"],
    ),
    (
        "an order whose slot is another's",
        {"orders.slots"},
        ["UPDATE orders_order SET slot_id = slot_id + 1 WHERE slot_id IS NOT NULL"],
    ),
    (
        "an order that has lost its slot",
        {"orders.slots"},
        ["UPDATE orders_order SET slot_id = NULL WHERE slot_id IS NOT NULL"],
    ),
    (
        "a firm slot of no order",
        {"orders.slots"},
        [
            "UPDATE slots_slotpromise SET standing = 'firm', expires_at = NULL WHERE standing = 'held'",
        ],
    ),
    (
        "a slot given back by an order that has it",
        {"orders.slots", "slots.taken"},
        ["UPDATE slots_slotpromise SET standing = 'given_back' WHERE standing = 'firm'"],
    ),
    (
        "a basket whose goods are held elsewhere",
        {"orders.holds"},
        [f"UPDATE orders_basket SET place_id = {S2} WHERE state = 'open'"],
    ),
    (
        "a basket whose holds end at another time",
        {"orders.holds", "orders.baskets"},
        ["UPDATE orders_basket SET held_until = held_since WHERE state = 'open'"],
    ),
    (
        "more held than a basket's line wants",
        {"orders.holds"},
        [
            "ALTER TABLE orders_basketline RENAME TO spoiled",
            "CREATE TABLE orders_basketline AS SELECT * FROM spoiled",
            f"UPDATE orders_basketline SET quantity = 0 WHERE {first('orders_basketline', 'held = 1')}",
        ],
    ),
    (
        "a tender of no order",
        {"orders.tenders"},
        [f"UPDATE payments_payment SET order_id = '{'f' * 32}' WHERE {TENDER}"],
    ),
    ("what a tender is of", {"orders.tenders"}, [f"UPDATE payments_payment SET amount = 101 WHERE {TENDER}"]),
    ("what is due on a tender", {"orders.tenders"}, [f"UPDATE payments_payment SET due = 99 WHERE {TENDER}"]),
    (
        "a tender in another currency",
        {"orders.tenders"},
        [f"UPDATE payments_payment SET currency = 'EUR' WHERE {TENDER}"],
    ),
    ("a tender at another place", {"orders.tenders"}, [f"UPDATE payments_payment SET place_id = {S2} WHERE {TENDER}"]),
    ("a basket placed without a tender", {"orders.tenders"}, ["DELETE FROM payments_payment WHERE amount = 450"]),
    (
        "a reduction's amount",
        {"orders.terms"},
        ["UPDATE orders_orderreduction SET amount = amount + 1"],
    ),
    (
        "a tax's amount",
        {"orders.terms"},
        [f"UPDATE orders_ordertax SET amount = amount + 1 WHERE {first('orders_ordertax')}"],
    ),
    (
        "a line's amount",
        {"orders.totals"},
        [f"UPDATE orders_orderline SET amount = amount + 1 WHERE {first('orders_orderline')}"],
    ),
    (
        "an order's total",
        {"orders.totals"},
        [f"UPDATE orders_order SET total = total + 1 WHERE {O4}"],
    ),
    (
        "a fulfilment's status",
        {"orders.fulfilments"},
        [f"UPDATE orders_fulfilment SET status = 'picking' WHERE order_id = (SELECT id FROM orders_order WHERE {O4})"],
    ),
    (
        "an order's line of an unknown product",
        {"orders.orphans", "orders.promises"},
        [f"UPDATE orders_orderline SET product_id = 999999 WHERE {first('orders_orderline', 'ordered = 10')}"],
    ),
    (
        "an entry that does not balance",
        {"books.balance"},
        [f"UPDATE books_posting SET amount = amount + 1 WHERE {first('books_posting', 'account = 9000')}"],
    ),
    (
        "a posting on another day than its entry",
        {"books.postings"},
        [f"UPDATE books_posting SET business_day = '2026-01-01' WHERE {first('books_posting', 'account = 9000')}"],
    ),
    (
        "an entry that is gone, and its postings are not",
        {"books.postings", "sales.journal"},
        [f"DELETE FROM books_entry WHERE fact = 'receipt/' || {R231}"],
    ),
    (
        "an entry of the same fact at another place",
        {"books.once"},
        [
            f"INSERT INTO books_entry ({ENTRY}, place_id) SELECT {ENTRY}, {S2} FROM books_entry WHERE id = {REVERSAL}",
        ],
    ),
    (
        "a reversal of nothing",
        {"books.reversals"},
        [f"UPDATE books_entry SET reverses = 999999 WHERE {first('books_entry')}"],
    ),
    (
        "a reversal of something else",
        {"books.reversals"},
        [f"UPDATE books_posting SET part = 'x' WHERE account = 9000 AND entry_id = {REVERSAL}"],
    ),
    (
        "a customer's points",
        {"books.points"},
        ["UPDATE books_pointsaccount SET available = available + 1 WHERE pending = 8"],
    ),
    (
        "a receipt that the journal passed over",
        {"sales.journal"},
        [f"UPDATE books_entry SET fact = 'order/2' WHERE fact = 'receipt/' || {R231}"],
    ),
    (
        "tax booked as a sale",
        {"sales.journal_totals"},
        [
            f"UPDATE books_posting SET amount = amount - 1 WHERE {first('books_posting', 'account = 2000')}",
            f"UPDATE books_posting SET amount = amount + 1 WHERE {SALE_OF_TAX}",
        ],
    ),
    (
        "quarantine without a reason",
        {"quarantine.kept"},
        [f"UPDATE base_quarantineitem SET reason = '' WHERE {first('base_quarantineitem')}"],
    ),
]


@pytest.mark.parametrize(("checks", "statements"), [c[1:] for c in CORRUPTIONS], ids=[c[0] for c in CORRUPTIONS])
def test_a_spoiled_row_fails_its_check_and_no_other(chain: Chain, checks: set[str], statements: list[str]) -> None:
    for statement in statements:
        execute(statement)

    assert set(wrong()) == checks
    with pytest.raises(typer.Exit) as stopped:
        run()
    assert stopped.value.exit_code == 1


def test_every_check_has_a_corruption(chain: Chain) -> None:
    spoiled = {check for _, checks, _ in CORRUPTIONS for check in checks} | {"inbox.once"}
    apart = {"stock.expired_holds", "slots.expired_holds", "sales.unjournalised", "orders.parts"}
    # test_audit_payments.py, test_redeeming.py, test_audit_journal.py, test_audit_fulfilment.py, test_mixed_books.py
    # and test_commissions.py have those of these.
    journal = (*audit_sold(), *audit_paid(), *audit_returned(), *audit_sent())
    partners = (*audit_partners(), *audit_commissions())
    beside = (*audit_payments(), *audit_pricing(), *audit_fulfilment(), *partners, *journal)
    checks = {finding.check for finding in audit()} - {finding.check for finding in beside}
    assert checks - spoiled == apart


def test_a_slot_oversold_fails_without_the_constraint(chain: Chain) -> None:
    loosen("slots_slot")
    execute(
        "INSERT INTO slots_slotpromise (id, place_id, slot_id, standing, changed_at, version) "
        f"SELECT {'gen_random_uuid()' if bulk.is_postgresql() else 'lower(hex(randomblob(16)))'}, "
        "place_id, slot_id, 'firm', changed_at, 1 FROM slots_slotpromise WHERE standing = 'firm'"
    )
    execute("UPDATE slots_slot SET taken = 2, planned = 1, capacity = 1 WHERE " + first("slots_slot"))
    assert wrong() == {"slots.taken": 1, "slots.ids": 1, "orders.slots": 1}


def test_a_key_that_stands_twice_fails_without_the_constraint(chain: Chain) -> None:
    loosen("base_inboxentry")
    execute(
        "INSERT INTO base_inboxentry (id, source_id, key, kind, fingerprint, outcome, received_at) "
        "SELECT 999999, source_id, key, 'unit', fingerprint, '{}', received_at FROM spoiled WHERE key = 'u1'"
    )
    assert wrong() == {"inbox.once": 1}


def test_a_receipt_booked_twice_under_one_entry_fails_without_the_constraint(chain: Chain) -> None:
    loosen("sales_receipt")
    execute("INSERT INTO sales_receipt SELECT * FROM spoiled WHERE number = '8'")
    assert wrong() == {"sales.entries": 1, "sales.ties": 1}


def test_the_command_prints_figures_and_json(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    printed = capsys.readouterr().out
    assert "Green: everything agrees" in printed
    assert "stock.shelves" in printed

    run(as_json=True)
    stated = json.loads(capsys.readouterr().out)
    assert stated["differences"] == 0
    assert {item["check"] for item in stated["findings"]} == {finding.check for finding in audit()}


def test_an_example_names_the_row(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    execute("UPDATE base_inboxentry SET outcome = NULL WHERE key = 'u1'")
    ((entry,),) = bulk.fetch("SELECT id FROM base_inboxentry WHERE key = 'u1'")
    with pytest.raises(typer.Exit):
        run()
    assert f"inbox.outcomes: entry {entry}, source {chain.source}, key u1, kind unit" in capsys.readouterr().out


def test_as_of_now_is_what_the_shelves_say(chain: Chain) -> None:
    shelves = bulk.fetch(
        "SELECT p.code, c.sku, s.state, s.on_hand FROM stock_shelf s JOIN places_place p ON p.id = s.place_id "
        "JOIN catalogue_product c ON c.id = s.product_id"
    )
    names = {1: "sellable", 2: "staged", 3: "unsellable", 4: "in_transit"}
    now = {(place, sku, names[state]): on_hand for place, sku, state, on_hand in shelves if on_hand}
    for axis in ("occurred", "booked"):
        found = shelves_as_of(START + timedelta(days=10_000), axis=axis)
        assert {shelf[:3]: shelf.on_hand for shelf in found if shelf.on_hand} == now
