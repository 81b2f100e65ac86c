"""Receipts in the journal: each that counts once, whatever came first, however often the job was broken off."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.db.models import Sum

from onebasket.base import bulk
from onebasket.base.models import Event
from onebasket.base.outbox import number_events
from onebasket.commerce.books.actions import restate_entries, set_earning_rule
from onebasket.commerce.books.models import Entry, Posting
from onebasket.commerce.books.queries.points import points_of
from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.books.rules.entries import Entry as Posted
from onebasket.commerce.books.rules.points import EarningRule, Points
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.sales.actions import journalising, mend_line
from onebasket.commerce.sales.actions.journalising import Journalising, journalise_all
from onebasket.commerce.sales.models import JournalCursor, LineException, Receipt
from onebasket.commerce.sales.queries import journal
from onebasket.commerce.sales.rules.receipt import Discount, Funder, Kind, Tax, Tender
from onebasket.commerce.sales.rules.receipt import Receipt as Stated
from tests.builders import Clock, at, counts_of, item, make_chain, receipt, sell

pytestmark = pytest.mark.django_db

SALE = receipt("s", item("milk", 2, 398), item("bread", 1, 250), loyalty_number="77")
VOID = receipt("v", kind=Kind.VOID, original="s", when=at(5))
AGAIN = receipt("w", kind=Kind.VOID, original="s", when=at(6))
LINED = receipt("l", item("milk", 1, 199), kind=Kind.VOID, original="s", when=at(4))


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    Clock(at(60)).hold_still(monkeypatch)
    source = make_chain("p1", "p2", stock={"milk": 100, "bread": 100})
    upsert_products(source, [ProductItem("fuel-2", "fuel", "Fuel", department="Fuel", tracked=False)])
    set_earning_rule(EarningRule("USD", date(2026, 1, 1), 1, 100, ("Fuel",)), actor="tests")
    return source


def run() -> int:
    """Let the relay number what there is, and the job come to its end."""
    while number_events():
        pass
    return journalise_all()


def sums() -> dict[tuple[int, str], int]:
    """Return what each part of each account comes to, where that is not zero."""
    rows = Posting.objects.values_list("account", "part").annotate(total=Sum("amount")).order_by()
    return {(account, part): total for account, part, total in rows if total}


def test_a_receipt_that_counts_has_one_entry_and_others_have_none(source: int) -> None:
    sell(
        source, SALE, receipt("x", item("milk", 1, 199), kind=Kind.VOID), receipt("n", kind=Kind.NO_SALE),
        receipt("zero", item("milk", 0, 0)),
    )  # fmt: skip
    assert run() == 4
    ids = dict(Receipt.objects.values_list("number", "id"))
    rows = Entry.objects.order_by("id").values_list("fact", "kind", "version", "business_day", "place__code")
    day = date(2026, 3, 2)
    assert list(rows) == [
        (f"receipt/{ids['s']}", "sale", 1, day, "p1"),
        (f"receipt/{ids['zero']}", "sale", 1, day, "p1"),
    ]
    assert sums() == {(1000, "cash"): 648, (4000, "0 %"): -648, (9000, ""): 6, (9100, "77"): -6}
    assert points_of("77") == Points(6, 0)


def test_a_receipt_s_rows_are_read_whole(source: int) -> None:
    lines = (
        item("milk", 1, 480, list_amount=530, discounts=(
            Discount("loyalty", Funder.RETAILER, 30), Discount("coupon", Funder.MANUFACTURER, 20, "upc-1"),
        ), taxes=(Tax(200_000, 500, 83, "VAT"),)),
        item("bread", 1, 100, taxes=(Tax(200_000, 100, 17, "VAT"),)),
    )  # fmt: skip
    tenders = (Tender("gift card", 300), Tender("cash", 300))
    sell(source, receipt("r", *lines, tenders=tenders, change=18, rounding=2, place="p2", currency="USD"))
    run()
    assert sums() == {
        (1000, "cash"): 282, (2100, "tendered"): 300, (5000, ""): -2, (2000, "VAT 20 %"): -100,
        (4000, "20 %"): -530, (4100, "loyalty"): 30, (1300, "upc-1"): 20,
    }  # fmt: skip


def test_the_job_goes_on_where_it_stood_and_posts_nothing_twice(source: int) -> None:
    sell(source, SALE)
    assert run() == 1
    before = counts_of(Entry, Posting)
    assert run() == 0
    sell(source, SALE, receipt("t", item("milk", 1, 199)))
    assert run() == 1
    assert counts_of(Entry, Posting) == [before[0] + 1, before[1] + 2]
    JournalCursor.objects.update(position=0)
    assert run() == 2
    assert counts_of(Entry, Posting) == [before[0] + 1, before[1] + 2]


def test_receipts_from_before_the_journal_are_swept_and_their_late_events_change_nothing(source: int) -> None:
    sell(source, SALE, VOID)
    assert journalise_all() == 2
    before = counts_of(Entry, Posting)
    sell(source, receipt("t", item("milk", 1, 199)))
    assert journalise_all() == 0
    assert run() == 3
    assert counts_of(Entry, Posting) == [before[0] + 1, before[1] + 2]
    assert sums() == {(1000, "cash"): 199, (4000, "0 %"): -199}


def test_receipts_whose_events_are_gone_are_found_all_the_same(source: int) -> None:
    sell(source, SALE)
    run()
    sell(source, receipt("t", item("milk", 1, 199)))
    number_events()
    prune()
    sell(source, receipt("u", item("milk", 1, 199)))
    run()
    assert Entry.objects.count() == 3


def test_without_the_count_of_events_they_would_be_lost(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a cursor that trusts that what it reads is all there is."""
    sell(source, SALE)
    run()
    sell(source, receipt("t", item("milk", 1, 199)))
    number_events()
    newest = prune()
    real = journal.news_after
    monkeypatch.setattr(
        journalising, "news_after", lambda position, limit: real(position, limit) or journal.News(newest)
    )
    run()
    assert Entry.objects.count() == 1


