"""The search page, and what somebody who types may mean."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from onebasket.channels.shop.frame import shop_page, show
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.listing import list_goods
from onebasket.channels.shop.offerings import FROM, PARTNERS, list_offers, offers_beside, offers_typed
from onebasket.channels.shop.reading import text_of
from onebasket.commerce.search.queries import IndexMissingError, suggest
from onebasket.commerce.search.rules.display import Reason
from onebasket.commerce.search.rules.messages import Suggested

MOST_SUGGESTED = 8
FEWEST_OFFERS, MOST_OFFERS = 2, 3
"""So many offers are suggested even below a full list, and beside few of the chain's own goods."""


@require_safe
@shop_page
def search(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show what the words find: the chain's own products, and partners' offers beside them."""
    text = text_of(request.GET, "q")
    context = {"text": text, "text_sought": text, "page": "search"}
    if text and request.GET.get(FROM) == PARTNERS:
        return show(request, guest, "search_offers", context | {"offered": list_offers(request, guest)})
    if not text:
        return show(request, guest, "search", context)
    listing = list_goods(request, guest)
    if not listing.total and (offered := list_offers(request, guest, reason=Reason.NOT_SOLD_HERE)).found.total:
        return show(request, guest, "search_offers", context | {"offered": offered})
    beside = offers_beside(guest, listing) if listing.total else None
    return show(request, guest, "search", context | {"listing": listing, "beside": beside})


@require_safe
@shop_page
def suggestions(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show what the words that are being typed may mean: a part of a page, for htmx.

    Offers stand below the chain's own goods, unless these are found by other words than the ones typed.
    """
    text = text_of(request.GET, "q")
    place_id = guest.store.place.id if guest.store else 0
    offers = offers_typed(guest, text, most=MOST_OFFERS)
    try:
        own = suggest(text, place_id=place_id, limit=MOST_SUGGESTED)
    except IndexMissingError:
        own = Suggested()
    first = bool(own.mended)
    goods = own.items[: MOST_SUGGESTED - len(offers)] if first else own.items
    offers = offers if first else offers[: max(FEWEST_OFFERS, MOST_SUGGESTED - len(goods))]
    return show(request, guest, "_suggestions", {"goods": goods, "offers": offers, "offers_first": first})
