"""How often somebody may try to sign in."""

import pytest

from onebasket.commerce.access.actions.signing_in import (
    TRIES_PER_ADDRESS,
    TRIES_PER_NAME,
    WINDOW_SECONDS,
    SignInTries,
    seconds_to_wait,
)


@pytest.mark.parametrize(
    ("tries", "now", "wait"),
    [
        ((), 0, 0), ((1.0,), 2, 0), ((1.0, 2.0), 3, 298), ((1.0, 2.0), 300.5, 1), ((1.0, 2.0), 301, 0),
        ((1.0, 2.0, 100.0), 110, 192), ((1.0, 2.0, 100.0), 303, 0),
    ],
)  # fmt: skip
def test_the_wait_ends_when_a_try_leaves_the_window(tries: tuple[float, ...], now: float, wait: int) -> None:
    assert seconds_to_wait(tries, allowed=2, now=now) == wait


def test_guessing_one_name_from_one_address_is_slowed_down() -> None:
    tries = SignInTries()

    waits = [tries.take("10.0.0.1", name=" Ann ", now=float(at)) for at in range(TRIES_PER_NAME + 1)]

    assert waits == [0] * TRIES_PER_NAME + [WINDOW_SECONDS - TRIES_PER_NAME]
    assert tries.take("10.0.0.1", name="ann", now=6.0) > 0
    assert tries.take("10.0.0.2", name="ann", now=6.0) == 0
    assert tries.take("10.0.0.1", name="bob", now=6.0) == 0
    assert tries.take("10.0.0.1", name="ann", now=float(WINDOW_SECONDS)) == 0


def test_the_right_password_clears_a_name() -> None:
    tries = SignInTries()
    for at in range(TRIES_PER_NAME - 1):
        tries.take("10.0.0.1", name="ann", now=float(at))

    tries.forget("10.0.0.1", name="Ann")

    assert tries.take("10.0.0.1", name="ann", now=9.0) == 0


def test_guessing_many_names_from_one_address_is_slowed_down() -> None:
    tries = SignInTries()

    waits = [tries.take("10.0.0.1", name=f"name-{at}", now=float(at)) for at in range(TRIES_PER_ADDRESS + 1)]

    assert waits[:TRIES_PER_ADDRESS] == [0] * TRIES_PER_ADDRESS
    assert waits[-1] == WINDOW_SECONDS - TRIES_PER_ADDRESS


def test_what_is_remembered_is_bounded() -> None:
    tries = SignInTries(most_kept=10)

    for at in range(1_000):
        tries.take(f"10.0.{at}.1", name="ann", now=0.0)

    assert len(tries) == 10
