"""How often a hub starts a process of its own again."""

import logging
import time

import pytest

from onebasket.project.kept import Kept, pause_after


@pytest.mark.parametrize(
    ("code", "lived", "before", "pause"),
    [
        (1, 0.1, 0.0, 0.2), (1, 0.1, 0.2, 0.4), (0, 0.1, 0.4, 0.8), (1, 59.9, 4.0, 5.0), (1, 0.1, 5.0, 5.0),
        (-9, 0.1, 5.0, 0.2), (1, 60.0, 5.0, 0.2),
    ],
)  # fmt: skip
def test_the_pause_grows_while_it_cannot_start(code: int, lived: float, before: float, pause: float) -> None:
    assert pause_after(code, lived=lived, before=before) == pause


def test_what_cannot_start_does_not_spin(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), Kept("spinner", "onebasket.no_such_module"):
        time.sleep(2.5)  # with pauses of 0.2, 0.4, 0.8 and 1.6 seconds
    assert 1 <= sum("the spinner ended with status 1" in record.message for record in caplog.records) <= 4
