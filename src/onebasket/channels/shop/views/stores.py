"""Choosing a store and a language."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onebasket.channels.shop.frame import LANGUAGES, Guest, shop_page, show
from onebasket.channels.shop.reading import text_of
from onebasket.channels.shop.stores import search_stores
from onebasket.channels.shop.visit import PATH

MOST_SHOWN = 60


@require_safe
@shop_page
def stores(request: HttpRequest, guest: Guest) -> HttpResponse:
    """List the stores, those that the words name."""
    text = text_of(request.GET, "q")
    found = search_stores(guest.stores, text)
    context = {
        "text": text,
        "found": found[:MOST_SHOWN],
        "total": len(found),
        "next": safe_next(request.GET.get("next", "")),
        "page": "stores",
    }
    return show(request, guest, "stores", context)


@require_POST
@shop_page
def choose(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Keep the store that was chosen, and go back to where the shopper was."""
    store = guest.stores.named(text_of(request.POST, "store"))
    if store is None:
        context = {"text": "", "found": search_stores(guest.stores, "")[:MOST_SHOWN], "total": len(guest.stores.open)}
        said = _("This store is not open to shoppers. Choose another.")
        return show(request, guest, "stores", {**context, "said": said, "page": "stores"}, status=404)
    guest.keep(place=store.code)
    return redirect(safe_next(request.POST.get("next", "")))


@require_POST
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
