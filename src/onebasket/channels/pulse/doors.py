"""The doors of the front page: every channel that has one, shown as soon as its address is there."""

from dataclasses import dataclass

from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Door:
    """A channel's name, address, and what one does there."""

    name: str | Promise
    address: str
    about: str | Promise
    mark: str


DOORS = (
    Door(_("Pulse"), "/pulse/", _("What is selling, promised and at odds, now, over every place."), "pulse"),
    Door(_("Shop"), "/shop/", _("What shoppers see on the web."), "shop"),
    Door(_("Till"), "/till/", _("Scan, pay, next."), "till"),
    Door(_("Kiosk"), "/kiosk/", _("What shoppers find in the store."), "kiosk"),
    Door(_("Store"), "/store/", _("Pick orders, hand them over, take goods back."), "store"),
    Door(
        _("Back office"),
        "/desk/",
        _("Catalogue, prices, places, people, and everything that waits for a decision."),
        "desk",
    ),
    Door(_("API"), "/api/v1/docs", _("How tills, shops and partners reach this hub, with every call to try."), "api"),
)


def doors() -> list[Door]:
    """Return the doors that lead somewhere in this installation."""
    return [door for door in DOORS if _exists(door.address)]


def _exists(address: str) -> bool:
    try:
        resolve(address)
    except Resolver404:
        return False
    return True
