"""Money and quantities: exact or refused, rounded once, half away from zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.kernel.money import (
    MAX_AMOUNT,
    currencies,
    decimal_amount,
    divide_half_up,
    exponent,
    format_amount,
    parse_amount,
    price_for,
)
from onebasket.kernel.quantity import Unit, format_quantity, parse_quantity

EACH, KG, GALLON = Unit("each", 0), Unit("kg", 3), Unit("gal", 3)
AMOUNTS = st.integers(-MAX_AMOUNT, MAX_AMOUNT)


@pytest.mark.parametrize(("currency", "decimals"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("EUR", 2)])
def test_exponents(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


@pytest.mark.parametrize("code", ["XX1", "usd", "", "DOLLAR"])
def test_unknown_currencies(code: str) -> None:
    assert code not in currencies()
    with pytest.raises(ValueError, match="is no ISO 4217 currency code"):
        exponent(code)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("23.10", "USD", 2310), (" 23.1 ", "USD", 2310), ("-0.01", "USD", -1), ("5", "JPY", 5), ("1.234", "KWD", 1234),
        ("1e2", "USD", 10_000), ("0.10000", "USD", 10), (".5", "USD", 50), ("-0", "USD", 0),
        ("10000000000000", "USD", MAX_AMOUNT),
    ],
)  # fmt: skip
def test_amounts_are_parsed_exactly(text: str, currency: str, amount: int) -> None:
    assert parse_amount(text, currency) == amount


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "1,5", "1.5.0", "0x10", "NaN", "sNaN", "Infinity", "-inf", "0.001", "10000000000000.01", "1e20",
        "1e9999999", "1e-9999999",
        "1_000", "1 000", "1\u00a0000", "1.\n5", "- 1", "+-1", "\u0661", "\uff11", "1e\u0662", "1e 2",
        "9" * 5_000, "0." + "0" * 40 + "1", "1." + "0" * 40 + "1",
    ],
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no decimal number|out of range|more than"):
        parse_amount(text, "USD")


@given(AMOUNTS, st.sampled_from(["USD", "JPY", "KWD"]))
def test_an_amount_comes_back(amount: int, currency: str) -> None:
    assert parse_amount(str(decimal_amount(amount, currency)), currency) == amount


@given(st.text(max_size=30))
def test_any_text_is_parsed_exactly_or_refused(text: str) -> None:
    try:
        amount = parse_amount(text, "USD")
    except ValueError:
        return
    assert Decimal(text.strip()) * 100 == amount


def test_amounts_are_written_for_people() -> None:
    assert [format_amount(amount, "USD") for amount in (2310, -5)] == ["$23.10", "-$0.05"]
    assert format_amount(500, "JPY") == "¥500"


@pytest.mark.parametrize(
    ("numerator", "denominator", "result"),
    [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (0, 7, 0), (1, 2, 1), (-1, 2, -1), (7, 7, 1), (499, 1000, 0)],
)
def test_halves_round_away_from_zero(numerator: int, denominator: int, result: int) -> None:
    assert divide_half_up(numerator, denominator) == result


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**9))
def test_rounding_is_within_half_and_even_handed(numerator: int, denominator: int) -> None:
    result = divide_half_up(numerator, denominator)

    assert abs(result * denominator - numerator) * 2 <= denominator
    assert divide_half_up(-numerator, denominator) == -result


@pytest.mark.parametrize(
    ("amount", "per", "quantity", "price"),
    [
        (199, 1, 3, 597),
        (300, 1000, 842, 253),
        (300, 1000, 835, 251),
        (299, 1000, 1, 0),
        (500, 3, 2, 333),
        (199, 1, -2, -398),
    ],
)
def test_what_a_quantity_costs(amount: int, per: int, quantity: int, price: int) -> None:
    assert price_for(amount, per_quantity=per, quantity=quantity) == price


@pytest.mark.parametrize(
    ("text", "unit", "steps", "shown"),
    [
        ("3", EACH, 3, "3"),
        ("0.842", KG, 842, "0.842 kg"),
        ("-1.5", KG, -1500, "-1.500 kg"),
        ("8.001", GALLON, 8001, "8.001 gal"),
    ],
)
def test_quantities(text: str, unit: Unit, steps: int, shown: str) -> None:
    assert parse_quantity(text, unit) == steps
    assert format_quantity(steps, unit) == shown


@pytest.mark.parametrize(("text", "unit"), [("0.5", EACH), ("0.0001", KG), ("a", KG), ("1e99", EACH)])
def test_what_is_no_exact_quantity_is_refused(text: str, unit: Unit) -> None:
    with pytest.raises(ValueError, match=r"no decimal number|out of range|more than"):
        parse_quantity(text, unit)
