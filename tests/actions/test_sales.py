"""Receipts as facts: booked in any order and of any age; only what cannot be booked goes to quarantine, whole."""

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from onebasket.base.models import Event, InboxEntry, QuarantineItem
from onebasket.base.quarantine import Unreadable
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.sales.actions import SettledBeforeError, book_sales, dismiss_line, mend_line
from onebasket.commerce.sales.actions.exceptions import OtherUnitError
from onebasket.commerce.sales.models import (
    LineException,
    Receipt,
    ReceiptDiscount,
    ReceiptLine,
    ReceiptTax,
    ReceiptTender,
)
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked, ReceiptQuarantined
from onebasket.commerce.sales.rules.receipt import Discount, Disposition, Funder, Kind, Tax, Tender
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.ends import Kind as Moved
from onebasket.commerce.stock.rules.messages import FactKind
from tests.builders import (
    EAN,
    MORNING,
    Clock,
    as_of,
    at,
    book,
    counts_of,
    fact,
    faults_in_stock,
    item,
    make_chain,
    moved,
    on_hand,
    receipt,
    sell,
    versions,
)

pytestmark = pytest.mark.django_db

TABLES = (Receipt, ReceiptLine, ReceiptDiscount, ReceiptTax, ReceiptTender, LineException, Event, InboxEntry)
OPENING = (Moved.DELIVERY, End.SUPPLIER, End.SELLABLE)
SOLD = (Moved.SALE, End.SELLABLE, End.CUSTOMER)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(at(60)).hold_still(monkeypatch)


@pytest.fixture
def source(clock: Clock) -> int:
    return make_chain(stock={"milk": 10, "bread": 10, "apples": 5_000})


def outcomes(*booked: Any) -> list[Any]:
    return [msgspec.structs.replace(one, receipt=0) if isinstance(one, ReceiptBooked) else one for one in booked]


def open_items() -> list[tuple[str, str, str]]:
    return list(QuarantineItem.objects.order_by("id").values_list("key", "reason", "state"))


def test_a_receipt_is_booked_in_money_and_goods(source: int) -> None:
    milk = item(
        EAN, 2, 298, list_amount=398, unit="each",
        discounts=(Discount("loyalty", Funder.RETAILER, 50, "c1"), Discount("coupon", Funder.MANUFACTURER, 50)),
    )  # fmt: skip
    apples = item("apples", 842, 253, taxes=(Tax(88_750, 253, 21, "B"),))

    booked = sell(
        source,
        receipt("r1", milk, apples, tenders=(Tender("cash", 600, "x"),), change=49, operator="op", loyalty_number="44"),
    )

    assert outcomes(*booked) == [ReceiptBooked(0)]
    row = Receipt.objects.get()
    assert (row.kind, row.effect, row.till, row.operator, row.business_day, row.number, row.loyalty_number) == (
        1, 1, "1", "op", date(2026, 3, 2), "r1", "44",
    )  # fmt: skip
    assert (row.paid_total, row.discount_total, row.tax_total, row.tendered, row.change, row.line_count) == (
        551, 100, 21, 600, 49, 2,
    )  # fmt: skip
    assert (row.occurred_at, row.booked_at, row.clock_suspect, row.voided) == (MORNING, at(60), False, False)
    assert list(
        ReceiptLine.objects.order_by("number").values_list(
            "code", "product__sku", "quantity", "unit_code", "paid_amount"
        )
    ) == [(EAN, "milk", 2, "each", 298), ("apples", "apples", 842, "kg", 253)]
    assert list(
        ReceiptDiscount.objects.order_by("id").values_list("line", "kind", "funder", "amount", "reference")
    ) == [
        (1, "loyalty", 1, 50, "c1"),
        (1, "coupon", 2, 50, ""),
    ]
    assert ReceiptTax.objects.values_list("line", "code", "rate", "base", "amount").get() == (2, "B", 88_750, 253, 21)
    assert ReceiptTender.objects.values_list("number", "kind", "amount", "reference").get() == (1, "cash", 600, "x")
    assert (moved("milk"), moved("apples")) == ([(*OPENING, 10), (*SOLD, 2)], [(*OPENING, 5_000), (*SOLD, 842)])
    assert faults_in_stock() == []


def test_a_sale_is_never_refused_for_lack_of_stock(source: int) -> None:
    assert outcomes(*sell(source, receipt("r1", item("milk", 12, 100)))) == [ReceiptBooked(0)]
    assert on_hand("milk") == -2


