"""How figures are written for people: money, quantities, times, in the language of the page."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache

from babel.core import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from onebasket.base.languages import DEFAULT, LOCALES
from onebasket.channels.pulse.figures import Amount, Money
from onebasket.kernel.clock import zone
from onebasket.kernel.money import decimal_amount

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
WHOLE_FROM = 1_000
HOUR = 3600


def locale() -> Locale:
    """Return the locale by which the active language writes its figures."""
    return _locale(LOCALES.get((get_language() or DEFAULT).split("-")[0], LOCALES[DEFAULT]))


@cache
def _locale(name: str) -> Locale:
    return Locale.parse(name)


def _without_decimals(pattern: str) -> str:
    return pattern.replace(".00", "")


def _per_cent(digits: str) -> str:
    """Return a pattern with the sign of per cent where the locale puts it: 1.5%, and 1,5 %."""
    return str(locale().percent_formats[None].pattern).replace("#,##0", digits)


def money(value: Money | None, *, whole: bool = False) -> str:
    """Write money by its currency's own rules; `whole` leaves out the decimals of large sums, for headings."""
    if value is None:
        return DASH
    decimals = decimal_amount(value.amount, value.currency)
    if whole and abs(decimals) >= WHOLE_FROM:
        return format_currency(
            decimals,
            value.currency,
            format=_without_decimals(locale().currency_formats["standard"].pattern),
            locale=locale(),
            currency_digits=False,
        )
    return format_currency(decimals, value.currency, locale=locale())


def number(value: int) -> str:
    """Write a count with its thousands apart."""
    return format_decimal(value, locale=locale())


def quantity(value: Amount | None, *, signed: bool = False) -> str:
    """Write a quantity in its unit: 842 grams of a kilogram are 0.842 kg."""
    if value is None:
        return DASH
    scaled = Decimal(value.steps).scaleb(-value.decimals)
    pattern = "#,##0" + ("." + "#" * value.decimals if value.decimals else "")
    plus = "+" if signed and value.steps else ""
    text = format_decimal(scaled, format=f"{plus}{pattern};{MINUS}{pattern}", locale=locale())
    return text if value.unit == "each" else f"{text} {value.unit}"


def percent(part: int, whole: int) -> str:
    """Write how much more or less than `whole` the part is, with its sign."""
    return format_percent(
        Decimal(part - whole) / whole, format=f"+{_per_cent('0.0')};{MINUS}{_per_cent('0.0')}", locale=locale()
    )


def rate(ppm: int) -> str:
    """Write a tax rate in parts per million as per cent."""
    return format_percent(Decimal(ppm) / 1_000_000, format=_per_cent("0.###"), locale=locale())


def clock(at: datetime | None, time_zone: str = "UTC", *, seconds: bool = True) -> str:
    """Write the time of day at the place."""
    if at is None:
        return DASH
    pattern = "HH:mm:ss" if seconds else "HH:mm"
    return format_time(at.astimezone(zone(time_zone)), format=pattern, locale=locale())


def moment(at: datetime | None, time_zone: str = "UTC") -> str:
    """Write date and time of day at the place."""
    if at is None:
        return DASH
    return f"{day_at(at, time_zone)}, {clock(at, time_zone)}"


def day(of: date) -> str:
    """Write a date: 21 Nov 2026, in German 21.11.2026."""
    return format_date(of, format="d MMM y" if locale().language == DEFAULT else "medium", locale=locale())


def day_at(at: datetime, time_zone: str = "UTC") -> str:
    """Write the date of a moment at the place."""
    return day(at.astimezone(zone(time_zone)).date())


def weekday(at: datetime, time_zone: str = "UTC") -> str:
    """Write the day of the week."""
    return format_date(at.astimezone(zone(time_zone)).date(), format="EEEE", locale=locale())


def span(seconds: float) -> str:
    """Write how long, in one unit, as people say it."""
    if seconds < 10:  # noqa: PLR2004 - below ten seconds a tenth still tells something
        return _("%(number)s s") % {"number": format_decimal(round(max(seconds, 0), 1), format="0.0", locale=locale())}
    whole = timedelta(seconds=int(seconds))
    if whole.days:
        return ngettext("%(count)d day", "%(count)d days", whole.days) % {"count": whole.days}
    if whole.seconds >= HOUR:
        hours, rest = divmod(whole.seconds // 60, 60)
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
    if whole.seconds >= 60:  # noqa: PLR2004 - a minute
        return _("%(count)d min") % {"count": whole.seconds // 60}
    return _("%(number)s s") % {"number": whole.seconds}
