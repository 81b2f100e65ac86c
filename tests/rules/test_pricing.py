"""The price book's versions: tables of late, future and bounded prices, and the rule that they never overlap."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.pricing.rules.book import PriceItem, Span, cut, lay, price_problem, span_at

START = datetime(2026, 3, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def span(first: int, last: int | None, amount: int, version: int = 1) -> Span:
    return Span(day(first), None if last is None else day(last), amount, 1, version)


def laid(*spans: Span) -> tuple[Span, ...]:
    """Lay prices one after the other."""
    book: tuple[Span, ...] = ()
    for new in spans:
        found = lay(book, new)
        book = book if found is None else found
    return book


CASES = {
    "the first": ([(0, None, 100)], [(0, None, 100)]),
    "a new one closes the one before": ([(0, None, 100), (5, None, 120)], [(0, 5, 100), (5, None, 120)]),
    "a late one goes before": ([(5, None, 120), (0, 5, 100)], [(0, 5, 100), (5, None, 120)]),
    "a late one without end goes over what came after": ([(5, None, 120), (0, None, 100)], [(0, None, 100)]),
    "a future one with an end leaves what came before to go on": (
        [(0, None, 100), (10, 20, 80)],
        [(0, 10, 100), (10, 20, 80), (20, None, 100)],
    ),
    "a correction of the same span": (
        [(0, None, 100), (5, 9, 80), (5, 9, 85)],
        [(0, 5, 100), (5, 9, 85), (9, None, 100)],
    ),
    "one across two": ([(0, 5, 100), (5, None, 120), (3, 7, 90)], [(0, 3, 100), (3, 7, 90), (7, None, 120)]),
    "one that leaves a gap": ([(0, 5, 100), (9, None, 120)], [(0, 5, 100), (9, None, 120)]),
    "one that swallows several": ([(1, 2, 10), (3, 4, 20), (5, 6, 30), (0, 9, 50)], [(0, 9, 50)]),
    "ends touch and do not overlap": ([(0, 5, 100), (5, 9, 120), (9, 12, 90)], [(0, 5, 100), (5, 9, 120), (9, 12, 90)]),
}


@pytest.mark.parametrize(("stated", "expected"), CASES.values(), ids=CASES.keys())
def test_prices_laid_one_over_the_other(
    stated: list[tuple[int, int | None, int]], expected: list[tuple[int, int | None, int]]
) -> None:
    book = laid(*(span(first, last, amount, number) for number, (first, last, amount) in enumerate(stated, 1)))

    assert [(found.valid_from, found.valid_to, found.amount) for found in book] == [
        (day(first), None if last is None else day(last), amount) for first, last, amount in expected
    ]


@pytest.mark.parametrize(
    ("book", "new", "unchanged"),
    [
        ([(0, None, 100)], (0, None, 100), True),
        ([(0, None, 100)], (5, None, 100), True),
        ([(0, None, 100)], (5, 9, 100), True),
        ([(0, 5, 100), (5, None, 100)], (2, 8, 100), True),
        ([(0, 5, 100)], (0, 5, 100), True),
        ([(0, 5, 100)], (0, 6, 100), False),
        ([(0, 5, 100)], (0, None, 100), False),
        ([(1, None, 100)], (0, None, 100), False),
        ([(0, None, 100)], (0, None, 101), False),
        ([(0, 5, 100), (6, None, 100)], (0, None, 100), False),
        ([(0, 5, 100), (5, 6, 90), (6, None, 100)], (0, None, 100), False),
        ([], (0, None, 100), False),
    ],
)
def test_a_price_that_holds_already_changes_nothing(
    book: list[tuple[int, int | None, int]], new: tuple[int, int | None, int], *, unchanged: bool
) -> None:
    spans = tuple(span(*row) for row in book)

    assert (lay(spans, span(*new, version=9)) is None) is unchanged


def test_another_quantity_is_another_price() -> None:
    three_for_100 = Span(day(0), None, 100, 3, 2)

    assert lay((span(0, None, 100),), three_for_100) == (three_for_100,)


def test_what_is_cut_keeps_its_version_and_loses_its_row() -> None:
    whole = Span(day(0), None, 100, 1, 4, id=77)

    assert cut((whole,), day(3), day(5)) == (Span(day(0), day(3), 100, 1, 4, id=0), Span(day(5), None, 100, 1, 4, id=0))
    assert cut((whole,), day(-3), day(0)) == (whole,)


sets = st.lists(
    st.tuples(st.integers(0, 20), st.none() | st.integers(1, 20), st.integers(1, 4)).map(
        lambda given: (given[0], None if given[1] is None else given[0] + given[1], given[2])
    ),
    min_size=1,
    max_size=12,
)


def overlaps(book: tuple[Span, ...]) -> bool:
    return any(earlier.valid_to is None or earlier.valid_to > later.valid_from for earlier, later in pairwise(book))


@given(sets)
def test_at_any_instant_the_price_stated_last_for_it_holds(stated: list[tuple[int, int | None, int]]) -> None:
    book = laid(*(span(*row, version=number) for number, row in enumerate(stated, 1)))

    assert not overlaps(book)
    for half_day in range(-2, 90):
        at = START + timedelta(hours=12 * half_day)
        said = [amount for first, last, amount in stated if day(first) <= at and (last is None or at < day(last))]
        held = span_at(book, at)
        assert (held.amount if held else None) == (said[-1] if said else None)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 4)), min_size=1, max_size=12))
def test_after_the_first_exactly_one_price_holds(stated: list[tuple[int, int]]) -> None:
    book = laid(*(span(first, None, amount, number) for number, (first, amount) in enumerate(stated, 1)))

    for number in range(min(first for first, _ in stated), 45):
        at = day(number)
        assert sum(found.valid_from <= at and (found.valid_to is None or at < found.valid_to) for found in book) == 1


def test_control_without_the_cut_two_prices_hold_at_once() -> None:
    uncut = tuple(sorted((span(0, None, 100), span(5, None, 120)), key=lambda found: found.valid_from))

    assert overlaps(uncut)
    assert not overlaps(laid(*uncut))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"currency": "XX1"}, "currency: 'XX1' is no ISO 4217 currency code, such as USD."),
        ({"valid_to": day(0)}, "valid_to: a price ends after it begins. Give a later valid_to, or none."),
        (
            {"valid_from": datetime(1969, 12, 31, tzinfo=UTC)},
            "valid_from: 1969-12-31T00:00:00+00:00 lies outside the years 1970 to 8999. Correct it.",
        ),
        (
            {"valid_to": datetime(9500, 1, 1, tzinfo=UTC)},
            "valid_to: 9500-01-01T00:00:00+00:00 lies outside the years 1970 to 8999. Correct it.",
        ),
    ],
)
def test_what_is_wrong_with_a_price(changes: dict[str, str | datetime], problem: str) -> None:
    stated = {"key": "k", "sku": "A", "currency": "USD", "amount": 1, "valid_from": day(0)} | changes

    assert price_problem(PriceItem(**stated)) == problem  # type: ignore[arg-type] # a table of mixed fields