def test_the_same_again_changes_nothing(source: int) -> None:
    one, two = receipt("r1", item("milk", 1, 199)), receipt("r2", item("silk", 1, 5))
    first = sell(source, one, two, one)
    before = counts_of(*TABLES), versions()

    assert first[2] == first[0]
    assert sell(source, two, one, two) == [first[1], first[0], first[1]]
    assert (counts_of(*TABLES), versions()) == before
    assert on_hand("milk") == 9


def test_a_line_nobody_knows_is_booked_in_money_only(source: int) -> None:
    booked = sell(source, receipt("r1", item("silk", 3, 500), item("milk", 1, 199)))

    assert outcomes(*booked) == [ReceiptBooked(0, exceptions=1)]
    assert LineException.objects.values_list("line", "reason", "code", "quantity", "state").get() == (
        1, "unknown_product", "silk", 3, "open",
    )  # fmt: skip
    assert (Receipt.objects.get().paid_total, on_hand("milk")) == (699, 9)
    assert list(Event.objects.filter(type="line_exception.opened").values_list("subject", flat=True)) == [
        f"receipt/{Receipt.objects.get().pk}"
    ]


def test_mending_is_one_movement(source: int) -> None:
    sell(source, receipt("r1", item("silk", 3, 500)))
    exception = LineException.objects.get()

    mend_line(exception.pk, sku="bread", quantity=None, actor="ann", source_id=source)
    with pytest.raises(SettledBeforeError):
        mend_line(exception.pk, sku="bread", quantity=None, actor="ann", source_id=source)

    assert moved("bread") == [(*OPENING, 10), (Moved.MEND, End.SELLABLE, End.CUSTOMER, 3)]
    exception.refresh_from_db()
    assert (exception.state, exception.settled_by, exception.note) == ("mended", "ann", "3 of bread")
    assert ReceiptLine.objects.values_list("product__sku", flat=True).get() == "bread"
    assert (as_of("bread", MORNING), faults_in_stock()) == (7, [])


@pytest.mark.parametrize(
    ("stated", "shelves"),
    [(None, (10, 3)), (Disposition.UNSELLABLE, (10, 3)), (Disposition.SELLABLE, (13, 0))],
)
def test_a_mended_line_of_a_return_lands_where_a_known_one_does(
    source: int, stated: Disposition | None, shelves: tuple[int, int]
) -> None:
    back = receipt("r1", item("silk", 3, 500, disposition=stated), kind=Kind.RETURN)
    known = receipt("r2", item("milk", 3, 500, disposition=stated), kind=Kind.RETURN)
    sell(source, back, known)

    mend_line(LineException.objects.get().pk, sku="bread", quantity=None, actor="ann", source_id=source)

    assert (on_hand("bread"), on_hand("bread", state=End.UNSELLABLE)) == shelves
    assert (on_hand("milk"), on_hand("milk", state=End.UNSELLABLE)) == shelves
    assert faults_in_stock() == []


def test_a_sale_mended_as_brought_back_lands_on_the_shelf(source: int) -> None:
    sell(source, receipt("r1", item("silk", 3, 500)))

    mend_line(LineException.objects.get().pk, sku="bread", quantity=-2, actor="ann", source_id=source)

    assert (on_hand("bread"), on_hand("bread", state=End.UNSELLABLE)) == (12, 0)


def test_mending_late_against_a_count_leaves_the_count(source: int) -> None:
    sell(source, receipt("r1", item("silk", 3, 500)))
    book(source, fact("count", FactKind.COUNT, {"bread": 7}, when=at(30)))

    mend_line(LineException.objects.get().pk, sku="bread", quantity=None, actor="ann", source_id=source)

    assert (on_hand("bread"), as_of("bread", at(29)), as_of("bread", at(30))) == (7, 7, 7)
    assert faults_in_stock() == []


def test_mending_says_how_much_it_was(source: int) -> None:
    sell(source, receipt("r1", item("silk", 3, 500), item("cash", 1, 1), item("bag", 1, 2)))
    first, second, third = LineException.objects.order_by("line")

    mend_line(first.pk, sku="apples", quantity=750, actor="ann", source_id=source)
    mend_line(second.pk, sku="fuel", quantity=None, actor="ann", source_id=source)
    dismiss_line(third.pk, note="A bag.", actor="ann")
    with pytest.raises(SettledBeforeError):
        dismiss_line(first.pk, note="", actor="ann")

    assert (on_hand("apples"), moved("fuel")) == (4_250, [])
    assert list(LineException.objects.order_by("line").values_list("state", flat=True)) == [
        "mended",
        "mended",
        "dismissed",
    ]


