"""What shoppers' pages write: money, quantities and times in the language of the page, and words for states."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_datetime
from django import template
from django.utils.functional import Promise
from django.utils.translation import get_language, to_locale

from onebasket.channels.account.words import word as found_word
from onebasket.front.words import PART_STATUSES
from onebasket.kernel.clock import zone
from onebasket.kernel.money import format_amount
from onebasket.kernel.quantity import Unit, format_quantity

register = template.Library()


@register.filter
def part_word(status: str) -> str | Promise:
    """Write where a partner's part of an order stands."""
    return PART_STATUSES[status]


def _locale() -> str:
    try:
        return str(Locale.parse(to_locale(get_language() or "en-us")))
    except (UnknownLocaleError, ValueError):
        return "en_US"


@register.filter
def money(amount: int, currency: str) -> str:
    """Write minor units of a currency."""
    return format_amount(amount, currency, locale=_locale())


@register.filter
def moment(at: datetime, place: Any = None) -> str:  # noqa: ANN401 - a place's facts, or none
    """Write date and time at a place; in UTC where it is not known."""
    time_zone = getattr(place, "time_zone", "UTC")
    return str(format_datetime(at.astimezone(zone(time_zone)), format="d MMM y, HH:mm", locale=_locale()))


@register.filter
def word(code: str) -> str | Promise:
    """Write a state as people read it."""
    return found_word(code)


@register.filter
def of(key: str, found: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the mapping holds
    """Return what a mapping holds under a key."""
    return found.get(key)


@register.filter
def steps(quantity: int, product: Any) -> str:  # noqa: ANN401 - a product's facts, or none
    """Write a quantity in its product's unit; without a product as the number that it is."""
    if product is None:
        return str(quantity)
    return format_quantity(quantity, Unit(product.unit, product.decimals))
