"""Where a product's page is."""

from functools import cache
from urllib.parse import quote

from django.urls import reverse
from django.utils.text import slugify


@cache
def _shelf() -> str:
    """Return what the addresses of all products begin with: `reverse` for each would be the most of a sitemap."""
    return reverse("shop:product", args=["x", "x"]).removesuffix("x/x")


def slug_of(name: str) -> str:
    """Return the readable part of a product's address."""
    return slugify(name) or "product"


def address_of(sku: str, name: str) -> str:
    """Return the address of a product's page."""
    return f"{_shelf()}{slug_of(name)}/{quote(sku)}"


def offer_address(offer_id: int, title: str) -> str:
    """Return the address of the page of a partner's offer."""
    return f"{_offers()}{slugify(title) or 'offer'}/{offer_id}"


@cache
def _offers() -> str:
    return reverse("shop:offer", args=["x", 0]).removesuffix("x/0")
