"""Quantity: an integer of the unit's smallest step (1 each, grams of a kilogram); never a float."""

from decimal import Decimal

import msgspec

from onebasket.kernel.money import scale_exactly

MAX_QUANTITY = 10**12
MAX_DECIMALS = 6


class Unit(msgspec.Struct, frozen=True):
    """A unit of measure as data: `code` such as each, kg or gal; `decimals` of its smallest step."""

    code: str
    decimals: int
    name: str = ""


def parse_quantity(text: str, unit: Unit) -> int:
    """Return the smallest steps that a decimal text states; ValueError when it cannot be exact."""
    return scale_exactly(text, unit.decimals)


def format_quantity(quantity: int, unit: Unit) -> str:
    """Write steps as people read them: 842 of a kilogram in grams is '0.842 kg', 3 each is '3'."""
    number = f"{Decimal(quantity).scaleb(-unit.decimals):f}"
    return number if unit.code == "each" else f"{number} {unit.code}"
