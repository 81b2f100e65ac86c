"""How the pages write quantities, money and times."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from django import template
from django.utils.translation import get_language

from onebasket.base.languages import DEFAULT, LOCALES
from onebasket.channels.store.answering import Answer
from onebasket.kernel.clock import zone
from onebasket.kernel.money import format_amount

register = template.Library()


@register.filter
def quantity(steps: int, line: Any) -> str:  # noqa: ANN401 - whatever has a unit and its decimals
    """Write a quantity: 3, or 1.25 kg."""
    if not line.decimals:
        return str(steps)
    number = format_decimal(Decimal(steps).scaleb(-line.decimals), format="#0.######", locale=_locale())
    return f"{number} {line.unit}"


@register.filter
def money(amount: int, currency: str) -> str:
    """Write an amount as people here read it."""
    return format_amount(amount, currency, locale=_locale())


@register.filter
def amount(answer: Answer, steps: int) -> str:
    """Write a quantity of the product that was asked about."""
    return answer.amount(steps)


@register.simple_tag
def slot(starts_at: datetime, ends_at: datetime, time_zone: str) -> str:
    """Write a slot in the place's wall time, its day once."""
    return f"{clock(starts_at, time_zone)}–{_time(ends_at.astimezone(zone(time_zone)))}"  # noqa: RUF001 - a span


@register.filter
def clock(at: datetime | None, time_zone: str) -> str:
    """Write the wall time of a place, with the day where it is another than today's."""
    if at is None:
        return ""
    local, today = at.astimezone(zone(time_zone)), datetime.now(zone(time_zone)).date()
    day = "" if local.date() == today else format_date(local.date(), "EEE d MMM", locale=_locale()) + ", "
    return f"{day}{_time(local)}"


def _time(local: datetime) -> str:
    return format_time(local.time(), "HH:mm", locale=_locale())


def _locale() -> str:
    return LOCALES.get((get_language() or DEFAULT).split("-")[0], LOCALES[DEFAULT])
