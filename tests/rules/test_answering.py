"""How a shopper before a shelf gets a product soonest."""

import pytest

from onebasket.commerce.sourcing.rules.answering import Answered, Known, Way, answer


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Known(3, 5, 9, 2), Answered(Way.HERE, promised=False, reason="3 of 5 on hand here are free")),
        (
            Known(0, 5, 9, 2),
            Answered(
                Way.NEARBY,
                promised=True,
                reason="0 of 5 on hand here are free; the nearest other place with any has 9",
            ),
        ),
        (
            Known(-2, 0, 0, 2),
            Answered(
                Way.PARTNER,
                promised=False,
                reason="0 of 0 on hand here are free, and none nearby; 2 offered by partners",
            ),
        ),
        (
            Known(0, -1),
            Answered(
                Way.NOWHERE,
                promised=False,
                reason="0 of -1 on hand here are free, none nearby, and no partner offers it",
            ),
        ),
    ],
)
def test_what_is_soonest_goes_first(known: Known, expected: Answered) -> None:
    assert answer(known) == expected
