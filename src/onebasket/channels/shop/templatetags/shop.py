"""What the shop's templates write: figures in the language of the page, and pictures of goods."""

from collections.abc import Mapping
from datetime import date, datetime
from secrets import token_urlsafe

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from onebasket.channels.shop.addresses import address_of
from onebasket.channels.shop.guest import Guest
from onebasket.commerce.catalogue.queries.browsing import ShownProduct
from onebasket.commerce.orders.queries.following import FollowedLine
from onebasket.commerce.slots.rules.facts import SlotFacts
from onebasket.front import formats
from onebasket.front.drawing.choosing import Picture
from onebasket.front.drawing.pictures import sprite
from onebasket.front.slots import slot_text
from onebasket.front.stores import Store

register = template.Library()


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


@register.filter
def page(of: ShownProduct | FollowedLine) -> str:
    """Return the address of a product's page."""
    return address_of(of.sku, of.name)


@register.simple_tag
def goods_address() -> str:
    """Return the address of the file of pictures."""
    return reverse("shop:goods", args=[sprite().version])


@register.simple_tag
def picture(found: Picture) -> SafeString:
    """Write a product's tile."""
    return format_html(
        '<svg class="tile t-{} g{}" viewBox="0 0 96 72" aria-hidden="true" focusable="false">'
        '<use href="{}#{}" x="24" y="12" width="48" height="48"/></svg>',
        found.hue,
        found.variant,
        goods_address(),
        found.name,
    )


@register.simple_tag
def glyph(name: str, hue: str) -> SafeString:
    """Write a picture without its ground."""
    return format_html(
        '<svg class="glyph t-{}" viewBox="0 0 48 48" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        hue,
        goods_address(),
        name,
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
def clock(at: datetime, time_zone: str) -> str:
    """Write the time of day at a place."""
    return formats.clock(at, time_zone)


@register.filter
def moment(at: datetime, time_zone: str) -> str:
    """Write day and time at a place."""
    return formats.moment(at, time_zone)


@register.filter
def longday(of: date) -> str:
    """Write a day in full."""
    return formats.long_day(of)


@register.filter
def rate(ppm: int) -> str:
    """Write a tax rate."""
    return formats.rate(ppm)


@register.filter
def hours(store: Store, now: datetime) -> str:
    """Write when a store is open today."""
    spans = store.hours_today(now)
    if not spans:
        return _("Closed today") if store.address.opening_hours else ""
    text = ", ".join(f"{formats.wall_clock(opens)} \N{EN DASH} {formats.wall_clock(closes)}" for opens, closes in spans)
    return (_("Open now, %(hours)s") if store.is_open(now) else _("Today %(hours)s")) % {"hours": text}


@register.filter
def slot(found: SlotFacts, guest: Guest) -> str:
    """Write a slot with its day, on the clock of the guest's store."""
    return slot_text(found, guest.store, now=guest.now) if guest.store else ""


@register.filter
def at(found: Mapping[int, object] | None, key: int) -> object:
    """Return what stands under a key, or nothing."""
    return found.get(key) if found else None
