"""Addresses that lead nowhere."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from onebasket.channels.kiosk.frame import first_page
from onebasket.channels.kiosk.guest import Guest


@first_page
def missing(_request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Lead whatever else is asked for to the first page: at a kiosk nobody types addresses."""
    del guest
    return redirect("kiosk:start")
