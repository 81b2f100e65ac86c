"""What the kiosk's templates write: addresses within the visit, figures in its language, and pictures of goods."""

from datetime import date, datetime
from secrets import token_urlsafe
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from onebasket.channels.kiosk import addresses
from onebasket.channels.kiosk.guest import Guest
from onebasket.commerce.catalogue.queries.browsing import ShownProduct
from onebasket.commerce.slots.rules.facts import SlotFacts
from onebasket.front import formats
from onebasket.front.drawing.choosing import Picture
from onebasket.front.drawing.pictures import sprite
from onebasket.front.slots import slot_text

register = template.Library()


@register.simple_tag(takes_context=True)
def at(context: Any, name: str, *args: object, **query: str) -> str:  # noqa: ANN401 - Django's context
    """Return the address of a page within the visit."""
    guest: Guest = context["guest"]
    return addresses.address(guest, name, *args, **query)


@register.filter
def page(of: Any, guest: Guest) -> str:  # noqa: ANN401 - whatever has a SKU
    """Return the address of a product's page within the visit."""
    return addresses.product_address(guest, of.sku)


@register.filter
def count(number: int) -> str:
    """Write a count."""
    return formats.count(number)


@register.filter
def money(amount: int, currency: str) -> str:
    """Write minor units of a currency."""
    return formats.money(amount, currency)


@register.filter
def breakable(name: str) -> SafeString:
    """Write a name so that it may be broken behind a slash."""
    return mark_safe(conditional_escape(name).replace("/", "/<wbr>"))  # noqa: S308 - escaped in the line itself


@register.simple_tag
def picture(found: Picture) -> SafeString:
    """Write a product's tile."""
    return format_html(
        '<svg class="tile t-{} g{}" viewBox="0 0 96 72" aria-hidden="true" focusable="false">'
        '<use href="{}#{}" x="24" y="12" width="48" height="48"/></svg>',
        found.hue,
        found.variant,
        reverse("kiosk:goods", args=[sprite().version]),
        found.name,
    )


@register.filter
def steps(number: int, product: ShownProduct) -> str:
    """Write a quantity of a product."""
    return formats.quantity(number, product.unit, product.decimals)


@register.simple_tag
def form_key() -> str:
    """Mint the key of a form: sent again, the form has its effect once."""
    return token_urlsafe(16)


@register.filter
def distance(metres: int) -> str:
    """Write how far."""
    return formats.distance(metres)


@register.filter
def clock(moment: datetime, guest: Guest) -> str:
    """Write the time of day at the kiosk's store."""
    return formats.clock(moment, guest.store.place.time_zone)


@register.filter
def moment(instant: datetime, time_zone: str) -> str:
    """Write day and time at a place."""
    return formats.moment(instant, time_zone)


@register.filter
def longday(of: date) -> str:
    """Write a day in full."""
    return formats.long_day(of)


@register.filter
def rate(ppm: int) -> str:
    """Write a tax rate."""
    return formats.rate(ppm)


@register.filter
def slot(found: SlotFacts, guest: Guest) -> str:
    """Write a slot with its day, on the clock of the kiosk's store."""
    return slot_text(found, guest.store, now=guest.now)
