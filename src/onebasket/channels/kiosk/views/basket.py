"""The basket: its page, every change of it, and taking it home on a phone."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from onebasket.base.links import our_address
from onebasket.base.typed import OddFormError, number_of, text_of
from onebasket.channels.kiosk import asking
from onebasket.channels.kiosk.addresses import address, offer_page, safe_next
from onebasket.channels.kiosk.changing import change_line, ensure_basket, tell
from onebasket.channels.kiosk.frame import kiosk_page, only_posted, show
from onebasket.channels.kiosk.guest import Guest
from onebasket.channels.kiosk.listing import cards
from onebasket.commerce.catalogue.queries.browsing import shown_by_sku
from onebasket.commerce.customers.queries import customers_by_loyalty_number
from onebasket.commerce.hotpath.actions.asking import run
from onebasket.commerce.orders.actions.passing import PassShown, show_pass
from onebasket.commerce.orders.queries.passing import was_taken
from onebasket.commerce.orders.rules.baskets import BasketStands, ChangeBasket
from onebasket.commerce.orders.rules.offering import MOST_OF_ONE, OfferWanted
from onebasket.front.baskets import view_basket
from onebasket.front.codes import qr_code

CODE_LENGTH = 64


@require_safe
@kiosk_page
def basket(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Show the basket: what it holds and until when, what it comes to, and the two ways on from here."""
    found = guest.basket
    if found is None and guest.visit.order is not None:  # it has become an order, though the answer never came
        return redirect(address(guest, "done"))
    view = None
    if found is not None and not found.is_empty:
        asked = "asked" in request.GET  # partners were asked anew, on the way to the checkout
        view = view_basket(found, guest.stores, now=guest.now, offer_page=offer_page(guest), to_pay=asked)
    return show(request, guest, "basket", {"basket": view, "page": "basket"})


@only_posted
@kiosk_page
def line(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Set how much of a product is wanted: of what the shopper saw, so much more or less."""
    key = asking.form_key(request.POST, guest.visit, "line")
    sku = text_of(request.POST, "sku", longest=CODE_LENGTH)
    change = number_of(request.POST, "quantity") - number_of(request.POST, "seen")
    tell(guest, change_line(guest, sku, change, key=key))
    if request.htmx and request.POST.get("part") == "card":  # type: ignore[attr-defined] # django-htmx's mark
        goods = cards(guest, list(shown_by_sku([sku]).values()))
        context = {"good": goods[0] if goods else None, "next": safe_next(guest, request.POST.get("next", ""))}
        return show(request, guest, "_card", context)
    return redirect(safe_next(guest, request.POST.get("next", "")))


@only_posted
@kiosk_page
def offer(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Set how many of a partner's offer are wanted, at the price that it has now; none takes it out.

    `seen` is the price that the shopper saw, where the form says so: at another one nothing is put in.
    """
    key = asking.form_key(request.POST, guest.visit, "offer")
    seen = number_of(request.POST, "seen") if request.POST.get("seen") else None
    named, quantity = number_of(request.POST, "offer"), number_of(request.POST, "quantity")
    if not named:
        raise OddFormError
    wanted = OfferWanted(named, min(MOST_OF_ONE, quantity), seen)
    found = ensure_basket(guest)
    if isinstance(found, BasketStands):
        found = asking.change_basket(guest.kiosk, ChangeBasket(key, found.id, offers=(wanted,)))
    tell(guest, found, done="" if request.POST.get("quiet") else "offer_in" if wanted.quantity else "offer_out")
    return redirect(safe_next(guest, request.POST.get("next", "") or address(guest, "basket")))


@only_posted
@kiosk_page
def renew(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Keep the basket for the whole time anew."""
    key = asking.form_key(request.POST, guest.visit, "renew")
    if guest.visit.basket is not None:
        change = ChangeBasket(key, guest.visit.basket, renew=True)
        tell(guest, asking.change_basket(guest.kiosk, change), done="renewed")
    return redirect(address(guest, "basket"))


@only_posted
@kiosk_page
def card(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Show a loyalty card, or put it away."""
    key = asking.form_key(request.POST, guest.visit, "card")
    number = text_of(request.POST, "card", longest=CODE_LENGTH)
    if number and not customers_by_loyalty_number([number]):
        guest.keep(said="card_unknown")
    elif guest.visit.basket is not None:
        change = ChangeBasket(key, guest.visit.basket, loyalty_number=number)
        tell(guest, asking.change_basket(guest.kiosk, change), done="card_shown" if number else "card_gone")
    return redirect(address(guest, "basket"))


@only_posted
@kiosk_page
def take_home(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Show the code that takes the basket along: on the answer itself, so that no address keeps it."""
    asking.form_key(request.POST, guest.visit, "pass")
    found = guest.basket
    shown = _pass_for(guest, found.id) if found is not None and not found.is_empty else None
    if shown is None:
        guest.keep(said="basket_empty")
        return redirect(address(guest, "basket"))
    link = f"{our_address(request)}{reverse('shop:take', args=[shown.secret])}"
    context = {
        "page": "phone",
        "qr": qr_code(link),
        "link": link,
        "until": shown.expires_at,
        "basket": found,
    }
    return show(request, guest, "phone", context)


@require_safe
@kiosk_page
def phone_state(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Say whether the basket has gone: 204 while it is here, and the way on once it was taken along."""
    del request
    guest.silent = True
    waiting = guest.visit.basket
    if waiting is None or not was_taken(waiting):
        return HttpResponse(status=204)
    return HttpResponse("taken", content_type="text/plain")


@require_safe
@kiosk_page
def gone(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Tell that the basket is on the phone now; the kiosk has forgotten it."""
    taken = guest.visit.basket is not None and was_taken(guest.visit.basket)
    if not taken:
        return redirect(address(guest, "basket"))
    guest.keep(basket=None, baskets=guest.visit.baskets + 1, compared=())
    guest.forget_basket()
    return show(request, guest, "gone", {"page": "phone"})


def _pass_for(guest: Guest, basket_id: UUID) -> PassShown | None:
    return run(lambda: show_pass(guest.kiosk.source_id, basket_id))
