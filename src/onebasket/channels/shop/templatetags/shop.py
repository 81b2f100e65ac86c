"""What the shop's templates write: figures in the language of the page, and pictures of goods."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from onebasket.channels.shop import formats
from onebasket.channels.shop.drawing.choosing import Picture
from onebasket.channels.shop.drawing.pictures import sprite
from onebasket.commerce.catalogue.queries.browsing import ShownProduct

register = template.Library()


@register.filter
def count(number: int) -> str:
    """Write a count."""
    return formats.count(number)


@register.filter
def money(amount: int, currency: str) -> str:
    """Write minor units of a currency."""
    return formats.money(amount, currency)


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
