"""From a basket to an order: when to collect it, whom to reach, how to pay, and what was seen."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onebasket.channels.shop import asking
from onebasket.channels.shop.baskets import BasketView, view_basket
from onebasket.channels.shop.forms import CheckoutForm, read_checkout
from onebasket.channels.shop.frame import shop_page, show
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.mail import send_order_mail
from onebasket.channels.shop.own import shop_source
from onebasket.channels.shop.reading import number_of
from onebasket.channels.shop.slots import Day, days_of
from onebasket.channels.shop.views.orders import order_address
from onebasket.commerce.orders.actions import CheckoutCall
from onebasket.commerce.orders.rules.baskets import BasketRefused, BasketStands, ChangeBasket, CheckoutRefused
from onebasket.commerce.orders.rules.messages import OrderPlaced


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


@require_POST
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
        return _place(request, guest)
    found = guest.basket
    if found is None or not found.lines:
        guest.keep(said="basket_empty")
        return redirect("shop:basket")
    view = view_basket(found, guest.stores, now=guest.now)
    if not view.can_be_placed:
        return redirect("shop:basket")
    if view.slot is None and guest.store is not None and days_of(guest.store, now=guest.now):
        return redirect("shop:slot")
    return _review(request, guest, view, CheckoutForm())


def _review(
    request: HttpRequest, guest: Guest, view: BasketView, form: CheckoutForm, *, status: int = 200
) -> HttpResponse:
    return show(request, guest, "checkout", {"basket": view, "form": form, "page": "checkout"}, status=status)


def _place(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Place what was seen; what stands in the way is said where it can be mended, and nothing typed is lost."""
    key = asking.form_key(request.POST, guest.visit, "order")
    form = read_checkout(request.POST, key=key, language=guest.language)
    call = CheckoutCall(shop_source(), form.request)
    if guest.basket is not None and guest.basket.id == form.request.basket:
        view = view_basket(guest.basket, guest.stores, now=guest.now)
        if form.problems:
            return _review(request, guest, view, form, status=422)
        call = CheckoutCall(call.source_id, form.request, guest.basket.version, view.quoted)
    elif form.request.basket not in guest.visit.orders:
        guest.keep(said="basket_gone")
        return redirect("shop:basket")
    outcome = asking.check_out(call)
    if isinstance(outcome, OrderPlaced):
        if outcome.id not in guest.visit.orders:
            guest.become(guest.visit.after_order(outcome.id))
            send_order_mail(outcome.id, request.build_absolute_uri, language=guest.language)
        return redirect(f"{order_address(outcome.id)}?placed")
    return _refused(request, guest, form, outcome)


def _refused(request: HttpRequest, guest: Guest, form: CheckoutForm, outcome: object) -> HttpResponseBase:
    guest.forget_basket()
    found: BasketStands | None = guest.basket
    code = outcome.code if isinstance(outcome, CheckoutRefused) else "basket_closed"
    if found is None or not found.lines:
        guest.keep(said=code)
        return redirect("shop:basket")
    view = view_basket(found, guest.stores, now=guest.now)
    if code in {"slot_not_free", "slot_needed"}:
        guest.keep(said="slot_not_free")
        return redirect("shop:slot")
    if not view.can_be_placed:
        guest.keep(said=code)
        return redirect("shop:basket")
    return _review(request, guest, view, form.refused(code), status=409)


def _chosen_day(request: HttpRequest, days: list[Day], taken: int | None) -> Day | None:
    """Return the day asked for, else that of the slot taken, else the first with room."""
    asked = next((day for day in days if day.date.isoformat() == request.GET.get("day")), None)
    kept = next((day for day in days if any(time.slot.id == taken for time in day.times)), None)
    return asked or kept or next((day for day in days if day.is_free), days[0] if days else None)
