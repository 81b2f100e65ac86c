"""Scan a shelf label, or type words: one answer about where it is to be had; and refer a shopper to a partner."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onebasket.base.clock import database_now
from onebasket.base.links import our_address
from onebasket.channels.store.answering import CHANNEL, MOST_OFFERS, REFERRED_FROM, answer_for, cards_of, goods_at
from onebasket.channels.store.associate import Associate, at_work
from onebasket.channels.store.pages import show
from onebasket.commerce.catalogue.queries.browsing import shown_by_sku
from onebasket.commerce.partners.queries.offers import priced_offers
from onebasket.front.codes import qr_code
from onebasket.front.finding import LONGEST_SCAN, Meant, lay_out, what_is_meant
from onebasket.front.offers import OfferCard, offer_cards

MOST_LISTED = 8


@require_safe
@at_work
def look(request: HttpRequest, who: Associate) -> HttpResponseBase:
    """Answer what was scanned or typed: for one product where it is, for several which it may be."""
    now = database_now()
    sku, code = (_sent(request, name) for name in ("sku", "code"))
    if sku:
        meant = Meant(product=shown_by_sku([sku]).get(sku))
    else:
        meant = what_is_meant(code, place_id=who.at.id, limit=MOST_LISTED, now=now)
    product = meant.product or (meant.products[0] if len(meant.products) == 1 else None)
    laid = None if product else lay_out(code, meant, place=who.at, channel=CHANNEL, limit=MOST_OFFERS, now=now)
    goods = goods_at([*laid.above, *laid.products], who, now=now) if laid else []
    first = len(laid.above) if laid else 0
    told = cards_of(laid.offers, who, now=now) if laid else []
    context = {
        "page": "look",
        "asked": code or sku,
        "meant": meant,
        "answer": answer_for(product, who, now=now) if product else None,
        "offers": told,
        "sold_out": all(card.offer.is_sold_out for card in told),
        "above": goods[:first],
        "goods": goods[first:],
        "offers_first": bool(laid and laid.offers_first),
    }
    return show(
        request,
        who,
        "look",
        context,
        status=404 if context["asked"] and _is_nothing(meant) and not told and not first else 200,
    )


@require_safe
@at_work
def refer(request: HttpRequest, who: Associate, offer_id: int) -> HttpResponseBase:
    """Show the code that takes a shopper's phone to an offer at its partner, credited to whoever shows it."""
    card = _card(offer_id, who)
    link = f"{our_address(request)}{card.go}"
    context = {"page": "look", "offer": card, "link": link, "qr": qr_code(link), "sku": _sent(request, "sku")}
    response = show(request, who, "refer", context)
    response["Cache-Control"] = "private, no-store"
    return response


def _sent(request: HttpRequest, name: str) -> str:
    """Return what was scanned as it came: element strings carry characters that no text does."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST_SCAN]


def _is_nothing(meant: Meant) -> bool:
    return meant.product is None and not meant.products and meant.counter_only is None


def _card(offer_id: int, who: Associate) -> OfferCard:
    now = database_now()
    found = priced_offers([offer_id], currency=who.at.currency, now=now).get(offer_id)
    if found is None or not found.is_referred:
        raise Http404(_("This offer is not there any more."))
    (card,) = offer_cards(
        [found], address=lambda *_: "", channel=REFERRED_FROM, place_id=who.at.id, associate=who.name, now=now
    )
    return card
