"""How often somebody may guess: counted by who guesses, for a while, in a bounded memory."""

import pytest

from onebasket.base import guesses
from onebasket.base.guesses import Guesses


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(guesses, "time", found)
    return found


def test_too_many_wrong_guesses_shut_the_door_for_a_while(clock: Clock) -> None:
    door = Guesses(most=3, window=60.0)
    for _ in range(3):
        assert not door.is_blocked("eve")
        door.note_wrong("eve")
    assert door.is_blocked("eve")
    assert not door.is_blocked("ada")
    clock.now += 59.9
    assert door.is_blocked("eve")
    clock.now += 0.1
    assert not door.is_blocked("eve")
    door.note_wrong("eve")
    assert not door.is_blocked("eve")


def test_few_guesses_over_a_long_time_never_add_up(clock: Clock) -> None:
    door = Guesses(most=2, window=60.0)
    for _ in range(10):
        door.note_wrong("eve")
        assert not door.is_blocked("eve")
        clock.now += 61


def test_the_memory_is_bounded_and_whoever_guesses_on_stays_in_it(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "MOST_REMEMBERED", 3)
    door = Guesses(most=1, window=60.0)
    for who in ("a", "b", "c"):
        door.note_wrong(who)
    door.note_wrong("a")
    door.note_wrong("d")
    assert [door.is_blocked(who) for who in "abcd"] == [True, False, True, True]
    door.forget()
    assert not door.is_blocked("a")
