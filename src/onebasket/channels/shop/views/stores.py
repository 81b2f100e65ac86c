"""Choosing a store and a language."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from onebasket.base.languages import LANGUAGES
from onebasket.channels.shop import asking
from onebasket.channels.shop.frame import only_posted, shop_page, show
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.reading import text_of
from onebasket.channels.shop.visit import PATH
from onebasket.commerce.orders.rules.baskets import BasketRefused, ChangeBasket
from onebasket.front.stores import find_stores


@require_safe
@shop_page
def stores(request: HttpRequest, guest: Guest) -> HttpResponse:
    """List the stores: those near a town, postcode or the chosen store, those of a name."""
    text = text_of(request.GET, "q")
    context = {
        "text": text,
        "found": find_stores(guest.stores, text),
        "next": safe_next(request.GET.get("next", "")),
        "page": "stores",
    }
    return show(request, guest, "stores", context)


@only_posted
@shop_page
def choose(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Keep the store that was chosen, move the basket there, and go back to where the shopper was."""
    store = guest.stores.named(text_of(request.POST, "store"))
    if store is None:
        guest.keep(said="unknown_place")
        return redirect("shop:stores")
    key = asking.form_key(request.POST, guest.visit, "move")
    if guest.basket is not None and guest.basket.place != store.code:
        outcome = asking.change_basket(ChangeBasket(f"{key}-{store.code}", guest.basket.id, place=store.code))
        if isinstance(outcome, BasketRefused):
            guest.keep(said=outcome.code)
            return redirect("shop:stores")
        if guest.basket.lines:
            guest.keep(said="moved")
    guest.keep(place=store.code)
    return redirect(safe_next(request.POST.get("next", "")))


@only_posted
@shop_page
def language(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Keep the language that was chosen."""
    chosen = text_of(request.POST, "language")
    if chosen in LANGUAGES:
        guest.keep(language=chosen)
    return redirect(safe_next(request.POST.get("next", "")))


def safe_next(address: str) -> str:
    """Return an address of the shop to go on to; its front page where the address leads elsewhere."""
    safe = url_has_allowed_host_and_scheme(address, allowed_hosts=None) and address.startswith(PATH)
    return address if safe and "\\" not in address else PATH
