"""Finding: by scan or words, a product's page, an offer's page, and up to three side by side."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onebasket.base.links import our_address
from onebasket.base.typed import text_of
from onebasket.channels.kiosk.addresses import address, safe_next
from onebasket.channels.kiosk.comparing import OFFER, PRODUCT, is_name, sides
from onebasket.channels.kiosk.frame import kiosk_page, only_posted, show
from onebasket.channels.kiosk.guest import Guest
from onebasket.channels.kiosk.listing import beside, cards, listed, offers
from onebasket.channels.kiosk.visit import MOST_COMPARED
from onebasket.commerce.catalogue.queries.browsing import ShownProduct, shown_by_sku
from onebasket.commerce.partners.queries.offers import priced_offers
from onebasket.front.codes import qr_code
from onebasket.front.finding import LONGEST_SCAN
from onebasket.front.soon import soon_at

MOST_NEAR = 3
TYPED = "q"
"""The field itself asks, which is being typed into."""


@require_safe
@kiosk_page
def find(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show what was scanned or typed: a code's product at once, else what the words find; or a department.

    Scripts ask for the middle of the page alone: while somebody types, then once more when the code or word is whole.
    """
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SCAN]
    department = text_of(request.GET, "d")
    part = (request.htmx.trigger or TYPED) if request.htmx else ""  # type: ignore[attr-defined] # django-htmx's marks
    guest.silent = bool(part)
    guest.sought = text[:100]
    found = listed(guest, text, department)
    if found.product is not None and part != TYPED:
        guest.sought = ""
        return _product(request, guest, found.product, template="_product" if part else "product")
    nothing = bool(text) and not found.ours and not found.offers
    template = "_found" if part else "find"
    return show(request, guest, template, {"page": "find", "listing": found, "text": text, "nothing": nothing})


@require_safe
@kiosk_page
def product(request: HttpRequest, guest: Guest, sku: str) -> HttpResponse:
    """Show a product: what it costs, where it is, and who else sells it."""
    row = shown_by_sku([sku]).get(sku)
    if row is None:
        raise Http404(_("We do not sell this product, or no longer."))
    guest.sought = text_of(request.GET, "q")
    return _product(request, guest, row)


@require_safe
@kiosk_page
def offer(request: HttpRequest, guest: Guest, offer_id: int) -> HttpResponse:
    """Show a partner's offer: what it costs, when it comes, and the code that leads to it on a phone."""
    guest.sought = text_of(request.GET, "q")
    found = priced_offers([offer_id], currency=guest.store.place.currency, now=guest.now)
    told = offers(guest, list(found.values()))
    if not told:
        raise Http404(_("This offer is not there any more."))
    (card,) = told
    context = {
        "page": "offer",
        "offer": card,
        "name": f"{OFFER}{card.id}",
        "qr": qr_code(f"{our_address(request)}{card.go}") if card.go else "",
    }
    return show(request, guest, "offer", context)


@require_safe
@kiosk_page
def compare(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show what is compared, side by side."""
    return show(request, guest, "compare", {"page": "compare", "sides": sides(guest, guest.visit.compared)})


@only_posted
@kiosk_page
def compare_more(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Put something to what is compared, or take it away; `instead` compares these alone."""
    added = [name for name in request.POST.getlist("add") if is_name(name)]
    if "instead" in request.POST and added:
        guest.keep(compared=tuple(dict.fromkeys(added))[:MOST_COMPARED])
        return redirect(address(guest, "compare"))
    for name in added:
        if not guest.compare(name, on=True):
            guest.keep(said="compare_full")
    for name in request.POST.getlist("remove"):
        guest.compare(name, on=False)
    return redirect(safe_next(guest, request.POST.get("next", "")))


def _product(request: HttpRequest, guest: Guest, row: ShownProduct, *, template: str = "product") -> HttpResponse:
    (good,) = cards(guest, [row])
    others = beside(guest, row)
    near = [(has, soon_at(has.store, guest.now)) for has in good.where.elsewhere[:MOST_NEAR]]
    names = [f"{PRODUCT}{row.sku}", *(f"{OFFER}{card.id}" for card in others)][:MOST_COMPARED]
    context = {"page": "product", "good": good, "offers": others, "near": near, "names": names, "name": names[0]}
    return show(request, guest, template, context)
