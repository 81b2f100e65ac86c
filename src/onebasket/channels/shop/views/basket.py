"""The basket: its page, and every change of it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from onebasket.channels.shop import asking
from onebasket.channels.shop.addresses import address_of, offer_address
from onebasket.channels.shop.changing import change_line, ensure_basket
from onebasket.channels.shop.frame import only_posted, shop_page, show
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.reading import number_of, text_of
from onebasket.channels.shop.views.stores import safe_next
from onebasket.commerce.catalogue.queries.browsing import shown_by_sku
from onebasket.commerce.customers.queries import customers_by_loyalty_number
from onebasket.commerce.orders.rules.baskets import BasketOutcome, BasketRefused, BasketStands, ChangeBasket
from onebasket.commerce.orders.rules.offering import MOST_OF_ONE, OfferWanted
from onebasket.front.baskets import view_basket
from onebasket.front.goods import goods_for

CODE_LENGTH = 64


@require_safe
@shop_page
def basket(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show the basket: what it holds and until when, what it comes to and why, and what its store lacks."""
    found = guest.basket
    view = None
    if found and not found.is_empty:
        asked = "asked" in request.GET  # on the way to the checkout partners were asked for what was too old
        view = view_basket(found, guest.stores, now=guest.now, offer_page=offer_address, to_pay=asked)
    return show(request, guest, "basket", {"basket": view, "page": "basket"})


@only_posted
@shop_page
def line(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Set how much of a product is wanted: of what the shopper saw, so much more or less."""
    key = asking.form_key(request.POST, guest.visit, "line")
    sku = text_of(request.POST, "sku", longest=CODE_LENGTH)
    if guest.store is None:
        guest.keep(said="choose_store")
        return redirect("shop:stores")
    found = ensure_basket(guest)
    if isinstance(found, BasketStands):
        change = number_of(request.POST, "quantity") - number_of(request.POST, "seen")
        _tell(guest, change_line(guest, found, sku, change, key=key))
    else:
        _tell(guest, found)
    if request.htmx and request.POST.get("part") == "card":  # type: ignore[attr-defined] # django-htmx's mark
        return _card(request, guest, sku)
    return redirect(safe_next(request.POST.get("next", "")))


@only_posted
@shop_page
def offer(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Set how many of a partner's offer are wanted, at the price that it has now; none takes it out.

    `seen` is the price that the shopper saw, where the form says so: at another one nothing is put in.
    """
    key = asking.form_key(request.POST, guest.visit, "offer")
    seen = number_of(request.POST, "seen") if request.POST.get("seen") else None
    wanted = OfferWanted(number_of(request.POST, "offer"), min(MOST_OF_ONE, number_of(request.POST, "quantity")), seen)
    if guest.store is None:
        guest.keep(said="choose_store")
        return redirect("shop:stores")
    found = ensure_basket(guest)
    if isinstance(found, BasketStands):
        found = asking.change_basket(ChangeBasket(key, found.id, offers=(wanted,)))
    _tell(guest, found, done="" if request.POST.get("quiet") else "offer_out" if not wanted.quantity else "offer_in")
    return redirect(safe_next(request.POST.get("next", "") or reverse("shop:basket")))


@only_posted
@shop_page
def renew(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Keep the basket for the whole time anew."""
    return _changed(request, guest, "renew", done="renewed", renew=True)


@only_posted
@shop_page
def empty(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Give everything back; the next product begins a new basket."""
    response = _changed(request, guest, "empty", done="emptied", drop=True)
    if guest.visit.said == "emptied":
        guest.keep(basket=None, baskets=guest.visit.baskets + 1)
    return response


@only_posted
@shop_page
def coupons(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Present a coupon, or take it away."""
    if away := text_of(request.POST, "remove", longest=CODE_LENGTH):
        return _changed(request, guest, "coupon", done="coupon_gone", remove=(away,))
    code = text_of(request.POST, "code", longest=CODE_LENGTH)
    if not code:
        return redirect("shop:basket")
    return _changed(request, guest, "coupon", done="coupon_added", add=(code,))


@only_posted
@shop_page
def card(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Show a loyalty card, or put it away; without a basket it is kept for the next one."""
    number = text_of(request.POST, "card", longest=CODE_LENGTH)
    if number and not customers_by_loyalty_number([number]):
        guest.keep(said="card_unknown")
        return redirect(safe_next(request.POST.get("next", "")))
    guest.keep(card=number)
    return _changed(request, guest, "card", done="card_shown" if number else "card_gone", loyalty_number=number)


def _changed(request: HttpRequest, guest: Guest, what: str, *, done: str, **change: object) -> HttpResponseBase:
    """Change the basket and go back to where the form stood."""
    key = asking.form_key(request.POST, guest.visit, what)
    if guest.visit.basket is None:
        guest.keep(said=done)
    else:
        _tell(guest, _ask(guest.visit.basket, key, change), done=done)
    return redirect(safe_next(request.POST.get("next", "") or reverse("shop:basket")))


def _ask(identity: UUID, key: str, change: dict[str, object]) -> BasketOutcome:
    return asking.change_basket(ChangeBasket(key, identity, **change))  # type: ignore[arg-type] # fields by name


def _tell(guest: Guest, outcome: BasketOutcome, *, done: str = "") -> None:
    """Keep what is to be told of an outcome, and look at the basket anew."""
    if isinstance(outcome, BasketRefused):
        done = f"offer_{outcome.offers[0].why}" if outcome.offers else outcome.code
    elif isinstance(outcome, BasketStands) and outcome.renewed:
        done = "held_anew"
    elif not isinstance(outcome, BasketStands) and not asking.is_done_before(outcome):
        done = "basket_gone"
    if done:
        guest.keep(said=done)
    guest.forget_basket()


def _card(request: HttpRequest, guest: Guest, sku: str) -> HttpResponse:
    """Answer htmx with the controls of one card, and with the basket's figure at the top of the page."""
    products = shown_by_sku([sku])
    goods = goods_for(
        list(products.values()), guest.stores, guest.wanted, address=address_of, card=guest.card, now=guest.now
    )
    context = {"good": goods[0] if goods else None, "next": safe_next(request.POST.get("next", ""))}
    return show(request, guest, "_card", context)
