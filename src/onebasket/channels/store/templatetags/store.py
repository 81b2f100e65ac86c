"""How the pages write quantities, money and times."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import get_language, to_locale

from onebasket.kernel.clock import zone
from onebasket.kernel.money import format_amount

register = template.Library()


@register.filter
def quantity(steps: int, line: Any) -> str:  # noqa: ANN401 - whatever has a unit and its decimals
    """Write a quantity: 3, or 1.25 kg."""
    if not line.decimals:
        return str(steps)
    text = f"{steps / 10**line.decimals:.{line.decimals}f}".rstrip("0").rstrip(".")
    return f"{text} {line.unit}"


@register.filter
def money(amount: int, currency: str) -> str:
    """Write an amount as people here read it."""
    return format_amount(amount, currency, locale=to_locale(get_language() or "en"))


@register.filter
def clock(at: datetime | None, time_zone: str) -> str:
    """Write the wall time of a place, with the day where it is another than today's."""
    if at is None:
        return ""
    local, today = at.astimezone(zone(time_zone)), datetime.now(zone(time_zone)).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%a %d %b, %H:%M}"
