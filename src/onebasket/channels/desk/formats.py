"""How figures are written for people: money, quantities and times, exactly as stored."""

from datetime import datetime

from onebasket.kernel.clock import zone
from onebasket.kernel.money import format_amount
from onebasket.kernel.quantity import Unit, format_quantity

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def money(amount: int | None, currency: str) -> str:
    """Write minor units as $23.10; an unknown currency as its code and the minor units."""
    if amount is None:
        return DASH
    try:
        return format_amount(amount, currency)
    except ValueError:
        return f"{currency} {amount}"


def quantity(steps: int | None, *, unit: str = "each", decimals: int = 0) -> str:
    """Write steps of a unit: 842 of a kilogram in grams is 0.842 kg."""
    if steps is None:
        return DASH
    return format_quantity(steps, Unit(unit or "each", decimals)).replace("-", MINUS)


def moment(at: datetime | None, time_zone: str = "UTC", *, named: bool = False) -> str:
    """Write date and time at a place; `named` says of which time zone they are."""
    if at is None:
        return DASH
    local = at.astimezone(zone(time_zone))
    return f"{local:%-d %b %Y, %H:%M:%S}" + (f" {local:%Z}" if named else "")


def words(code: str) -> str:
    """Write a code as words: handed_over is handed over."""
    return code.replace("_", " ").replace(".", " ")
