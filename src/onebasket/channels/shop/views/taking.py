"""Taking a basket along that was filled on another screen: a kiosk shows its secret as a code."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onebasket.channels.shop import asking
from onebasket.channels.shop.frame import shop_page, show, too_many
from onebasket.channels.shop.guesses import MISSES, address_of
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.views.orders import SECRET_LENGTH, kept_private
from onebasket.commerce.orders.queries.passing import basket_to_take
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.orders.rules.passing import TakeRefused, TakeUnknown
from onebasket.front.baskets import view_basket
from onebasket.front.stores import stores_for


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def take(request: HttpRequest, guest: Guest, secret: str) -> HttpResponseBase:
    """Show the basket that a secret takes along, and take it: opening its address alone changes nothing."""
    address = address_of(request)
    if wait := MISSES.seconds_to_wait(address):
        return too_many(request, guest, wait)
    if request.method == "POST":
        return _taken(request, guest, secret, address)
    found = basket_to_take(secret, now=guest.now) if len(secret) == SECRET_LENGTH else None
    if found is None:
        raise _nothing(address)
    if isinstance(found, TakeRefused):
        return kept_private(show(request, guest, "taken", {"code": found.code, "page": "basket"}, status=410))
    stores = stores_for(found.place, found.channel)
    context = {
        "basket": view_basket(found, stores, now=guest.now),
        "store": stores.chosen,
        "full": bool(guest.lines),
        "page": "basket",
    }
    return kept_private(show(request, guest, "take", context))


def _taken(request: HttpRequest, guest: Guest, secret: str, address: str) -> HttpResponseBase:
    key = asking.form_key(request.POST, guest.visit, "take")
    if guest.lines:  # one basket is filled at a time; sent again after it was taken, this shows it
        guest.keep(said="basket_full")
        return redirect("shop:basket")
    outcome = asking.take_basket(secret, key)
    if isinstance(outcome, TakeUnknown):
        raise _nothing(address)
    if isinstance(outcome, BasketStands):
        guest.keep(basket=outcome.id, baskets=guest.visit.baskets + 1, place=outcome.place, said="taken_along")
        return redirect("shop:basket")
    code = outcome.code if isinstance(outcome, TakeRefused) else "taken"
    return kept_private(show(request, guest, "taken", {"code": code, "page": "basket"}, status=410))


def _nothing(address: str) -> Http404:
    MISSES.add(address)
    return Http404(_("There is no such basket"))
