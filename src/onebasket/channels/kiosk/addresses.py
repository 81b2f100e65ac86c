"""Addresses of the kiosk's pages: each carries the name of the visit that it belongs to."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from onebasket.channels.kiosk.enrolment import PATH
from onebasket.channels.kiosk.guest import Guest


def address(guest: Guest, name: str, *args: object, **query: str) -> str:
    """Return the address of a page within the visit."""
    return f"{reverse(f'kiosk:{name}', args=args)}?{urlencode({'v': guest.visit.id, **query})}"


def product_address(guest: Guest, sku: str) -> str:
    """Return the address of a product's page within the visit."""
    return f"{reverse('kiosk:product', args=['x']).removesuffix('x')}{quote(sku)}?{urlencode(_within(guest))}"


def offer_page(guest: Guest) -> Callable[[int, str], str]:
    """Return what gives the address of an offer's page within the visit."""
    back = {"q": guest.sought} if guest.sought else {}
    return lambda offer, _title: address(guest, "offer", offer, **back)


def _within(guest: Guest) -> dict[str, str]:
    return {"v": guest.visit.id} | ({"q": guest.sought} if guest.sought else {})


def safe_next(guest: Guest, stated: str) -> str:
    """Return an address of the kiosk to go on to; its first page where the address leads elsewhere."""
    safe = url_has_allowed_host_and_scheme(stated, allowed_hosts=None) and stated.startswith(PATH)
    return stated if safe and "\\" not in stated else address(guest, "start")
