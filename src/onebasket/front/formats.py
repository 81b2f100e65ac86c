"""How figures are written for shoppers: money and quantities in the language of the page."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from onebasket.base.languages import LOCALES
from onebasket.kernel.clock import zone
from onebasket.kernel.money import decimal_amount, format_amount

KILO_DECIMALS = 3
MILE_METRES = 1_609.344


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
    if unit == "kg" and decimals == KILO_DECIMALS and 0 < steps < 1_000:  # noqa: PLR2004 - a kilogram in grams
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


def distance(metres: int | None) -> str:
    """Write how far: in miles where people count in miles, else in kilometres."""
    if metres is None:
        return ""
    miles = locale() == "en_US"
    number = metres / MILE_METRES if miles else metres / 1_000
    pattern = "0.0" if number < 10 else "#,##0"  # noqa: PLR2004 - close by, a tenth counts
    return f"{format_decimal(number, format=pattern, locale=locale())} {'mi' if miles else 'km'}"


def clock(at: datetime, time_zone: str) -> str:
    """Write the time of day at a place."""
    return format_time(at.astimezone(zone(time_zone)), format="short", locale=locale())


def moment(at: datetime, time_zone: str) -> str:
    """Write day and time at a place."""
    local = at.astimezone(zone(time_zone))
    return f"{format_date(local.date(), format='medium', locale=locale())}, {clock(at, time_zone)}"


def wall_clock(text: str) -> str:
    """Write a time of day that is stated as 08:30; 24:00 is midnight."""
    hours, _, minutes = text.partition(":")
    at = datetime(2000, 1, 1, int(hours) % 24, int(minutes))  # noqa: DTZ001 - a time of day alone
    return format_time(at.time(), format="short", locale=locale())


def day(of: date, today: date) -> str:
    """Write a day: today, tomorrow, else its weekday and date."""
    ahead = (of - today).days
    if ahead == 0:
        return _("Today")
    if ahead == 1:
        return _("Tomorrow")
    return format_date(of, format="EEE d MMM" if locale() != "en_US" else "EEE, MMM d", locale=locale())


def long_day(of: date) -> str:
    """Write a day in full."""
    return format_date(of, format="full", locale=locale())


def rate(ppm: int) -> str:
    """Write a tax rate, in parts per million, as per cent."""
    return format_percent(
        Decimal(ppm) / 1_000_000, format="0.###%" if locale() == "en_US" else "0.### %", locale=locale()
    )
