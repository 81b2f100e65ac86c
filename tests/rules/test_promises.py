"""Whose promise a shortfall falls on, and what is kept back from whom."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.stock.rules.promises import Buffers, OpenReservation, at_risk

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def promise(order: int, line: int, quantity: int, minute: int) -> OpenReservation:
    return OpenReservation(UUID(int=order), line, quantity, NINE + timedelta(minutes=minute))


EARLY, MIDDLE, LATE = promise(1, 1, 4, 0), promise(2, 1, 3, 5), promise(3, 1, 2, 9)


@pytest.mark.parametrize(
    ("open_", "shortfall", "risks"),
    [
        pytest.param([EARLY, MIDDLE, LATE], 0, [], id="nothing is short"),
        pytest.param([EARLY, MIDDLE, LATE], -3, [], id="more than enough"),
        pytest.param([EARLY, LATE, MIDDLE], 1, [(3, 1, 1)], id="part of the latest"),
        pytest.param([LATE, EARLY, MIDDLE], 2, [(3, 1, 2)], id="all of the latest"),
        pytest.param([EARLY, MIDDLE, LATE], 3, [(3, 1, 2), (2, 1, 1)], id="then the one before"),
        pytest.param([EARLY, MIDDLE, LATE], 9, [(3, 1, 2), (2, 1, 3), (1, 1, 4)], id="everybody"),
        pytest.param([EARLY, MIDDLE], 12, [(2, 1, 3), (1, 1, 4)], id="more than is promised"),
        pytest.param([promise(1, 1, 1, 0), promise(2, 1, 1, 0)], 1, [(2, 1, 1)], id="a tie goes by the order's id"),
        pytest.param([promise(1, 2, 1, 0), promise(1, 1, 1, 0)], 1, [(1, 2, 1)], id="and then by the line"),
        pytest.param([], 5, [], id="no promise"),
    ],
)
def test_at_risk(open_: list[OpenReservation], shortfall: int, risks: list[tuple[int, int, int]]) -> None:
    assert [(risk.reference.int, risk.line, risk.short) for risk in at_risk(open_, shortfall)] == risks


@given(st.lists(st.builds(promise, *[st.integers(1, 9)] * 3, st.integers(0, 60)), max_size=8), st.integers(0, 80))
def test_what_is_at_risk_adds_up(open_: list[OpenReservation], shortfall: int) -> None:
    risks = at_risk(open_, shortfall)

    assert sum(risk.short for risk in risks) == min(shortfall, sum(item.quantity for item in open_))
    assert all(0 < risk.short <= risk.quantity for risk in risks)
    assert [risk.placed_at for risk in risks] == sorted((risk.placed_at for risk in risks), reverse=True)


@pytest.mark.parametrize(
    ("by_product", "by_unit", "kept"),
    [
        ({}, {}, 0),
        ({(1, "web", 7): 3, (1, "", 7): 5}, {(1, "web", "kg"): 8, (1, "", "kg"): 9}, 3),
        ({(1, "", 7): 5}, {(1, "web", "kg"): 8, (1, "", "kg"): 9}, 5),
        ({}, {(1, "web", "kg"): 8, (1, "", "kg"): 9}, 8),
        ({}, {(1, "", "kg"): 9}, 9),
        ({(1, "web", 7): 0}, {(1, "", "kg"): 9}, 0),
        ({(2, "web", 7): 3, (1, "kiosk", 7): 3, (1, "web", 8): 3}, {(1, "web", "each"): 3}, 0),
    ],
    ids=["none", "product and channel", "product", "unit and channel", "unit", "zero hides a wider one", "others' own"],
)
def test_the_narrowest_buffer_holds(
    by_product: dict[tuple[int, str, int], int], by_unit: dict[tuple[int, str, str], int], kept: int
) -> None:
    assert Buffers(by_product, by_unit).kept_back(place_id=1, channel="web", product_id=7, unit="kg") == kept
