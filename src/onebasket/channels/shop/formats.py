"""How figures are written for shoppers: money and quantities in the language of the page."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from onebasket.kernel.money import decimal_amount, format_amount

LOCALES = {"en": "en_US", "de": "de_DE"}
"""The locale by which each language of the shop writes its figures."""

KILO_STEPS = 3


def locale() -> str:
    """Return the locale of the active language."""
    return LOCALES.get((get_language() or "en").split("-")[0], "en_US")


def money(amount: int, currency: str) -> str:
    """Write minor units as people read them."""
    return _money(amount, currency, locale())


@lru_cache(maxsize=50_000)
def _money(amount: int, currency: str, name: str) -> str:
    return format_amount(amount, currency, name)


def count(number: int) -> str:
    """Write a count with its thousands apart."""
    return format_decimal(number, locale=locale())


def quantity(steps: int, unit: str, decimals: int) -> str:
    """Write a quantity in its unit: 842 steps of kg are 842 g, 1,500 are 1.5 kg, 3 of each are 3."""
    if unit == "kg" and decimals == KILO_STEPS and 0 < steps < 1_000:  # noqa: PLR2004 - a kilogram in grams
        return f"{steps} g"
    number = format_decimal(Decimal(steps).scaleb(-decimals), format="#,##0.######", locale=locale())
    return number if unit == "each" else f"{number} {unit}"


def price_per(per_quantity: int, unit: str, decimals: int) -> str:
    """Write what a price is for where that is not one piece: `/ kg`, `/ 100 g`, `for 3`."""
    if unit == "each":
        return "" if per_quantity == 1 else _("for %(number)d") % {"number": per_quantity}
    if per_quantity == 10**decimals:
        return f"/ {unit}"
    return f"/ {quantity(per_quantity, unit, decimals)}"


def unit_price(amount: int, currency: str, holds: Decimal, per: str) -> str:
    """Write what one unit of a pack's content costs: $0.17/oz. Below ten cents with a digit more."""
    one = decimal_amount(amount, currency) / holds
    if one < Decimal("0.1"):
        pattern = "¤0.000" if locale() == "en_US" else "0.000 ¤"
        return f"{format_currency(one, currency, format=pattern, locale=locale(), currency_digits=False)}/{per}"
    return f"{format_currency(one, currency, locale=locale())}/{per}"
