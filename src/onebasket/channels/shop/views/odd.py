"""Addresses that lead nowhere."""

from django.http import Http404, HttpRequest, HttpResponse

from onebasket.channels.shop.frame import shop_page
from onebasket.channels.shop.guest import Guest


@shop_page
def missing(_request: HttpRequest, guest: Guest) -> HttpResponse:
    """Answer whatever else is asked for below the shop's address."""
    del guest
    raise Http404
