"""Tax on priced lines, in cents: included or added, by line or by receipt, and what cash rounds to."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.pricing.rules.basket import TaxRate, Terms
from onebasket.commerce.pricing.rules.taxing import Taxable, cash_rounding, tax_lines
from tests.rules.pricing_cases import TERMS, item, price

STATE = TaxRate("state", "food", 88_750)
CITY = TaxRate("city", "food", 45_000)


def terms(*taxes: TaxRate, **more: Any) -> Terms:
    return msgspec.structs.replace(TERMS, taxes=taxes, **more)


def taxed(amounts: Sequence[int], stated: Terms) -> list[list[tuple[str, int, int]]]:
    found = tax_lines([Taxable("food", amount) for amount in amounts], stated)
    return [[(part.code, part.base, part.amount) for part in parts] for parts in found]


CASES: dict[str, tuple[list[int], Terms, list[list[tuple[str, int, int]]]]] = {
    "added to 10.00": ([1_000], terms(STATE, tax_included=False), [[("state", 1_000, 89)]]),
    "contained in 10.00": ([1_000], terms(STATE), [[("state", 918, 82)]]),
    "two taxes contained in 10.00": ([1_000], terms(STATE, CITY), [[("state", 882, 78), ("city", 882, 40)]]),
    "two taxes added": (
        [1_000],
        terms(STATE, CITY, tax_included=False),
        [[("state", 1_000, 89), ("city", 1_000, 45)]],
    ),
    "by line each rounds for itself": (
        [40, 40, 40],
        terms(STATE, tax_included=False),
        [[("state", 40, 4)], [("state", 40, 4)], [("state", 40, 4)]],
    ),
    "by receipt the sum rounds: 11 on 1.20": (
        [40, 40, 40],
        terms(STATE, tax_included=False, tax_rounding="receipt"),
        [[("state", 40, 4)], [("state", 40, 4)], [("state", 40, 3)]],
    ),
    "by receipt, contained": (
        [100, 200, 333],
        terms(STATE, tax_rounding="receipt"),
        [[("state", 92, 8)], [("state", 183, 17)], [("state", 306, 27)]],
    ),
    "a negative line": ([-40, 200], terms(STATE, tax_included=False), [[("state", -40, -4)], [("state", 200, 18)]]),
    "a rate of nothing": ([1_000], terms(TaxRate("zero", "food", 0)), [[("zero", 1_000, 0)]]),
    "no tax on this class": ([1_000], terms(TaxRate("state", "wine", 88_750)), [[]]),
}


@pytest.mark.parametrize(("amounts", "stated", "expected"), CASES.values(), ids=CASES.keys())
def test_tax_of_lines(amounts: list[int], stated: Terms, expected: list[list[tuple[str, int, int]]]) -> None:
    assert taxed(amounts, stated) == expected


def test_by_receipt_classes_of_one_rate_are_rounded_together() -> None:
    stated = terms(
        STATE, TaxRate("state", "wine", 88_750), TaxRate("luxury", "wine", 10_000), tax_included=False,
        tax_rounding="receipt",
    )  # fmt: skip
    found = tax_lines([Taxable("food", 40), Taxable("wine", 40), Taxable("food", 40)], stated)

    assert [[part.amount for part in parts] for parts in found] == [[4], [4, 0], [3]]


@given(
    st.lists(st.integers(-500, 5_000), min_size=1, max_size=8),
    st.lists(st.integers(0, 300_000), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from(["line", "receipt"]),
)
def test_taxes_sum_up(amounts: list[int], rates: list[int], included: bool, rounding: str) -> None:  # noqa: FBT001
    stated = terms(
        *(TaxRate(f"t{number}", "food", rate) for number, rate in enumerate(rates)),
        tax_included=included,
        tax_rounding=rounding,
    )
    lines = tax_lines([Taxable("food", amount) for amount in amounts], stated)

    for amount, parts in zip(amounts, lines, strict=True):
        assert all(part.base + (sum(each.amount for each in parts) if included else 0) == amount for part in parts)
    if rounding == "receipt":
        whole = 1_000_000 + (sum(rates) if included else 0)
        for number, rate in enumerate(rates):
            exact = sum(amounts) * rate / whole
            assert abs(sum(parts[number].amount for parts in lines) - exact) <= 0.5


def test_tax_included_is_in_the_total_and_tax_added_comes_on_top() -> None:
    lines = [item("soup", 1, 1_000, tax_class="food")]

    included = price(lines, terms=terms(STATE))
    assert (included.total, included.tax_total, included.tax_included) == (1_000, 82, True)
    added = price(lines, terms=terms(STATE, tax_included=False))
    assert (added.total, added.tax_total, added.tax_included) == (1_089, 89, False)


@pytest.mark.parametrize(
    ("total", "step", "expected"),
    [(1_002, 5, -2), (1_003, 5, 2), (1_000, 5, 0), (1_002, 1, 0), (1_002, 10, -2), (1_005, 10, 5), (-1_003, 5, -2)],
)
def test_what_cash_rounds_to(total: int, step: int, expected: int) -> None:
    assert cash_rounding(total, step) == expected


def test_the_total_is_exact_and_the_rounding_stands_beside_it() -> None:
    found = price([item("soup", 1, 1_003)], terms=terms(cash_step=5))

    assert (found.total, found.rounding) == (1_003, 2)