def test_untracked_lines_move_nothing_and_are_no_exception(source: int) -> None:
    assert outcomes(*sell(source, receipt("r1", item("fuel", 40, 400)))) == [ReceiptBooked(0)]
    assert (moved("fuel"), Receipt.objects.get().paid_total) == ([], 400)


def test_a_line_in_another_unit_waits_for_somebody(source: int) -> None:
    booked = sell(source, receipt("r1", item("apples", 2, 400, unit="each"), item("apples", 500, 150, unit="kg")))

    assert outcomes(*booked) == [ReceiptBooked(0, exceptions=1)]
    assert LineException.objects.values_list("line", "reason").get() == (1, "unit_mismatch")
    assert on_hand("apples") == 4_500


def test_mending_a_line_in_another_unit_asks_for_the_quantity(source: int) -> None:
    sell(source, receipt("r1", item("apples", 2, 400, unit="each")))
    ((line,),) = LineException.objects.values_list("pk")
    with pytest.raises(OtherUnitError) as refused:
        mend_line(line, sku="apples", quantity=None, actor="ann", source_id=source)
    assert (refused.value.args, on_hand("apples")) == (("each", "kg"), 5_000)

    mend_line(line, sku="apples", quantity=850, actor="ann", source_id=source)
    assert on_hand("apples") == 4_150


def test_zero_free_and_negative_lines(source: int) -> None:
    booked = sell(
        source,
        receipt("r1", item("milk", 0, 0), item("bread", 1, 0)),
        receipt("r2", item("milk", 2, 398), item("milk", -1, -199)),
        receipt("r3", item("bread", -1, -250, disposition=Disposition.UNSELLABLE)),
    )

    assert outcomes(*booked) == [ReceiptBooked(0)] * 3
    back = (Moved.RETURN, End.CUSTOMER)
    assert moved("milk") == [(*OPENING, 10), (*SOLD, 2), (*back, End.SELLABLE, 1)]
    assert moved("bread") == [(*OPENING, 10), (*SOLD, 1), (*back, End.UNSELLABLE, 1)]
    assert faults_in_stock() == []


def test_returns_go_where_they_are_said_to(source: int) -> None:
    sell(
        source,
        receipt(
            "r1", item("milk", 1, 199), item("bread", 2, 500, disposition=Disposition.SELLABLE),
            item("apples", 300, 90, disposition=Disposition.UNSELLABLE), kind=Kind.RETURN, original="r0",
        ),
    )  # fmt: skip

    assert (on_hand("milk"), on_hand("milk", state=End.UNSELLABLE)) == (10, 1)
    assert (on_hand("bread"), on_hand("bread", state=End.UNSELLABLE)) == (12, 0)
    assert (on_hand("apples"), on_hand("apples", state=End.UNSELLABLE)) == (5_000, 300)
    row = Receipt.objects.get()
    assert (row.effect, row.paid_total, row.original_number, row.awaits_original) == (-1, 789, "r0", False)


@pytest.mark.parametrize(
    ("stated", "suspect", "taken_as"),
    [
        ("2036-01-01T00:00:00+00:00", True, at(60)),
        ("1999-12-31T23:59:59+00:00", True, at(60)),
        ("2026-03-02T15:09:00+00:00", False, at(60)),
        ("2019-07-01T12:00:00+00:00", False, datetime.fromisoformat("2019-07-01T12:00:00+00:00")),
    ],
    ids=["far ahead", "a dead battery", "a little ahead", "seven years old"],
)
def test_a_till_with_a_wrong_clock_is_booked_and_flagged(
    source: int,
    stated: str,
    suspect: bool,  # noqa: FBT001
    taken_as: datetime,
) -> None:
    booked = sell(source, receipt("r1", item("milk", 1, 199), when=datetime.fromisoformat(stated)))

    assert outcomes(*booked) == [ReceiptBooked(0, clock_suspect=suspect)]
    assert Receipt.objects.values_list("occurred_at", "clock_suspect").get() == (taken_as, suspect)
    assert on_hand("milk") == 9


