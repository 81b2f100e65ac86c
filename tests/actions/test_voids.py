"""Voids: what went out comes back once, whichever came first, however often it was sent."""

import pytest

from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.sales.actions import mend_line
from onebasket.commerce.sales.models import LineException
from onebasket.commerce.sales.models import Receipt as Row
from onebasket.commerce.sales.queries.audit import audit_sales
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked
from onebasket.commerce.sales.rules.receipt import Disposition, Kind, Original
from onebasket.commerce.stock.rules.ends import End
from tests.builders import MORNING, Clock, at, faults_in_stock, item, make_chain, on_hand, receipt, sell

pytestmark = pytest.mark.django_db

SALE = receipt("s", item("milk", 2, 398), item("bread", 1, 250))
VOID = receipt("v", kind=Kind.VOID, original="s", when=at(5))
AGAIN = receipt("w", kind=Kind.VOID, original="s", when=at(6))


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    Clock(at(60)).hold_still(monkeypatch)
    return make_chain(stock={"milk": 10, "bread": 10})


def rows() -> list[tuple[str, int, int, bool, bool]]:
    return list(
        Row.objects.order_by("number").values_list("number", "effect", "paid_total", "voided", "awaits_original")
    )


def assert_voided(source: int) -> None:
    assert (on_hand("milk"), on_hand("bread")) == (10, 10)
    assert rows()[:2] == [("s", 1, 648, True, False), ("v", -1, 648, False, False)]
    assert faults_in_stock() == []


def test_a_void_after_its_original(source: int) -> None:
    sell(source, SALE)
    assert on_hand("milk") == 8
    sell(source, VOID)

    assert_voided(source)


def test_a_void_before_its_original(source: int) -> None:
    (waiting,) = sell(source, VOID)
    assert isinstance(waiting, ReceiptBooked)
    assert waiting.awaits_original
    assert rows() == [("v", -1, 0, False, True)]

    sell(source, SALE)

    assert_voided(source)


@pytest.mark.parametrize("batch", [(SALE, VOID), (VOID, SALE)], ids=["original first", "void first"])
def test_both_in_one_batch(source: int, batch: tuple[object, ...]) -> None:
    sell(source, *batch)  # type: ignore[arg-type]

    assert_voided(source)


@pytest.mark.parametrize(
    "batches",
    [
        [[SALE], [VOID], [AGAIN]], [[SALE], [VOID, AGAIN]], [[SALE, VOID, AGAIN]], [[VOID], [AGAIN], [SALE]],
        [[VOID, AGAIN], [SALE]], [[VOID], [SALE, AGAIN]],
    ],
)  # fmt: skip
def test_a_receipt_voided_twice_goes_back_once(source: int, batches: list[list[object]]) -> None:
    for batch in batches:
        sell(source, *batch)  # type: ignore[arg-type]

    assert (on_hand("milk"), on_hand("bread")) == (10, 10)
    assert sorted(row[1] for row in rows()[1:]) == [-1, 0]
    assert [row[4] for row in rows()] == [False] * 3
    assert faults_in_stock() == []


def test_a_void_sent_twice_is_one(source: int) -> None:
    sell(source, SALE, VOID, VOID)
    first = sell(source, VOID)

    assert sell(source, VOID) == first
    assert_voided(source)


def test_a_void_that_lists_its_lines_stands_for_itself(source: int) -> None:
    sell(source, SALE, receipt("v", item("milk", 1, 199), kind=Kind.VOID, original="s"))

    assert (on_hand("milk"), on_hand("bread")) == (9, 9)
    assert rows() == [("s", 1, 648, False, False), ("v", -1, 199, False, False)]


LINED = receipt("l", item("milk", 1, 199), kind=Kind.VOID, original="s", when=at(4))