def prune() -> int:
    """Delete events as for their age: the newest stays, and an old one that a webhook could not be given."""
    oldest, *_, newest = Event.objects.order_by("position")
    Event.objects.exclude(pk__in=[oldest.pk, newest.pk]).delete()
    return newest.position or 0


@pytest.mark.parametrize("each_time", [True, False], ids=["journalised after each batch", "journalised at the end"])
@pytest.mark.parametrize(
    "batches",
    [
        [[SALE], [VOID]], [[VOID], [SALE]], [[SALE, VOID]], [[VOID, SALE]],
        [[SALE], [VOID], [AGAIN]], [[VOID], [AGAIN], [SALE]], [[VOID, AGAIN], [SALE]], [[VOID], [SALE, AGAIN]],
        [[SALE], [LINED], [VOID]], [[SALE, LINED, VOID]], [[SALE, VOID, LINED]], [[SALE, LINED], [VOID]],
        [[LINED], [SALE], [VOID]], [[LINED], [VOID], [SALE]], [[VOID], [LINED], [SALE]], [[VOID], [SALE, LINED]],
        [[LINED, VOID], [SALE]],
    ],
)  # fmt: skip
def test_a_voided_receipt_comes_to_nothing_in_any_order(
    source: int, batches: Sequence[Sequence[Stated]], *, each_time: bool
) -> None:
    for batch in batches:
        sell(source, *batch)
        if each_time:
            run()
    run()
    assert sums() == {}
    assert points_of("77") == Points(0, 0)
    counted = Receipt.objects.exclude(effect=0).count()
    assert Entry.objects.filter(version=1).count() == Entry.objects.count() == counted


def test_a_void_with_lines_takes_back_what_it_lists(source: int) -> None:
    sell(source, SALE)
    run()
    sell(source, LINED)
    run()
    assert sums() == {(1000, "cash"): 449, (4000, "0 %"): -449, (9000, ""): 6, (9100, "77"): -6}


def test_a_return_that_is_voided_sells_again(source: int) -> None:
    back = receipt("s", item("milk", 2, 398), kind=Kind.RETURN, loyalty_number="77")
    sell(source, back)
    run()
    assert sums()[1000, "cash"] == -398
    assert points_of("77") == Points(-3, 0)
    sell(source, VOID)
    run()
    assert sums() == {}


