"""Money: an integer of the currency's minor unit with its ISO 4217 code; never a float."""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache

from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision

MAX_AMOUNT = 10**15
PPM = 1_000_000
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""Decimal() also reads 1_000, the digits of every script, and words such as Infinity."""
_EXACT = Context(prec=64, traps=[InvalidOperation, Inexact])


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes that the CLDR knows."""
    return frozenset(get_global("all_currencies"))


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """Return how many decimals the currency's minor unit has (USD 2, JPY 0); ValueError when unknown."""
    if currency not in currencies():
        message = f"{currency!r} is no ISO 4217 currency code"
        raise ValueError(message)
    return get_currency_precision(currency)


def parse_amount(text: str, currency: str) -> int:
    """Return the minor units that a decimal text states, exactly; ValueError when it cannot be exact."""
    return scale_exactly(text, exponent(currency))


def scale_exactly(text: str, decimals: int) -> int:
    """Return the integer of the smallest step that a decimal text states; ValueError unless it is exact and sane."""
    plain = text.strip()
    if not _NUMBER.fullmatch(plain):
        message = f"{text[:40]!r} is no decimal number"
        raise ValueError(message)
    try:
        scaled = Decimal(plain).scaleb(decimals, context=_EXACT)
    except Inexact as error:
        message = f"{text[:40]!r} is out of range"
        raise ValueError(message) from error
    except (InvalidOperation, ValueError) as error:
        message = f"{text!r} is no decimal number"
        raise ValueError(message) from error
    if not scaled.is_finite() or abs(scaled) > MAX_AMOUNT:
        message = f"{text!r} is out of range"
        raise ValueError(message)
    if scaled != scaled.to_integral_value():
        message = f"{text!r} has more than {decimals} decimals"
        raise ValueError(message)
    return int(scaled)


def decimal_amount(amount: int, currency: str) -> Decimal:
    """Return minor units as a decimal of the major unit."""
    return Decimal(amount).scaleb(-exponent(currency))


def format_amount(amount: int, currency: str, locale: str = "en_US") -> str:
    """Write minor units as people read them, such as $23.10."""
    return format_currency(decimal_amount(amount, currency), currency, locale=locale)


def divide_half_up(numerator: int, denominator: int) -> int:
    """Divide integers, rounding halves away from zero; the denominator is positive."""
    quotient, remainder = divmod(abs(numerator), denominator)
    quotient += remainder * 2 >= denominator
    return quotient if numerator >= 0 else -quotient


def price_for(amount: int, *, per_quantity: int, quantity: int) -> int:
    """Return what a quantity costs at an amount per stated quantity, rounded half away from zero to the minor unit."""
    return divide_half_up(amount * quantity, per_quantity)