@pytest.mark.parametrize(
    "batches",
    [
        [[SALE], [LINED], [VOID]], [[SALE, LINED, VOID]], [[SALE, VOID, LINED]], [[SALE, LINED], [VOID]],
        [[LINED], [SALE], [VOID]], [[LINED], [VOID], [SALE]], [[VOID], [LINED], [SALE]], [[VOID], [SALE, LINED]],
        [[LINED, VOID], [SALE]],
    ],
)  # fmt: skip
def test_an_empty_void_sends_back_what_one_with_lines_has_left(source: int, batches: list[list[object]]) -> None:
    for batch in batches:
        sell(source, *batch)  # type: ignore[arg-type]

    assert (on_hand("milk"), on_hand("bread")) == (10, 10)
    assert rows() == [("l", -1, 199, False, False), ("s", 1, 648, True, False), ("v", -1, 449, False, False)]
    assert faults_in_stock() == []
    assert [finding for finding in audit_sales() if finding.differences] == []


def test_a_void_with_lines_of_other_goods_is_undone_with_the_rest(source: int) -> None:
    sell(source, receipt("s", item("milk", 2, 398)), receipt("l", item("bread", 1, 250), kind=Kind.VOID, original="s"))
    sell(source, VOID)

    assert (on_hand("milk"), on_hand("bread")) == (10, 10)
    assert rows() == [("l", -1, 250, False, False), ("s", 1, 398, True, False), ("v", -1, 148, False, False)]
    assert faults_in_stock() == []


def test_a_void_with_lines_of_a_receipt_that_was_voided_counts_for_nothing(source: int) -> None:
    sell(source, SALE, VOID)
    sell(source, LINED)

    assert (on_hand("milk"), on_hand("bread")) == (10, 10)
    assert rows() == [("l", 0, 199, False, False), ("s", 1, 648, True, False), ("v", -1, 648, False, False)]
    assert [finding for finding in audit_sales() if finding.differences] == []


def test_voiding_a_return_takes_the_goods_out_again(source: int) -> None:
    back = receipt("s", item("milk", 1, 199), item("bread", 1, 250, disposition=Disposition.SELLABLE), kind=Kind.RETURN)
    sell(source, back)
    assert (on_hand("milk", state=End.UNSELLABLE), on_hand("bread")) == (1, 11)

    sell(source, VOID)

    assert (on_hand("milk"), on_hand("milk", state=End.UNSELLABLE), on_hand("bread")) == (10, 0, 10)
    assert rows() == [("s", -1, 449, True, False), ("v", 1, 449, False, False)]


def test_voiding_settles_what_was_open_about_the_lines(source: int) -> None:
    sell(source, receipt("s", item("silk", 1, 5), item("milk", 1, 199)))
    sell(source, VOID)

    assert LineException.objects.values_list("state", flat=True).get() == "dismissed"
    assert on_hand("milk") == 10


def test_voiding_takes_a_mended_line_back(source: int) -> None:
    sell(source, receipt("s", item("silk", 2, 5), item("milk", 1, 199)))
    mend_line(LineException.objects.get().pk, sku="bread", quantity=None, actor="ann", source_id=source)
    assert on_hand("bread") == 8

    sell(source, VOID)

    assert (on_hand("milk"), on_hand("bread")) == (10, 10)
    assert faults_in_stock() == []


def test_voiding_a_return_takes_a_mended_line_off_the_shelf_that_it_lies_on(source: int) -> None:
    sell(source, receipt("s", item("silk", 2, 5), kind=Kind.RETURN))
    mend_line(LineException.objects.get().pk, sku="bread", quantity=None, actor="ann", source_id=source)
    assert on_hand("bread", state=End.UNSELLABLE) == 2

    sell(source, VOID)

    assert (on_hand("bread"), on_hand("bread", state=End.UNSELLABLE)) == (10, 0)
    assert faults_in_stock() == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["original first", "void first"])
def test_goods_go_back_where_they_were_sold(source: int, order: tuple[int, int]) -> None:
    upsert_places(source, [PlaceItem("second", "p2", "p2", "USD", "America/New_York")])
    void = receipt("v", kind=Kind.VOID, place="p2", original="s")
    assert void.original == Original("p1", "1", MORNING.date(), "s")

    for index in order:
        sell(source, (SALE, void)[index])

    assert (on_hand("milk"), on_hand("milk", place_code="p2")) == (10, 0)
    assert faults_in_stock() == []
