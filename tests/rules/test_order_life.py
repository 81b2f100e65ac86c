"""An order's life: every state and every step."""

import pytest

from onebasket.commerce.orders.rules.life import OPEN, PROMISED, Status, Step, after, steps_from
from onebasket.commerce.orders.rules.numbers import order_number

TABLE = """
                  confirm_payment pick     finish_picking hand_over   cancel    put_back  expire    close
awaiting_payment  placed          -        -              -           cancelled -         cancelled -
placed            -               picking  ready          -           cancelled -         -         closed
picking           -               picking  ready          -           cancelled -         -         -
ready             -               -        -              handed_over cancelled -         -         -
handed_over       -               -        -              -           -         -         -         -
cancelled         -               -        -              -           -         cancelled -         -
closed            -               -        -              -           -         -         -         -
"""
_HEAD, *_ROWS = [row.split() for row in TABLE.strip().splitlines()]
CELLS = [(row[0], step, cell) for row in _ROWS for step, cell in zip(_HEAD, row[1:], strict=True)]


@pytest.mark.parametrize(("status", "step", "then"), CELLS)
def test_every_step_from_every_status(status: str, step: str, then: str) -> None:
    assert after(Status(status), Step(step)) == (None if then == "-" else Status(then))


def test_the_table_names_every_status_and_step() -> None:
    assert ([row[0] for row in _ROWS], _HEAD) == ([*Status], [*Step])


@pytest.mark.parametrize("status", [*Status])
def test_what_can_be_done_next(status: Status) -> None:
    assert steps_from(status) == [step for step in Step if after(status, step)]


def test_open_orders_can_be_cancelled_and_promised_ones_are_open() -> None:
    assert {status for status in Status if after(status, Step.CANCEL)} == OPEN
    assert PROMISED < OPEN


def test_order_numbers() -> None:
    assert [order_number("367", number) for number in (7, 12_345)] == ["367-0007", "367-12345"]
