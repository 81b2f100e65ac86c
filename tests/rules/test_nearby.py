"""Which nearby place has everything, and whether a product is here, nearby or nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.sourcing.rules import (
    Lacking,
    Nearby,
    NearbyCandidate,
    Need,
    Standing,
    Whereabouts,
    nearest_with_all,
    places_with_all,
    tell_whereabouts,
)

NEEDS = (Need(1, "milk", 2), Need(2, "bread", 1), Need(3, "eggs", 5))
FULL = (2, 1, 5)


def at(place: str, metres: int, *available: int) -> NearbyCandidate:
    return NearbyCandidate(place, metres, available)


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ((at("a", 500, *FULL),), Nearby("a", 500, "a is the nearest and has all")),
        ((at("b", 900, 9, 9, 9), at("a", 500, *FULL)), Nearby("a", 500, "a is the nearest and has all")),
        ((at("b", 500, *FULL), at("a", 500, *FULL)), Nearby("a", 500, "a is the nearest and has all")),
        (
            (at("a", 500, 2, 0, 5), at("b", 900, *FULL)),
            Nearby("b", 900, "b is the nearest that has all; 1 nearer place lacks something"),
        ),
        (
            (at("c", 900, *FULL), at("a", 500, 2, 1, 4), at("b", 600, 0, 0, 0)),
            Nearby("c", 900, "c is the nearest that has all; 2 nearer places lack something"),
        ),
        (
            (at("a", 500, 2, 0, 4), at("b", 900, 2, 1, 4), at("c", 950, 2, 0, 5)),
            Lacking("b", (3,), "none of 3 places has all; b lacks 1 line"),
        ),
        ((at("a", 500, -3, 0, 0),), Lacking("a", (1, 2, 3), "none of 1 place has all; a lacks 3 lines")),
        ((), Lacking("", (1, 2, 3), "no other place is near")),
    ],
)
def test_the_nearest_that_has_all(candidates: tuple[NearbyCandidate, ...], expected: Nearby | Lacking) -> None:
    assert nearest_with_all(NEEDS, candidates) == expected


def test_all_that_have_it_nearest_first() -> None:
    candidates = (at("c", 900, *FULL), at("a", 500, 0, 0, 0), at("b", 600, *FULL))

    assert [(one.place, one.reason) for one in places_with_all(NEEDS, candidates)] == [
        ("b", "b is the nearest that has all; 1 nearer place lacks something"),
        ("c", "c has all"),
    ]


def test_whoever_wants_nothing_is_served_next_door() -> None:
    assert nearest_with_all((), (at("a", 500),)) == Nearby("a", 500, "a is the nearest and has all")


@pytest.mark.parametrize(
    ("here", "candidates", "expected"),
    [
        (2, (), Whereabouts(Standing.HERE, 2, (), "enough is available here")),
        (
            1,
            (at("a", 500, 2),),
            Whereabouts(
                Standing.NEARBY,
                1,
                (Nearby("a", 500, "a is the nearest and has all"),),
                "not enough here; a is the nearest and has all",
            ),
        ),
        (-4, (at("a", 500, 1),), Whereabouts(Standing.NOWHERE, 0, (), "not enough here, nor at 1 place looked at")),
        (0, (), Whereabouts(Standing.NOWHERE, 0, (), "not enough here, nor at 0 places looked at")),
    ],
)
def test_where_a_product_is(here: int, candidates: tuple[NearbyCandidate, ...], expected: Whereabouts) -> None:
    assert tell_whereabouts(NEEDS[0], here, candidates) == expected


def test_only_so_many_nearby_places_are_named() -> None:
    candidates = [at(f"p{number}", number, 2) for number in range(9)]

    assert [one.place for one in tell_whereabouts(NEEDS[0], 0, candidates).nearby] == ["p0", "p1", "p2"]
    assert tell_whereabouts(NEEDS[0], 0, candidates, most=0).standing == Standing.NOWHERE


def test_what_keeps_no_stock_is_always_there() -> None:
    assert tell_whereabouts(NEEDS[0], 0, (), tracked=False) == Whereabouts(Standing.ALWAYS, 0, (), "it keeps no stock")


CANDIDATES = st.lists(
    st.builds(NearbyCandidate, st.sampled_from("abcdef"), st.integers(0, 9), st.tuples(*[st.integers(-2, 6)] * 3)),
    max_size=6,
    unique_by=lambda one: one.place,
)


@given(CANDIDATES)
def test_whatever_is_named_has_all_and_nothing_nearer_has(candidates: list[NearbyCandidate]) -> None:
    whole = {
        one.place: one.distance_metres
        for one in candidates
        if all(f >= n for f, n in zip(one.available, FULL, strict=True))
    }
    found = nearest_with_all(NEEDS, candidates)

    if whole:
        assert isinstance(found, Nearby)
        assert (found.distance_metres, found.place) == min((metres, place) for place, metres in whole.items())
        assert {one.place for one in places_with_all(NEEDS, candidates)} == whole.keys()
    else:
        assert isinstance(found, Lacking)
        assert places_with_all(NEEDS, candidates) == []
