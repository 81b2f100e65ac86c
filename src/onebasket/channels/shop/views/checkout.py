"""From a basket to an order: when to collect it, whom to reach, how to pay, and what was seen."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.base.gate import GATE
from onebasket.channels.shop import asking
from onebasket.channels.shop.addresses import offer_address
from onebasket.channels.shop.balances import plan_spending
from onebasket.channels.shop.forms import CheckoutForm, methods_for, read_checkout
from onebasket.channels.shop.frame import only_posted, shop_page, show
from onebasket.channels.shop.guesses import address_of
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.own import shop_source
from onebasket.channels.shop.reading import number_of, text_of
from onebasket.channels.shop.views.orders import order_address
from onebasket.commerce.orders.actions import CheckoutCall
from onebasket.commerce.orders.actions.requoting import requote
from onebasket.commerce.orders.rules.baskets import BasketRefused, BasketStands, ChangeBasket, CheckoutRefused
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.payments.queries import find_balance
from onebasket.front.baskets import BasketView, view_basket
from onebasket.front.countries import countries
from onebasket.front.slots import Day, days_of


@require_safe
@shop_page
def slot(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Show when the order can be collected: a day's slots."""
    found, store = guest.basket, guest.store
    if found is None or not found.lines or store is None:
        guest.keep(said="basket_empty")
        return redirect("shop:basket")
    days = days_of(store, now=guest.now)
    context = {"days": days, "day": _chosen_day(request, days, found.slot), "taken": found.slot, "page": "checkout"}
    return show(request, guest, "slot", context)


@only_posted
@shop_page
def take_slot(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Keep a slot for the basket."""
    key = asking.form_key(request.POST, guest.visit, "slot")
    chosen = number_of(request.POST, "slot")
    if guest.visit.basket is None:
        guest.keep(said="basket_empty")
        return redirect("shop:basket")
    outcome = asking.change_basket(ChangeBasket(f"{key}-{chosen}", guest.visit.basket, slot=chosen))
    if isinstance(outcome, BasketRefused):
        guest.keep(said=outcome.code)
        return redirect("shop:slot")
    return redirect("shop:checkout")


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def checkout(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Ask whom to reach and how it is paid, show what it comes to, and place it as it was seen."""
    if request.method == "POST":
        return _sent(request, guest)
    found = ask_partners(guest)
    if found is None or found.is_empty:
        guest.keep(said="basket_empty")
        return redirect("shop:basket")
    view = view_basket(found, guest.stores, now=guest.now, offer_page=offer_address, to_pay=True)
    if not view.can_be_placed:
        return _look_again(guest, view)
    if view.lines and view.slot is None and guest.store is not None and days_of(guest.store, now=guest.now):
        return redirect("shop:slot")
    member = guest.member
    known = {"name": member.name, "email": member.email, "phone": member.phone, **member.home} if member else {}
    return _review(request, guest, view, CheckoutForm(known))


def ask_partners(guest: Guest) -> BasketStands | None:
    """Return the basket once partners were asked, within seconds, for what is too old of their offers to be paid."""
    found, now = guest.basket, guest.now
    if found is None or not found.offers:
        return found
    with GATE.outside():  # partners may take their time
        asked = requote(found, now=now)
    if asked:
        guest.forget_basket()
    return guest.basket


def _look_again(guest: Guest, view: BasketView) -> HttpResponseBase:
    """Go back to the basket, where what is in the way stands with what mends it."""
    if view.shipped.is_as_agreed:
        return redirect("shop:basket")
    guest.keep(said="offers_changed")
    return redirect(f"{reverse('shop:basket')}?asked")


def _review(
    request: HttpRequest, guest: Guest, view: BasketView, form: CheckoutForm, *, status: int = 200
) -> HttpResponse:
    """Show the form, with what the codes in it pay of the present total."""
    own, total = (view.priced.total if view.priced else 0), view.total or 0
    spending = plan_spending(form.codes, total, view.stands.currency, address=address_of(request))
    form = replace(form, spending=spending)
    methods = methods_for(view.stands.loyalty_number)
    ahead = {code: word for code, word in methods.items() if code != "at_collection"}
    due_here = max(0, own - (total - spending.left))  # balances are spent on what is collected first
    context = {
        "basket": view,
        "form": form,
        "methods": methods,
        "ahead_methods": ahead,
        "offers_method": form.offers_method or next(iter(ahead), ""),
        "due_here": due_here,
        "due_ahead": spending.left - due_here,
        "partners": ", ".join(part.partner for part in view.shipped.parts),
        "countries": countries() if view.shipped.count else (),
        "country": form.values.get("country") or (guest.store.address.country if guest.store else ""),
        "page": "checkout",
    }
    return show(request, guest, "checkout", context, status=status)


def _sent(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Place what was seen, or look at a code; what is in the way is said where it can be mended."""
    key = asking.form_key(request.POST, guest.visit, "order")
    form = read_checkout(request.POST, key=key, language=guest.language)
    wanted = form.request.basket
    call = CheckoutCall(shop_source(), form.request)
    found = ask_partners(guest)
    if found is not None and found.id == wanted:
        view = view_basket(found, guest.stores, now=guest.now, offer_page=offer_address, to_pay=True)
        if "look" in request.POST or "remove" in request.POST:
            return _review(request, guest, view, form.without(text_of(request.POST, "remove")))
        if form.problems:
            return _review(request, guest, view, form, status=422)
        balances = (find_balance(code) for code in form.request.balances)
        accounts = tuple(balance.id if balance else None for balance in balances)
        call = CheckoutCall(call.source_id, form.request, found.version, view.quoted, accounts)
    elif wanted not in guest.visit.orders:
        guest.keep(said="basket_gone")
        return redirect("shop:basket")
    return _placed(request, guest, form, asking.check_out(call))


def _placed(request: HttpRequest, guest: Guest, form: CheckoutForm, outcome: object) -> HttpResponseBase:
    if not isinstance(outcome, OrderPlaced):
        return _refused(request, guest, form, outcome)
    address = order_address(outcome.id)
    if outcome.id not in guest.visit.orders:
        guest.become(guest.visit.after_order(outcome.id))
    return redirect(f"{address}/pay" if outcome.status == "awaiting_payment" else f"{address}?placed")


def _refused(request: HttpRequest, guest: Guest, form: CheckoutForm, outcome: object) -> HttpResponseBase:
    guest.forget_basket()
    found = guest.basket
    code = outcome.code if isinstance(outcome, CheckoutRefused) else "basket_closed"
    if found is None or found.is_empty:
        guest.keep(said=code)
        return redirect("shop:basket")
    view = view_basket(found, guest.stores, now=guest.now, offer_page=offer_address, to_pay=True)
    if code in {"slot_not_free", "slot_needed"}:
        guest.keep(said="slot_not_free")
        return redirect("shop:slot")
    if not view.can_be_placed:
        guest.keep(said=code)
        return _look_again(guest, view)
    return _review(request, guest, view, form.refused(code), status=409)


def _chosen_day(request: HttpRequest, days: list[Day], taken: int | None) -> Day | None:
    """Return the day asked for, else that of the slot taken, else the first with room."""
    asked = next((day for day in days if day.date.isoformat() == request.GET.get("day")), None)
    kept = next((day for day in days if any(time.slot.id == taken for time in day.times)), None)
    return asked or kept or next((day for day in days if day.is_free), days[0] if days else None)
