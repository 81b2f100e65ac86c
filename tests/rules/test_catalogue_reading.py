"""What a page of a partner's catalogue means for where its reading stands."""

from datetime import UTC, datetime, timedelta

import pytest

from onebasket.commerce.partners.rules.reading import (
    LISTING_EVERY,
    LONGEST_WAIT,
    POLL,
    Following,
    Mistake,
    Standing,
    are_too_many,
    begins_anew,
    follow,
    wait_after,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
WHOLE, CHANGES = Standing("a", is_whole=True, listed=50), Standing("a", is_whole=False, failures=2)


def page(standing: Standing, cursor: str, *, has_more: bool, count: int = 50, total: int | None = None) -> Following:
    return follow(standing, cursor, has_more=has_more, count=count, total=total)


def test_a_page_moves_the_cursor_on() -> None:
    assert page(WHOLE, "b", has_more=True) == Following("b", 100)
    assert page(CHANGES, "b", has_more=True) == Following("b", 50)


def test_the_end_is_a_rest_and_of_a_whole_pass_its_completion() -> None:
    assert page(WHOLE, "b", has_more=False, total=100) == Following("b", 100, wait=POLL, is_complete=True)
    assert page(WHOLE, "a", has_more=False) == Following("a", 100, wait=POLL, is_complete=True)
    assert page(WHOLE, "", has_more=False) == Following("", 100, wait=LISTING_EVERY, is_complete=True)
    assert page(CHANGES, "a", has_more=False, count=0, total=9_999) == Following("a", 0, wait=POLL)


@pytest.mark.parametrize("total", [101, 5_000])
def test_a_whole_pass_that_lists_fewer_than_there_are_is_none(total: int) -> None:
    found = page(WHOLE, "b", has_more=False, total=total)
    assert (found.mistake, found.is_given_up, found.is_complete, found.failures) == (Mistake.SKIPS, True, False, 1)
    assert f"listed 100 offers, and there are {total}" in found.explanation


def test_a_cursor_that_comes_again_is_no_progress() -> None:
    found = page(WHOLE, "a", has_more=True)
    assert (found.cursor, found.listed, found.mistake, found.is_given_up) == ("a", 50, Mistake.REPEATS, False)
    assert found.wait == timedelta(seconds=5)
    assert page(Standing("a", is_whole=True, failures=4), "a", has_more=True).is_given_up
    assert not page(Standing("a", is_whole=False, failures=40), "a", has_more=True).is_given_up


def test_a_cursor_that_goes_in_circles_ends() -> None:
    round_and_round = Standing("a", is_whole=True, listed=1_300)
    assert page(round_and_round, "b", has_more=True, total=100).cursor == "a"
    assert page(round_and_round, "b", has_more=True, total=100).is_given_up
    assert not page(round_and_round, "b", has_more=True, total=1_000).is_given_up


@pytest.mark.parametrize(
    ("cursor", "since", "expected"),
    [
        ("", NOW, True), ("a", None, True), ("a", NOW - timedelta(hours=24), True),
        ("a", NOW - timedelta(hours=23), False),
    ],
)  # fmt: skip
def test_when_a_whole_pass_begins(cursor: str, since: datetime | None, *, expected: bool) -> None:
    assert begins_anew(cursor, since, NOW) is expected


@pytest.mark.parametrize(
    ("failures", "stated", "seconds"),
    [
        (1, None, 5), (2, None, 10), (3, None, 20), (8, None, 600), (1000, None, 600), (1, 30, 30), (1, 10**12, 600),
        (1, 1, 5),
    ],
)  # fmt: skip
def test_how_long_is_waited(failures: int, stated: int | None, seconds: int) -> None:
    assert wait_after(failures, stated) == timedelta(seconds=seconds) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("unseen", "live", "expected"), [(20, 20, False), (21, 100, True), (21, 105, False), (0, 0, False)]
)
def test_how_many_end_at_once(unseen: int, live: int, *, expected: bool) -> None:
    assert are_too_many(unseen, live) is expected
