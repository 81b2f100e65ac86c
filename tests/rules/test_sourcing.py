"""Which place serves an order: the first that serves it whole, or the first with any where partial is asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.sourcing.rules import Candidate, Choice, Need, Shortage, choose_place


def needs(*quantities: int) -> list[Need]:
    return [Need(number, f"s{number}", quantity) for number, quantity in enumerate(quantities, 1)]


def candidates(*available: tuple[int, ...]) -> list[Candidate]:
    return [Candidate(f"p{number}", free) for number, free in enumerate(available, 1)]


@pytest.mark.parametrize(
    ("wanted", "available", "partial", "choice"),
    [
        pytest.param(
            (2,),
            [(2,)],
            False,
            Choice(0, (2,), "p1 was the only place considered and serves it whole"),
            id="the only one",
        ),
        pytest.param((2,), [(3,), (9,)], False, Choice(0, (2,), "p1 comes first and serves it whole"), id="the first"),
        pytest.param(
            (2, 1),
            [(2, 0), (1, 1), (2, 1)],
            False,
            Choice(2, (2, 1), "p3 is the first that serves it whole; short before it: p1, p2"),
            id="the first that can",
        ),
        pytest.param((2, 1), [(1, 0), (1, 1)], False, Shortage(1, "p2 came closest"), id="none, and the closest"),
        pytest.param((2, 1), [(0, 0), (0, 0)], False, Shortage(0, "p1 came closest"), id="none, and a tie"),
        pytest.param(
            (2, 1),
            [(0, 0), (1, 0), (1, 1)],
            True,
            Choice(1, (1, 0), "no place asked has all of it; p2 is the first with any"),
            id="the first with any",
        ),
        pytest.param(
            (2, 1),
            [(1, 1), (2, 1)],
            True,
            Choice(1, (2, 1), "p2 is the first that serves it whole; short before it: p1"),
            id="whole goes before part",
        ),
        pytest.param((2, 1), [(0, -4), (-1, 0)], True, Shortage(0, "p1 came closest"), id="nothing at all"),
    ],
)
def test_choose_place(
    wanted: tuple[int, ...],
    available: list[tuple[int, ...]],
    partial: bool,  # noqa: FBT001
    choice: Choice | Shortage,
) -> None:
    assert choose_place(needs(*wanted), candidates(*available), partial=partial) == choice


QUANTITIES = st.integers(1, 3).flatmap(
    lambda size: st.tuples(
        st.tuples(*[st.integers(1, 9)] * size),
        st.lists(st.tuples(*[st.integers(-3, 12)] * size), min_size=1, max_size=5),
    )
)


@given(QUANTITIES, st.booleans())
def test_no_choice_promises_more_than_there_is(
    stated: tuple[tuple[int, ...], list[tuple[int, ...]]],
    partial: bool,  # noqa: FBT001
) -> None:
    wanted, available = stated
    choice = choose_place(needs(*wanted), candidates(*available), partial=partial)

    whole = [all(free >= want for free, want in zip(place, wanted, strict=True)) for place in available]
    some = [any(free > 0 for free in place) for place in available]
    if isinstance(choice, Shortage):
        assert not any(whole)
        assert not (partial and any(some))
        return
    assert choice.index == (whole.index(True) if any(whole) else some.index(True))
    free = available[choice.index]
    for promised, want, there in zip(choice.promised, wanted, free, strict=True):
        assert 0 <= promised <= min(want, max(0, there))
    assert partial or choice.promised == wanted
