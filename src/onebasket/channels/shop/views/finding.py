"""The search page, and what somebody who types may mean."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from onebasket.channels.shop.frame import shop_page, show
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.listing import list_goods
from onebasket.channels.shop.reading import text_of
from onebasket.commerce.search.queries import IndexMissingError, suggest

MOST_SUGGESTED = 8


@require_safe
@shop_page
def search(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show the products that the words find."""
    text = text_of(request.GET, "q")
    listing = list_goods(request, guest) if text else None
    return show(request, guest, "search", {"text": text, "text_sought": text, "listing": listing, "page": "search"})


@require_safe
@shop_page
def suggestions(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show what the words that are being typed may mean: a part of a page, for htmx."""
    text = text_of(request.GET, "q")
    place_id = guest.store.place.id if guest.store else 0
    try:
        found = suggest(text, place_id=place_id, limit=MOST_SUGGESTED) if text else ()
    except IndexMissingError:
        found = ()
    return show(request, guest, "_suggestions", {"found": found})
