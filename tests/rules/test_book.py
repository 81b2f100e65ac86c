"""The book: late facts and late counts, in any order of arrival, leave every count as it was counted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.stock.rules.book import Cause, Figures, ShelfBook, ShelfKey, ShelfLockedError
from onebasket.commerce.stock.rules.ends import End, Kind

SHELF = ShelfKey(1, End.SELLABLE, 7)
STAGED = ShelfKey(1, End.STAGED, 7)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

Arrival = tuple[str, int, int]
"""What, how many minutes after the start it occurred, and the steps: in (out when negative), or counted."""


def instant(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def net(book: ShelfBook, until: datetime, key: ShelfKey = SHELF) -> int:
    return sum(
        (row.quantity if row.target == key.state else -row.quantity)
        for row in book.movements
        if key.state in {row.origin, row.target} and row.occurred_at <= until
    )


def arrive(book: ShelfBook, arrivals: list[Arrival]) -> None:
    for number, (what, minute, quantity) in enumerate(arrivals, 1):
        cause = Cause(number, 1, instant(minute), instant(100))
        if what == "count":
            since = net(book, instant(10**6)) - net(book, instant(minute))
            book.count(SHELF, quantity=quantity, moved_since=since, cause=cause)
        elif quantity > 0:
            book.move(1, 7, kind=Kind.DELIVERY, ends=(End.SUPPLIER, End.SELLABLE), quantity=quantity, cause=cause)
        else:
            book.move(1, 7, kind=Kind.SALE, ends=(End.SELLABLE, End.CUSTOMER), quantity=-quantity, cause=cause)


def new_book() -> ShelfBook:
    return ShelfBook({SHELF: Figures(1, 0), STAGED: Figures(2, 0)})


@pytest.mark.parametrize(
    ("arrivals", "now", "at_counts"),
    [
        pytest.param([("move", 0, 10), ("move", 5, -3)], 7, {}, id="facts in order"),
        pytest.param([("move", 5, -3), ("move", 0, 10)], 7, {}, id="facts out of order"),
        pytest.param([("move", 0, 10), ("count", 10, 8)], 8, {10: 8}, id="a count below the books"),
        pytest.param([("move", 0, 10), ("count", 10, 12)], 12, {10: 12}, id="a count above the books"),
        pytest.param([("move", 0, 10), ("count", 10, 10)], 10, {10: 10}, id="a count that agrees"),
        pytest.param([("count", 10, 8)], 8, {10: 8}, id="a count of a new shelf"),
        pytest.param([("count", 10, 0)], 0, {10: 0}, id="a count of nothing"),
        pytest.param([("move", 0, 10), ("count", 10, 8), ("move", 15, -2)], 6, {10: 8}, id="a fact after the count"),
        pytest.param([("move", 0, 10), ("count", 10, 8), ("move", 5, -2)], 8, {10: 8}, id="a sale late for the count"),
        pytest.param([("count", 10, 8), ("move", 5, 4)], 8, {10: 8}, id="a delivery late for the count"),
        pytest.param([("count", 10, 8), ("move", 10, -2)], 8, {10: 8}, id="a fact at the count's instant: it was seen"),
        pytest.param([("move", 10, -2), ("count", 10, 8)], 8, {10: 8}, id="a count at the fact's instant saw it"),
        pytest.param([("move", 0, 10), ("move", 15, -2), ("count", 10, 8)], 6, {10: 8}, id="a late count"),
        pytest.param(
            [("move", 0, 10), ("count", 20, 5), ("count", 10, 8)], 5, {10: 8, 20: 5}, id="a count older than the last"
        ),
        pytest.param(
            [("move", 0, 10), ("count", 20, 5), ("count", 10, 8), ("move", 15, -1), ("move", 5, -1), ("move", 25, -1)],
            4,
            {10: 8, 20: 5},
            id="facts before, between and after two counts that came in the wrong order",
        ),
        pytest.param(
            [("count", 10, 8), ("count", 10, 6)], 6, {10: 6}, id="the later of two counts at one instant holds"
        ),
        pytest.param([("count", 10, 8), ("count", 20, 5), ("count", 10, 6)], 5, {10: 6, 20: 5}, id="and leaves others"),
        pytest.param([("move", 5, -3), ("count", 10, 0), ("move", 6, -2)], 0, {10: 0}, id="sold below nothing"),
    ],
)
def test_interleavings(arrivals: list[Arrival], now: int, at_counts: dict[int, int]) -> None:
    book = new_book()

    arrive(book, arrivals)

    assert book.figures[SHELF].on_hand == now
    assert {minute: net(book, instant(minute)) for minute in at_counts} == at_counts
    assert net(book, instant(10**6)) == now


def test_a_late_fact_comes_with_its_correction() -> None:
    book = new_book()
    arrive(book, [("count", 10, 8), ("move", 5, -2)])

    rows = [(row.kind, row.origin, row.target, row.quantity, row.occurred_at, row.step) for row in book.movements[1:]]
    assert rows == [
        (Kind.SALE, End.SELLABLE, End.CUSTOMER, 2, instant(5), 0),
        (Kind.COUNT_CORRECTION, End.COUNT, End.SELLABLE, 2, instant(10), 1),
    ]


def test_a_late_move_between_two_counted_shelves_corrects_both() -> None:
    book = new_book()
    for number, key in enumerate((SHELF, STAGED), 1):
        book.count(key, quantity=5, moved_since=0, cause=Cause(number, 1, instant(10), instant(11)))

    book.move(
        1,
        7,
        kind=Kind.ADJUSTMENT,
        ends=(End.SELLABLE, End.STAGED),
        quantity=2,
        cause=Cause(3, 4, instant(5), instant(12)),
    )

    assert [figures.on_hand for figures in book.figures.values()] == [5, 5]
    assert [(row.step, row.line, row.origin, row.target) for row in book.movements[2:]] == [
        (0, 4, End.SELLABLE, End.STAGED), (1, 4, End.COUNT, End.SELLABLE), (2, 4, End.STAGED, End.COUNT),
    ]  # fmt: skip


def test_the_difference_of_a_count_is_kept() -> None:
    book = new_book()
    arrive(book, [("move", 0, 10), ("count", 10, 8), ("count", 20, 9), ("count", 15, 9)])

    assert [(row.quantity, row.difference) for row in book.counted] == [(8, -2), (9, 1), (9, 1)]
    assert book.figures[SHELF].counted_at == instant(20)
    assert [row.quantity for row in book.movements if row.kind == Kind.COUNT_CORRECTION] == [1]


def test_a_shelf_that_is_not_locked_is_not_moved() -> None:
    with pytest.raises(ShelfLockedError):
        new_book().reserve(2, 7, 1)


def test_promises_change_what_is_available() -> None:
    book = new_book()
    arrive(book, [("move", 0, 10)])

    book.reserve(1, 7, 4)
    book.hold(1, 7, 3)
    book.hold(1, 7, -1)

    figures = book.find(1, 7)
    assert figures is not None
    assert (figures.reserved, figures.held, figures.available(), figures.available(5)) == (4, 2, 4, -1)
    assert book.find(1, 8) is None


def arrivals_of_one_shelf() -> Iterator[st.SearchStrategy[Arrival]]:
    minutes = st.integers(0, 30)
    yield st.tuples(st.just("move"), minutes, st.integers(-9, 9).filter(bool))
    yield st.tuples(st.just("count"), minutes, st.integers(0, 20))


@given(st.lists(st.one_of(*arrivals_of_one_shelf()), max_size=14).flatmap(st.permutations))
def test_every_count_stands_whatever_the_order_of_arrival(arrivals: list[Arrival]) -> None:
    book = new_book()

    arrive(book, arrivals)

    counted = {minute: quantity for what, minute, quantity in arrivals if what == "count"}
    assert {minute: net(book, instant(minute)) for minute in counted} == counted
    assert net(book, instant(10**6)) == book.figures[SHELF].on_hand
    last = max(counted, default=-1)
    after = sum(quantity for what, minute, quantity in arrivals if what == "move" and minute > last)
    assert book.figures[SHELF].on_hand == counted.get(last, 0) + after
