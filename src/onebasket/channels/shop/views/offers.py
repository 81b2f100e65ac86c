"""The page of a partner's offer: what it costs and how old that is, who sells and ships it, and where else it is."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onebasket.channels.shop.addresses import offer_address
from onebasket.channels.shop.frame import shop_page, show
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.machines import offer_data
from onebasket.channels.shop.offerings import has_it
from onebasket.channels.shop.sole import offer_alone, titled_alike
from onebasket.commerce.partners.actions.showing import note_shown
from onebasket.front.pricetags import CHANNEL

MOST_PARAGRAPHS = 40


@require_safe
@shop_page
def offer(request: HttpRequest, guest: Guest, slug: str, offer_id: int) -> HttpResponse:
    """Show an offer; one that has ended says so, and shows what there is instead."""
    found = offer_alone(guest, offer_id)
    if found is None:
        raise Http404(_("No partner of ours offers this."))
    address = offer_address(offer_id, found.offer.offer.title)
    if not address.endswith(f"/{slug}/{offer_id}"):
        return redirect(address, permanent=True)
    if not found.offer.is_shown:
        instead = found.others or titled_alike(guest, found.offer.offer)
        context: dict[str, object] = {"card": found.card, "good": found.good, "others": instead, "page": "offer"}
        return show(request, guest, "offer_ended", context, status=410)
    place_id = guest.store.place.id if guest.store else None
    note_shown([found.card.id, *(card.id for card in found.others)], channel=CHANNEL, place_id=place_id)
    context = {
        "card": found.card,
        "good": found.good,
        "has_it": found.good is not None and has_it(guest, found.good),
        "others": found.others,
        "told_of_it": found.offer.offer.description.splitlines()[:MOST_PARAGRAPHS],
        "data": offer_data(found.card, found.offer, request.build_absolute_uri),
        "page": "offer",
    }
    return show(request, guest, "offer", context)