@pytest.mark.parametrize("journalised_first", [True, False])
def test_a_mended_line_changes_what_it_earned(source: int, *, journalised_first: bool) -> None:
    sell(source, receipt("s", item("what", 1, 500), item("milk", 1, 199), loyalty_number="77"))
    if journalised_first:
        run()
        assert points_of("77") == Points(6, 0)
    exception = LineException.objects.get()
    mend_line(exception.pk, sku="fuel", quantity=None, actor="tests", source_id=source)
    run()
    assert points_of("77") == Points(1, 0)
    assert sums()[1000, "cash"] == 699
    assert Entry.objects.count() == (3 if journalised_first else 1)
    sell(source, VOID)
    run()
    assert sums() == {}
    assert points_of("77") == Points(0, 0)


def test_a_batch_that_is_broken_off_leaves_nothing_and_is_done_again(
    source: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(source, SALE)
    run()
    sell(source, receipt("t", item("milk", 1, 199), loyalty_number="77"))
    number_events()
    before = counts_of(Entry, Posting)

    def cut(entries: list[Posted], *, now: datetime) -> None:
        restate_entries(entries, now=now)
        assert counts_of(Entry, Posting) != before
        raise DatabaseError("cut off")

    job = Journalising()
    with monkeypatch.context() as broken:
        broken.setattr(journalising, "restate_entries", cut)
        with pytest.raises(DatabaseError):
            job.turn()
    assert counts_of(Entry, Posting) == before
    assert points_of("77") == Points(6, 0)
    assert run() == 1
    assert points_of("77") == Points(7, 0)


def test_a_small_batch_at_a_time_comes_to_the_same(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journalising, "SQLITE_AT_ONCE", 2)
    monkeypatch.setattr(journalising, "POSTGRESQL_AT_ONCE", 2)
    monkeypatch.setattr(journal, "LOOKED_THROUGH", 3)
    sell(source, *(receipt(f"a{number}", item("milk", 1, 100)) for number in range(5)))
    assert run() == 5
    sell(source, *(receipt(f"b{number}", item("milk", 1, 100)) for number in range(5)), SALE, VOID)
    assert run() == 7
    assert sums() == {(1000, "cash"): 1000, (4000, "0 %"): -1000}
    job = Journalising()
    sell(source, receipt("c", item("milk", 1, 100)))
    number_events()
    assert [job.turn() for _ in range(3)] == [1, 0, 0]


def test_an_idle_job_writes_nothing(source: int) -> None:
    sell(source, SALE)
    run()
    stood = JournalCursor.objects.values_list("position", "swept", "sweep_to").get()
    upsert_products(source, [ProductItem("tea", "tea", "Tea")])
    number_events()
    assert journalise_all() == 0
    assert JournalCursor.objects.values_list("position", "swept", "sweep_to").get() == stood


def test_the_job_stands_back_while_receipts_pour_in(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 1.0, 2.0])
    monkeypatch.setattr("onebasket.commerce.sales.actions.journalising.time.monotonic", lambda: next(seconds))
    monkeypatch.setattr(journalising, "POURING", 2)
    job = Journalising()
    for stem, expected in (("a", 4), ("b", 0)):
        sell(source, *(receipt(f"{stem}{number}", item("milk", 1, 100)) for number in range(4)))
        number_events()
        assert job.turn() == expected
    sell(source, receipt("c", item("milk", 1, 100)))
    number_events()
    assert job.turn() == 1
    assert Entry.objects.count() == 9


def test_a_receipt_of_another_business_day_is_booked_on_it(source: int) -> None:
    day = date(2026, 2, 27)
    sell(source, receipt("s", item("milk", 1, 100), business_day=day, when=at(0) - timedelta(days=1)))
    run()
    assert set(Posting.objects.values_list("business_day", flat=True)) == {day}


def test_spoiled_rows_go_to_suspense_and_stop_nobody(source: int) -> None:
    sell(source, SALE, receipt("t", item("milk", 1, 199)))
    bulk.execute("UPDATE sales_receipttender SET amount = amount - 8 WHERE amount = 648")
    assert run() == 2
    assert sums()[int(Account.SUSPENSE), ""] == 8
    assert sums()[4000, "0 %"] == -847