def test_the_business_day_is_as_the_till_states_it(source: int) -> None:
    upsert_places(source, [PlaceItem("early", "p1", "p1", "USD", "America/New_York", day_start_minutes=600)])
    sell(source, receipt("r1"), receipt("r2", business_day=date(2026, 2, 27)))

    assert list(Receipt.objects.order_by("number").values_list("business_day", flat=True)) == [
        date(2026, 3, 1), date(2026, 2, 27),
    ]  # fmt: skip


def test_what_cannot_be_booked_is_kept_and_its_neighbours_go_on(source: int) -> None:
    text = '{"key": "r3", "lines": ['
    bad = receipt("r1", item("milk", 1, 199), tenders=(Tender("cash", 200),))
    far = receipt("r2", item("milk", 1, 199), place="p9")

    booked = book_sales(
        source,
        [bad, far, Unreadable(text, "malformed", "It ends too early.", "r3"), receipt("r4", item("milk", 1, 199))],
    )

    ids = list(QuarantineItem.objects.order_by("id").values_list("key", "id"))
    by_key = dict(ids)
    assert outcomes(*booked) == [
        ReceiptQuarantined(
            by_key["r1"],
            "does_not_tie",
            "Lines come to 199, tax on top to 0 and rounding to 0: 199 is due. "
            "Tenders less change come to 200: +1 apart.",
        ),
        ReceiptQuarantined(
            by_key["r2"], "unknown_place", "There is no place 'p9'. Make it, or mend the place, and replay."
        ),
        ReceiptQuarantined(by_key["r3"], "malformed", "It ends too early."),
        ReceiptBooked(0),
    ]
    assert QuarantineItem.objects.get(key="r3").content == text
    assert msgspec.json.decode(QuarantineItem.objects.get(key="r1").content, type=type(bad)) == bad
    assert (on_hand("milk"), Receipt.objects.count(), InboxEntry.objects.filter(kind="receipt").count()) == (9, 1, 1)


def test_the_same_fault_again_is_the_same_item(source: int) -> None:
    bad = receipt("r1", item("milk", 1, 199), tenders=())

    (first,) = sell(source, bad)

    assert sell(source, bad, bad) == [first, first]
    assert open_items() == [("r1", "does_not_tie", "open")]


def test_a_receipt_supersedes_no_fact_about_stock_of_its_key(source: int) -> None:
    book(source, fact("k1", FactKind.DELIVERY, {"milk": 1}, place="nowhere"))
    sell(source, receipt("k1", item("milk", 1, 199)))
    assert open_items() == [("k1", "unknown_place", "open")]


def test_a_corrected_message_supersedes_what_was_kept(source: int) -> None:
    sell(source, receipt("r1", item("milk", 1, 199), tenders=()), receipt("r2", item("milk", 1, 199), tenders=()))

    (booked,) = sell(source, receipt("r1", item("milk", 1, 199)))

    assert isinstance(booked, ReceiptBooked)
    assert open_items() == [("r1", "does_not_tie", "superseded"), ("r2", "does_not_tie", "open")]


def test_a_conflict_is_kept_and_the_first_stays(source: int) -> None:
    one, other = receipt("r1", item("milk", 1, 199)), receipt("r1", item("milk", 2, 398))

    booked, conflict, neighbour = sell(source, one, other, receipt("r2", item("milk", 1, 199)))
    later = sell(source, other, one)

    assert isinstance(conflict, ReceiptQuarantined)
    assert conflict.reason == "conflict"
    assert later == [conflict, booked]
    assert isinstance(neighbour, ReceiptBooked)
    assert (on_hand("milk"), open_items()) == (8, [("r1", "conflict", "open")])


def test_a_broken_off_sale_and_a_no_sale_count_for_nothing(source: int) -> None:
    booked = sell(source, receipt("r1", item("milk", 1, 199), kind=Kind.VOID), receipt("r2", kind=Kind.NO_SALE))

    assert outcomes(*booked) == [ReceiptBooked(0)] * 2
    assert list(Receipt.objects.order_by("number").values_list("effect", "paid_total")) == [(0, 199), (0, 0)]
    assert on_hand("milk") == 10


def test_a_sale_late_for_a_count_leaves_the_count(source: int) -> None:
    book(source, fact("count", FactKind.COUNT, {"milk": 8}, when=at(30)))

    sell(source, receipt("r1", item("milk", 2, 398)), receipt("r2", item("milk", 1, 199), when=at(40)))

    assert (on_hand("milk"), as_of("milk", at(29)), as_of("milk", at(30))) == (7, 8, 8)
    assert faults_in_stock() == []
